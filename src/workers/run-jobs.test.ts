import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';
import { type DueJobRow, listDueJobs } from '../storage/metadata/queries/jobs.ts';
import { JobRunner, type JobRunnerService, retrievals } from './run-jobs.ts';
import { WorkerLoop } from './worker.ts';

/** Waits end when they are given up, or when the test says so. */
class HandClock implements Clock {
  readonly #sleepers = new Set<() => void>();
  now = () => 0;
  time = 0;
  monotonic = () => this.time;
  sleep = (_milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) resolve();
      signal?.addEventListener('abort', () => resolve());
      this.#sleepers.add(resolve);
    });

  pass(): void {
    for (const wake of this.#sleepers) wake();
  }
}

/** An answer that comes when the test says so. */
function awaited<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Value>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** A store with one job, which is run until the test answers for the archive that it wants. */
function arrange() {
  const archive = awaited<undefined>();
  const due = [{ job_id: 'j', action: 'ArchiveRetrieval', archive_sequence: 1 } as DueJobRow];
  const told: string[] = [];
  const reads = { listDue: async (): Promise<DueJobRow[]> => due };
  const tx = {
    all: (source: unknown) => (source === listDueJobs ? reads.listDue() : []),
    first: () => archive.promise,
  };
  const metadata = {
    read: (work: (reader: typeof tx) => Promise<unknown>) => work(tx),
    write: async () => void told.push('recorded'),
  } as unknown as MetadataStore;
  const clock = new HandClock();
  const settings = { jobOutputSeconds: 1 };
  const logged: string[] = [];
  const log = { error: (_: object, text: string) => logged.push(text) };
  const service = { metadata, clock, settings, log, blobs: {} } as unknown as JobRunnerService;
  const runner = new JobRunner(retrievals, service, {
    record: async () => undefined,
    committed: () => undefined,
  });
  const stop = new AbortController();
  return { archive, reads, told, logged, clock, runner, step: () => runner.step(stop.signal) };
}

/** Lets everything happen that waits for nothing. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

it('a stop waits for what is running, also when the due jobs cannot be read', async () => {
  const { archive, reads, told, clock, runner } = arrange();
  const loop = new WorkerLoop(runner, clock, pino({ level: 'silent' }));
  loop.start();
  await settle();
  reads.listDue = () => Promise.reject(new Error('The view is damaged'));
  clock.pass();
  await settle();
  const stopped = loop.stop().then(() => told.push('stopped'));
  await settle();
  expect(told).toEqual([]);
  archive.resolve(undefined);
  await stopped;
  expect(told).toEqual(['recorded', 'stopped']);
});

it('a step that cannot read fails when nothing is running any more', async () => {
  const { archive, reads, told, clock, step } = arrange();
  const worked = step();
  await settle();
  clock.pass();
  expect(await worked).toBe('worked');
  reads.listDue = () => Promise.reject(new Error('The view is damaged'));
  const failed = step().catch(({ message }: Error) => told.push(message));
  await settle();
  archive.resolve(undefined);
  await failed;
  expect(told).toEqual(['recorded', 'The view is damaged']);
});

it('a job that cannot be run is told of, and begun again after a while', async () => {
  const { archive, logged, clock, step } = arrange();
  const worked = step();
  await settle();
  archive.reject(new Error('The store is read-only'));
  expect(await worked).toBe('worked');
  expect(logged).toEqual(['a job could not be run: it is tried again']);
  expect(await step()).toBe('idle');
  clock.time = 5_000;
  expect(await step()).toBe('worked');
  expect(logged).toHaveLength(2);
});
