/**
 * Select jobs and a store that must not be called, does not answer, breaks off, refuses, or comes
 * back. The server stays up, other jobs go on, and nobody is told a secret.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Admin } from '../support/admin.ts';
import { Client, type JsonObject } from '../support/client.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { Gate } from './support/gate.ts';
import {
  type Asking,
  BUCKET,
  completed,
  failureOf,
  SECRET,
  type SelectServerOptions,
  selectJob,
  startSelect,
  startSelectServer,
} from './support/select-jobs.ts';

const SQL = 'SELECT * FROM archive';
const CSV = 'a,b\n1,2\n';
/** Far more than a job may need at once. */
const MANY = 9;

interface Started extends Asking {
  readonly server: RunningServer;
  readonly archiveId: string;
  readonly admin: Admin;
}

async function start(options: SelectServerOptions): Promise<Started> {
  const server = await startSelectServer(options);
  onTestFinished(() => server.close());
  const client = new Client(server);
  const vault = await client.freshVault();
  const archiveId = await client.uploadArchive(vault, CSV);
  return { server, client, vault, archiveId, admin: new Admin(client) };
}

async function openGate(): Promise<Gate> {
  const gate = new Gate();
  await gate.listen();
  onTestFinished(() => gate.close());
  return gate;
}

/** What waits on the test clock is woken by every change of it: pauses end at once. */
async function completedWithoutPauses(started: Started, jobId: string): Promise<JsonObject> {
  for (;;) {
    await started.admin.freezeClock();
    await started.admin.runClock();
    const job = await started.client.describeJob(started.vault, jobId);
    if (job.Completed === true) return job;
  }
}

const FAILED = { Completed: true, StatusCode: 'Failed', StatusMessage: 'Failed' };

/** Neither the log nor any file of the store holds the secret. */
function expectNoSecret({ server }: Started): void {
  expect(JSON.stringify(server.logLines)).not.toContain(SECRET);
  const entries = readdirSync(server.dataDirectory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(0);
  const holding = files.filter((file) =>
    readFileSync(join(file.parentPath, file.name)).includes(SECRET),
  );
  expect(holding).toEqual([]);
}

describe('a store that must not be called', () => {
  it.each([
    ['127.0.0.1', []],
    ['localhost', []],
    ['2130706433', []],
    ['127.0.0.1', ['10.0.0.0/8', '::1/128']],
  ])('%s, when only %j is allowed, is never connected to', async (host, allow) => {
    const gate = await openGate();
    const endpoint = new URL(`http://${host}:${gate.endpoint.port}`);
    const started = await start({ endpoint, allow });
    const { jobId } = await startSelect(started, selectJob(started.archiveId, SQL));
    expect(await completed(started, jobId)).toMatchObject(FAILED);
    expect(await failureOf(started.client, jobId)).toMatch(
      /leads to (127\.0\.0\.1|::1), which is not public and not on the allow list$/,
    );
    expect(gate.connections).toBe(0);
  });

  it('is the one that hands out the machine’s own credentials, whatever is allowed', async () => {
    const endpoint = new URL('http://169.254.169.254');
    const started = await start({ endpoint, allow: ['169.254.0.0/16'] });
    const { jobId } = await startSelect(started, selectJob(started.archiveId, SQL));
    expect(await completed(started, jobId)).toMatchObject(FAILED);
    expect(await failureOf(started.client, jobId)).toMatch(/169\.254\.169\.254, which is not/);
  });
});

describe('a store that is down', () => {
  it('is tried again, and then the job has failed', async () => {
    const gate = await openGate();
    gate.let([], 'broken');
    const started = await start({ endpoint: gate.endpoint, arguments: ['--test-clock'] });
    const { jobId } = await startSelect(started, selectJob(started.archiveId, SQL));
    expect(await completedWithoutPauses(started, jobId)).toMatchObject(FAILED);
    expect(gate.connections).toBeGreaterThanOrEqual(6);
    expect(await failureOf(started.client, jobId)).toMatch(/socket hang up|ECONNRESET/);
    expectNoSecret(started);
    // The next job is no worse off, and neither is the server.
    const retrieval = await started.client.retrievedArchive(started.vault, started.archiveId);
    expect((await started.client.getJobOutput(started.vault, retrieval)).text).toBe(CSV);
  });

  it.each(['silent', 'broken'] as const)(
    'and %s does not hold up jobs of other kinds',
    async (passage) => {
      const gate = await openGate();
      gate.let([], passage);
      const started = await start({ endpoint: gate.endpoint });
      const { client, vault, archiveId } = started;
      const job = selectJob(archiveId, SQL);
      const waiting = await Promise.all(
        Array.from({ length: MANY }, () => startSelect(started, job)),
      );
      await gate.waitFor(1);
      const retrieval = await client.retrievedArchive(vault, archiveId);
      expect((await client.getJobOutput(vault, retrieval)).text).toBe(CSV);
      expect((await client.inventory(vault)).ArchiveList).toHaveLength(1);
      for (const { jobId } of waiting) {
        expect((await client.describeJob(vault, jobId)).StatusCode).not.toBe('Succeeded');
      }
    },
  );

  it('does not keep the server from stopping', async () => {
    const gate = await openGate();
    gate.let([], 'silent');
    const started = await start({ endpoint: gate.endpoint });
    await startSelect(started, selectJob(started.archiveId, SQL));
    await gate.waitFor(1);
    expect(await started.server.stop()).toBe(0);
    expectNoSecret(started);
  });
});

describe('a job that outlives its settings', () => {
  /** A server that was stopped with a job in progress. */
  async function stopped(): Promise<Started & { readonly jobId: string }> {
    const gate = await openGate();
    gate.let([], 'silent');
    const started = await start({ endpoint: gate.endpoint });
    const { jobId } = await startSelect(started, selectJob(started.archiveId, SQL));
    await started.server.stop();
    return { ...started, jobId };
  }

  /** Why it failed after a start with other settings, of which there may be none. */
  async function failureAfter(options?: Partial<SelectServerOptions>): Promise<unknown> {
    const { server: before, vault, jobId } = await stopped();
    const gate = await openGate();
    const { dataDirectory } = before;
    const server = options
      ? await startSelectServer({ endpoint: gate.endpoint, ...options, dataDirectory })
      : await startServer({ dataDirectory });
    onTestFinished(() => server.close());
    const client = new Client(server);
    expect(await completed({ client, vault }, jobId)).toMatchObject(FAILED);
    expect(gate.connections).toBe(0);
    return failureOf(client, jobId);
  }

  it('fails when there is another bucket, and writes nothing to it', async () => {
    expect(await failureAfter({ bucket: 'another' })).toBe(
      `The bucket ${BUCKET} was asked for, and the server writes to another now`,
    );
  });

  it('fails when there is no bucket any more', async () => {
    expect(await failureAfter()).toBe('The server has no bucket for results any more');
  });
});
