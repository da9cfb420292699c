/**
 * How things are compared: in pairs that follow one another closely, in alternating order, so that
 * whatever else the machine does meets both; each pair gives a ratio, and the median of the ratios
 * is the result. The first round warms up and is thrown away.
 */

/** Something was done `amount` times (bytes, requests) in so many seconds. */
export interface Measured {
  readonly amount: number;
  readonly seconds: number;
}

/** Does it once, or for a while, and says how long it took. */
export type Measure = () => Promise<Measured>;

export function rate({ amount, seconds }: Measured): number {
  return amount / seconds;
}

/** Measures doing a known amount. */
export async function timed(amount: number, work: () => unknown): Promise<Measured> {
  const startedAt = performance.now();
  await work();
  return { amount, seconds: (performance.now() - startedAt) / 1000 };
}

/** Lets everybody work for a while, each at its own pace, and counts. */
export async function countFor(
  seconds: number,
  workers: readonly (() => Promise<unknown>)[],
): Promise<Measured> {
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let amount = 0;
  await Promise.all(
    workers.map(async (work) => {
      while (performance.now() < endsAt) {
        await work();
        amount += 1;
      }
    }),
  );
  return { amount, seconds: (performance.now() - startedAt) / 1000 };
}

/** Workers take the jobs in order, each the next one that nobody has. */
export async function share<Job, Worker>(
  jobs: Iterable<Job>,
  workers: readonly Worker[],
  work: (job: Job, worker: Worker) => Promise<unknown>,
): Promise<void> {
  const queue = jobs[Symbol.iterator]();
  await Promise.all(
    workers.map(async (worker) => {
      for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value, worker);
    }),
  );
}

/** Rates of the same things, round by round; the first is Firn's. */
export async function measureRounds(
  rounds: number,
  measures: readonly Measure[],
): Promise<number[][]> {
  const rates: number[][] = measures.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    const order = [...measures.entries()];
    if (round % 2 === 1) order.reverse();
    for (const [index, measure] of order) {
      const measured = rate(await measure());
      if (round > 0) rates[index]?.push(measured);
    }
  }
  return rates;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
