/**
 * The server is ended hard, again and again, while clients do everything at once; each time all that
 * was acknowledged must be there, bit for bit, and nothing else half (reliability page, P1, P2, P5).
 *
 * FIRN_CRASH_ROUNDS says how often; FIRN_CRASH_SEED repeats a run as far as its own draws go.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { content } from '../support/content.ts';
import { treeHash } from '../support/tree-hash.ts';
import { Ledger } from './support/ledger.ts';
import { bulkMs, Writer } from './support/load.ts';
import { Random, seedOfRun } from './support/random.ts';
import { type OwnStore, openStore, startAndKill, temporaryFiles } from './support/store.ts';
import { expectReady, Verifier } from './support/verify.ts';

const rounds = Number(process.env.FIRN_CRASH_ROUNDS ?? 8);
const writerCount = 6;
/** Shorter than a Bulk job takes. */
const longestLoadMs = 600;
const longestStartMs = 10_000;
const vaults = ['north', 'south'];
/** Bulk jobs are in progress at every end; released bytes go at once, so that a wrong one is missed. */
const flags = ['--retrieval-seconds', `bulk=${bulkMs / 1000}`, '--removal-grace-seconds', '0'];

/** A store with writers at work on it, and what they were told. */
class Trial {
  readonly ledger = new Ledger();
  readonly store: OwnStore;
  readonly #random: Random;
  readonly #writers: readonly Writer[];
  readonly #verifier: Verifier;
  readonly #open = { unanswered: 0, inProgress: 0 };
  #running: Promise<unknown> = Promise.resolve();

  constructor(store: OwnStore, random: Random) {
    const { client } = store;
    const { ledger } = this;
    this.store = store;
    this.#random = random;
    this.#writers = Array.from(
      { length: writerCount },
      (_, index) => new Writer({ client, vaults, ledger }, `w${index}`, random.fork()),
    );
    this.#verifier = new Verifier({ client, vaults, ledger, random: random.fork() });
  }

  async prepare(): Promise<void> {
    for (const vault of vaults) await this.store.client.createVault(vault);
    // Each vault has had an upload, so that it has an inventory.
    for (const writer of this.#writers) await writer.uploadSmall();
    while (vaults.some((vault) => !this.#hasArchive(vault))) await this.#writers[0]?.uploadSmall();
  }

  #hasArchive(vault: string): boolean {
    return this.ledger.archives.some((one) => one.vault === vault && one.fate === 'stored');
  }

  /** Lets the writers work for a while; they go on. */
  async work(): Promise<void> {
    this.ledger.isEnding = false;
    // Jobs that cannot be ready before the end.
    await Promise.all(this.#writers.map((writer) => writer.startArchiveJob('Bulk')));
    this.#running = Promise.all(this.#writers.map((writer) => writer.run()));
    await delay(this.#random.whole(0, longestLoadMs));
    this.ledger.isEnding = true;
    const { unanswered, inProgress } = this.ledger.open();
    this.#open.unanswered += unanswered;
    this.#open.inProgress += inProgress;
  }

  /** Starts the server again and compares everything. */
  async recover(isFinal: boolean): Promise<void> {
    await this.#running;
    const { server, client } = this.store;
    const begunAt = performance.now();
    await server.restart();
    await expectReady(client);
    const startMs = performance.now() - begunAt;
    const left = temporaryFiles(this.store);
    await this.#verifier.verify(isFinal);
    expect(this.ledger.faults).toEqual([]);
    expect(this.#verifier.problems).toEqual([]);
    expect(left).toEqual([]);
    expect(startMs).toBeLessThan(longestStartMs);
  }

  /** How much there was to lose: a test of nothing is none. */
  counts(): Record<string, number> {
    const { archives, uploads, jobs } = this.ledger;
    return {
      stored: archives.filter((archive) => archive.storedAt !== undefined).length,
      deleted: archives.filter((archive) => archive.fate === 'deleted').length,
      uploads: uploads.length,
      jobs: jobs.length,
      ...this.#open,
    };
  }
}

describe('a server that is killed under load', () => {
  const seed = seedOfRun('killed under load');
  const random = new Random(seed);
  let trial: Trial;
  beforeAll(async () => {
    trial = new Trial(await openStore(flags), random);
    await trial.prepare();
  });
  afterAll(() => trial?.store.close());

  for (let round = 1; round <= rounds; round++) {
    it(`loses nothing, round ${round} of ${rounds} (seed ${seed})`, {
      timeout: 120_000,
    }, async () => {
      await trial.work();
      await trial.store.server.kill();
      // Recovery itself may be cut short, at any point and more than once.
      const cuts = random.chance(0.4) ? random.whole(1, 2) : 0;
      for (let cut = 0; cut < cuts; cut++) await startAndKill(trial.store, random.whole(50, 600));
      await trial.recover(round === rounds);
    });
  }

  it('had something to lose', () => {
    const { stored = 0, uploads = 0, inProgress = 0, unanswered = 0 } = trial.counts();
    process.stderr.write(`killed ${rounds} times: ${JSON.stringify(trial.counts())}\n`);
    expect(stored).toBeGreaterThan(writerCount);
    expect(uploads).toBeGreaterThan(0);
    expect(inProgress).toBeGreaterThan(0);
    expect(unanswered).toBeGreaterThan(0);
  });
});

describe('a server that is asked to stop under load', () => {
  const seed = seedOfRun('stopped under load');
  const random = new Random(seed);
  let trial: Trial;
  beforeAll(async () => {
    trial = new Trial(await openStore(flags), random);
    await trial.prepare();
  });
  afterAll(() => trial?.store.close());

  for (const turn of ['first', 'second']) {
    it(`exits with 0 and has kept all, the ${turn} time (seed ${seed})`, {
      timeout: 120_000,
    }, async () => {
      await trial.work();
      expect(await trial.store.server.stop()).toBe(0);
      expect(temporaryFiles(trial.store)).toEqual([]);
      await trial.recover(turn === 'second');
    });
  }

  it('finishes the upload that is running, and takes no new one', async () => {
    const { client, server } = trial.store;
    const bytes = content(3_000_000, 61);
    const events = new EventEmitter();
    const hasBegun = once(events, 'begun');
    const mayEnd = once(events, 'end');
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 1_000_000);
      events.emit('begun');
      await mayEnd;
      yield bytes.subarray(1_000_000);
    }
    const headers = { 'Content-Length': String(bytes.length) };
    const upload = client.postArchive('north', bytes, { body: slowly(), headers });
    await hasBegun;
    const stopped = server.stop();
    await refusedConnection(() => client.request('GET', '/readyz', { signing: 'none' }));
    events.emit('end');
    const reply = await upload;
    expect(reply.status).toBe(201);
    expect(await stopped).toBe(0);
    await server.restart();
    const { ArchiveList } = await client.inventory('north');
    expect(ArchiveList).toContainEqual(
      expect.objectContaining({
        ArchiveId: reply.header('x-amz-archive-id'),
        SHA256TreeHash: treeHash(bytes),
      }),
    );
  });
});

/** Resolves when a request finds nobody who listens, or is told that the server stops. */
async function refusedConnection(ask: () => Promise<{ readonly status: number }>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const status = await ask().then(
      (reply) => reply.status,
      () => 0,
    );
    if (status !== 200) return;
    await delay(10);
  }
  throw new Error('the server went on as if it had not been asked to stop');
}
