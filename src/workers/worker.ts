/**
 * Work that nobody waits for. A worker does one unit at a time and says whether there was any; what
 * is to be done stands in the metadata, so a restart goes on where it was.
 */
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Actor } from '../storage/metadata/entries.ts';

export interface Worker {
  readonly name: string;
  /** How often to look when nobody calls. */
  readonly idleMs: number;
  /** Does one unit of work, if there is any. */
  step(signal: AbortSignal): Promise<'worked' | 'idle'>;
}

/** Who a worker is in the journal. */
export function workerActor(worker: string, accountId: string): Actor {
  return { accountId, principalArn: `firn:${worker}`, requestId: '' };
}

/** After a failure a worker rests for this long. */
const restMs = 5_000;

/** Runs a worker until it is stopped. */
export class WorkerLoop {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stopping = new AbortController();
  #wake = new AbortController();
  /** Who waits until nothing is left to do. */
  #settling: (() => void)[] = [];
  #ended: Promise<void> = Promise.resolve();

  constructor(worker: Worker, clock: Clock, log: Log) {
    this.#worker = worker;
    this.#clock = clock;
    this.#log = log.child({ worker: worker.name });
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** There is work now: do not wait for the next look. */
  wake(): void {
    this.#wake.abort();
  }

  /** Resolves when the worker, looking anew, has found nothing to do. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      this.#settling.push(resolve);
      this.wake();
    });
  }

  /** Resolves when the unit at hand has been finished or given up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const settling = this.#settling.splice(0);
      const pauseMs = await this.#step(signal);
      if (pauseMs > 0) for (const settled of settling) settled();
      else this.#settling.push(...settling);
      if (pauseMs > 0 && !signal.aborted) await this.#clock.sleep(pauseMs, this.#wake.signal);
    }
  }

  /** Returns how long to pause. */
  async #step(signal: AbortSignal): Promise<number> {
    try {
      return (await this.#worker.step(signal)) === 'worked' ? 0 : this.#worker.idleMs;
    } catch (error) {
      const { message, stack } = error as Error;
      if (!signal.aborted) this.#log.error({ error: { message, stack } }, 'worker failed');
      return restMs;
    }
  }
}
