/**
 * Select jobs and a store that refuses, breaks off and comes back, and a server that is killed while
 * it writes: what is in the bucket at the end is what would have been without it.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { cephRefusal } from '../support/ceph.ts';
import { Client } from '../support/client.ts';
import {
  BUCKET,
  completed,
  failureOf,
  type SelectServerOptions,
  selectJob,
  startSelect,
  startSelectServer,
} from './support/select-jobs.ts';
import { useSelectServer } from './support/use-select-server.ts';

if (cephRefusal) console.log(`test/select/store-returns.test.ts is skipped: ${cephRefusal}.`);

const SQL = "SELECT _2 FROM archive WHERE _1 <> 'a'";
const NAMES = ['job.txt', 'result_manifest.txt', 'results/part-00000'];

describe.skipIf(cephRefusal)('a store', { timeout: 120_000 }, () => {
  const used = useSelectServer();
  let archiveId: string;
  beforeAll(async () => {
    archiveId = await used().client.uploadArchive(used().vault, 'a,b\n1,2\n3,4\n');
  });
  beforeEach(() => used().gate.let([], 'open'));

  /** The job has ended well, and all that it should have written is there. */
  async function expectWritten({ jobId, path }: { jobId: string; path: string }): Promise<void> {
    expect(await completed(used(), jobId)).toMatchObject({ StatusCode: 'Succeeded' });
    expect(await used().bucket.names(path)).toEqual(NAMES);
    expect((await used().bucket.results(path)).toString()).toBe('2\n4\n');
  }

  it.each([
    ['the first object', 0],
    ['the results', 1],
    ['the manifest', 2],
  ])('that breaks off at %s for a while gets everything in the end', async (_what, passed) => {
    const { gate } = used();
    // The client of the store tries an object three times, then the job begins anew.
    gate.let([...Array(passed).fill('open'), ...Array(3).fill('broken')], 'open');
    const first = gate.requestLines.length;
    const started = await startSelect(used(), selectJob(archiveId, SQL));
    await expectWritten(started);
    expect(gate.requestLines).toHaveLength(first + passed + 3);
  });

  it('that is closed and opened again gets everything', async () => {
    const { gate } = used();
    await gate.close();
    const started = await startSelect(used(), selectJob(archiveId, SQL));
    expect(await used().client.describeJob(used().vault, started.jobId)).toMatchObject({
      StatusCode: 'InProgress',
    });
    await gate.listen();
    await expectWritten(started);
  });

  it.each([
    ['the first object', 0],
    ['the results', 1],
    ['the manifest', 2],
  ])('gets everything from a server that was killed at %s', async (_what, passed) => {
    const { gate, server, bucket, client, vault } = used();
    gate.let(Array(passed).fill('open'), 'silent');
    const first = gate.connections;
    const started = await startSelect(used(), selectJob(archiveId, SQL));
    await gate.waitFor(first + passed + 1);
    const before = await client.describeJob(vault, started.jobId);
    expect(before).toMatchObject({ StatusCode: 'InProgress', JobOutputPath: started.path });
    await server.kill();
    expect(await bucket.names(started.path)).not.toContain('result_manifest.txt');
    rmSync(join(server.dataDirectory, 'view.sqlite'));
    gate.let([], 'open');
    await server.restart();
    await expectWritten(started);
    expect(await client.describeJob(vault, started.jobId)).toEqual({
      ...before,
      Completed: true,
      CompletionDate: expect.any(String),
      StatusCode: 'Succeeded',
      StatusMessage: 'Succeeded',
    });
    expect(await bucket.json(`${started.path}job.txt`)).toEqual(before);
  });

  describe('that refuses', () => {
    it.each<[what: string, options: Partial<SelectServerOptions>, reason: RegExp]>([
      ['the signature', { secretAccessKey: 'a-wrong-secret' }, /^SignatureDoesNotMatch: /],
      ['the key', { accessKeyId: 'nobody' }, /^InvalidAccessKeyId: /],
      ['the bucket, which is not there', { bucket: 'nowhere' }, /^NoSuchBucket: /],
    ])('%s is not tried again, and no secret is told', async (_what, options, reason) => {
      const { gate } = used();
      const server = await startSelectServer({ endpoint: gate.endpoint, ...options });
      onTestFinished(() => server.close());
      const client = new Client(server);
      const vault = await client.freshVault();
      const ArchiveId = await client.uploadArchive(vault, 'a\n');
      const s3 = { BucketName: options.bucket ?? BUCKET };
      const first = gate.connections;
      const { jobId } = await startSelect({ client, vault }, selectJob(ArchiveId, SQL, { s3 }));
      const job = await completed({ client, vault }, jobId);
      expect(job).toMatchObject({ StatusCode: 'Failed', StatusMessage: 'Failed' });
      expect(await failureOf(client, jobId)).toMatch(reason);
      expect(gate.connections).toBe(first + 1);
      const { secretAccessKey = 'testsecret' } = options;
      expect(JSON.stringify(server.logLines)).not.toContain(secretAccessKey);
    });

    it('what the objects are to carry makes that job fail, and no other', async () => {
      const s3 = { CannedACL: 'aws-exec-read' };
      const { job, jobId } = await used().select(archiveId, SQL, { s3 });
      expect(job.StatusCode).toBe('Failed');
      expect(await failureOf(used().client, jobId)).toMatch(/^\w+: /);
      await expectWritten(await startSelect(used(), selectJob(archiveId, SQL)));
    });
  });
});
