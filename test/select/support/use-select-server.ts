/** A server, a store for its results, and a gate between them, for all tests of a block. */
import { afterAll, beforeAll } from 'vitest';
import { type Ceph, startCeph } from '../../support/ceph.ts';
import { Client } from '../../support/client.ts';
import type { RunningServer } from '../../support/server.ts';
import { Gate } from './gate.ts';
import {
  completed,
  ResultBucket,
  type SelectJobChanges,
  selectJob,
  startSelect,
  startSelectServer,
} from './select-jobs.ts';

const START_TIMEOUT_MS = 120_000;

export interface SelectServerUse {
  /** Further flags, known when the tests begin. */
  readonly flags?: () => Promise<readonly string[]> | readonly string[];
}

/** What the tests of a block share. */
export class SelectServer {
  readonly gate: Gate;
  readonly bucket: ResultBucket;
  readonly server: RunningServer;
  readonly client: Client;
  readonly vault: string;
  readonly #ceph: Ceph;

  private constructor(ceph: Ceph, gate: Gate, server: RunningServer, vault: string) {
    this.#ceph = ceph;
    this.gate = gate;
    this.bucket = new ResultBucket(ceph);
    this.server = server;
    this.client = new Client(server);
    this.vault = vault;
  }

  static async start({ flags = () => [] }: SelectServerUse): Promise<SelectServer> {
    const ceph = await startCeph();
    const gate = new Gate(ceph.endpoint);
    try {
      await gate.listen();
      const server = await startSelectServer({ endpoint: gate.endpoint, arguments: await flags() });
      const used = new SelectServer(ceph, gate, server, await new Client(server).freshVault());
      await used.bucket.create();
      return used;
    } catch (error) {
      await ceph.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.gate.close();
    this.bucket.close();
    await this.#ceph.stop();
  }

  /** A job that has ended. */
  async select(archiveId: string, expression: string, more: SelectJobChanges = {}) {
    const { jobId, path } = await startSelect(this, selectJob(archiveId, expression, more));
    return { jobId, path, job: await completed(this, jobId) };
  }

  /** What a job finds, which must succeed. */
  async found(archiveId: string, expression: string, more: SelectJobChanges = {}): Promise<string> {
    const { job, path } = await this.select(archiveId, expression, more);
    if (job.StatusCode !== 'Succeeded') throw new Error(`the job has ${String(job.StatusCode)}`);
    return (await this.bucket.results(path)).toString('utf8');
  }
}

/** @returns what is there inside of tests */
export function useSelectServer(use: SelectServerUse = {}): () => SelectServer {
  let used: SelectServer | undefined;
  beforeAll(async () => {
    used = await SelectServer.start(use);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await used?.close();
  }, START_TIMEOUT_MS);
  return () => {
    if (used === undefined) throw new Error('the server runs only inside tests');
    return used;
  };
}
