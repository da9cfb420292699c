/**
 * Select jobs in the profile `aws`: they wait as long as their tier, live as long as other jobs, and
 * take their part of the provisioned capacity. A frozen test clock makes every time exact.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Admin } from '../support/admin.ts';
import { cephRefusal } from '../support/ceph.ts';
import { checkEmpty, checkError } from '../support/check.ts';
import type { Client } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { selectJob, startSelect } from './support/select-jobs.ts';
import { useSelectServer } from './support/use-select-server.ts';

if (cephRefusal) console.log(`test/select/waiting.test.ts is skipped: ${cephRefusal}.`);

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;
const SQL = 'SELECT _1 FROM archive';

describe.skipIf(cephRefusal)('a select job in the profile aws', { timeout: 120_000 }, () => {
  const used = useSelectServer({
    flags: () => ['--test-clock', '--profile', 'aws', '--removal-grace-seconds', '0'],
  });
  let admin: Admin;
  let client: Client;
  let startedAt = 0;
  beforeEach(async () => {
    client = used().client;
    admin = new Admin(client);
    startedAt = Date.parse((await admin.freezeClock()).time);
  });

  const later = (seconds: number) => new Date(startedAt + seconds * 1000).toISOString();

  async function freshArchive() {
    const vault = await client.freshVault();
    return { client, vault, archiveId: await client.uploadArchive(vault, 'a,b\n1,2\n') };
  }

  it.each([
    ['Expedited', 180],
    ['Standard', 14_400],
    ['Bulk', 28_800],
    [undefined, 14_400],
  ])('of the tier %s waits %d s and writes nothing before', async (Tier, seconds) => {
    if (Tier === 'Expedited') await client.expect(201, 'POST', '/-/provisioned-capacity');
    const asking = await freshArchive();
    const job = selectJob(asking.archiveId, SQL, { Tier });
    const { jobId, path } = await startSelect(asking, job);
    await admin.advanceClock(seconds - 1);
    expect(await client.describeJob(asking.vault, jobId)).toMatchObject({
      Completed: false,
      CompletionDate: null,
      CreationDate: later(0),
      JobOutputPath: path,
      StatusCode: 'InProgress',
      StatusMessage: null,
      Tier: Tier ?? 'Standard',
    });
    expect(await used().bucket.names(path)).toEqual([]);
    await admin.advanceClock(1);
    expect(await client.describeJob(asking.vault, jobId)).toMatchObject({
      Completed: true,
      CompletionDate: later(seconds),
      StatusCode: 'Succeeded',
    });
    expect((await used().bucket.results(path)).toString()).toBe('a\n1\n');
  });

  it('reads an archive that was deleted while it waited', async () => {
    const asking = await freshArchive();
    const { jobId, path } = await startSelect(asking, selectJob(asking.archiveId, SQL));
    await client.deleteArchive(asking.vault, asking.archiveId);
    await admin.advanceClock(14_400);
    expect((await client.describeJob(asking.vault, jobId)).StatusCode).toBe('Succeeded');
    expect((await used().bucket.results(path)).toString()).toBe('a\n1\n');
  });

  it('is gone after its 24 hours, and its results stay', async () => {
    const asking = await freshArchive();
    const { jobId, path } = await startSelect(asking, selectJob(asking.archiveId, SQL));
    await admin.advanceClock(14_400);
    await admin.advanceClock(DAY - 1);
    expect((await client.describeJob(asking.vault, jobId)).StatusCode).toBe('Succeeded');
    await admin.advanceClock(1);
    const target = `/-/vaults/${asking.vault}/jobs/${jobId}`;
    const message = `The job ID was not found: ${jobId}`;
    checkError(await client.request('GET', target), 'ResourceNotFoundException', message);
    checkError(
      await client.request('GET', `${target}/output`),
      'ResourceNotFoundException',
      message,
    );
    expect((await used().bucket.results(path)).toString()).toBe('a\n1\n');
  });

  it('fails on order, and writes nothing then', async () => {
    const asking = await freshArchive();
    await admin.addFault({
      vaultName: asking.vault,
      fault: { kind: 'fail-job', reason: 'as ordered' },
    });
    const { jobId, path } = await startSelect(asking, selectJob(asking.archiveId, SQL));
    await admin.advanceClock(14_400);
    expect((await client.describeJob(asking.vault, jobId)).StatusCode).toBe('Failed');
    expect(await used().bucket.names(path)).toEqual([]);
  });

  describe('of the tier Expedited', () => {
    function checkNoCapacity(reply: Reply): void {
      expect(reply.status).toBe(503);
      const { message } = reply.json() as { message: string };
      const code = 'InsufficientCapacityException';
      expect(reply.text).toBe(JSON.stringify({ code, message, type: 'Server' }));
      expect(reply.header('x-amz-job-output-path')).toBeUndefined();
    }

    it('needs capacity, which it shares with retrievals', async () => {
      const own = await admin.freshAccount();
      const vault = await own.freshVault();
      const ArchiveId = await own.uploadArchive(vault, 'a,b\n');
      const Tier = 'Expedited';
      const select = () => own.postJob(vault, selectJob(ArchiveId, SQL, { Tier }));
      const retrieve = () => own.postJob(vault, { Type: 'archive-retrieval', ArchiveId, Tier });
      checkNoCapacity(await select());
      await own.expect(201, 'POST', '/-/provisioned-capacity');
      checkEmpty(await select(), 202);
      checkEmpty(await retrieve(), 202);
      checkEmpty(await select(), 202);
      checkNoCapacity(await select());
      checkNoCapacity(await retrieve());
      await admin.advanceClock(5 * MINUTE + 1);
      checkEmpty(await select(), 202);
      for (const other of ['Standard', 'Bulk']) {
        checkEmpty(await own.postJob(vault, selectJob(ArchiveId, SQL, { Tier: other })), 202);
      }
    });

    it('says first what is wrong with the request itself', async () => {
      const own = await admin.freshAccount();
      const vault = await own.freshVault();
      const Tier = 'Expedited';
      const unknown = await own.postJob(vault, selectJob('A'.repeat(138), SQL, { Tier }));
      checkError(unknown, 'ResourceNotFoundException');
      const wrong = selectJob('A'.repeat(138), SQL, { Tier, s3: { BucketName: 'elsewhere' } });
      checkError(await own.postJob(vault, wrong), 'InvalidParameterValueException');
    });
  });
});
