/** One row, measured: a server of its own, all rounds, and what it cost the server. */
import { type Measure, measureRounds, median } from './measure.ts';
import type { Row } from './rows.ts';
import type { Server } from './server.ts';
import type { Stage } from './stage.ts';

export interface Comparison {
  readonly peer: string;
  /** Medians of the rates in the row's unit. They only say what the ratio was made of. */
  readonly peerRate: number;
  readonly firnRate: number;
  /** Firn's rate divided by the peer's, round by round. */
  readonly ratios: readonly number[];
  /** The median of `ratios`. */
  readonly ratio: number;
}

export interface RowResult {
  readonly id: string;
  readonly title: string;
  readonly unit: Row['unit'];
  readonly comparisons: readonly Comparison[];
  /** Null where the system does not tell. */
  readonly idleMemoryBytes: number | null;
  /** The most that the server ever had resident, less what it had before the first measurement. */
  readonly memoryAboveIdleBytes: number | null;
  /** Processor time of the server, all threads, divided by the time that Firn was measured for. */
  readonly coresBusy: number | null;
}

/** @throws with the end of the server's log when something goes wrong */
export async function runRow(row: Row, stage: Stage): Promise<RowResult> {
  await stage.open();
  try {
    return await measureRow(row, stage);
  } catch (cause) {
    throw new Error(`${row.id} has failed. ${stage.server.lastWords}`, { cause });
  } finally {
    await stage.close();
  }
}

async function measureRow(row: Row, stage: Stage): Promise<RowResult> {
  const measure = await row.begin(stage);
  await stage.restart();
  const peers = await beginPeers(row, stage);
  const usage = new Usage(stage.server);
  const measures = [usage.watch(measure), ...peers.map((peer) => peer.measure)];
  const rates = await measureRounds(stage.sizes.rounds, measures);
  const [firnRates = [], ...peerRates] = rates.map((values) => values.map(inUnit(row)));
  const comparisons = peers.map(({ title }, index) =>
    compare(title, firnRates, peerRates[index] ?? []),
  );
  const { id, title, unit } = row;
  return { id, title, unit, comparisons, ...usage.result() };
}

/** Those peers that this machine has. */
async function beginPeers(row: Row, stage: Stage): Promise<{ title: string; measure: Measure }[]> {
  const begun: { title: string; measure: Measure }[] = [];
  for (const peer of row.peers) {
    const measure = await peer.begin(stage);
    if (measure) begun.push({ title: peer.title, measure });
  }
  return begun;
}

function inUnit({ unit }: Row): (rate: number) => number {
  return (rate) => (unit === 'MiB/s' ? rate / 2 ** 20 : rate);
}

function compare(
  peer: string,
  firnRates: readonly number[],
  peerRates: readonly number[],
): Comparison {
  const ratios = firnRates.map((rate, round) => rate / (peerRates[round] ?? Number.NaN));
  return {
    peer,
    peerRate: median(peerRates),
    firnRate: median(firnRates),
    ratios,
    ratio: median(ratios),
  };
}

/** What the server uses while Firn is measured. */
class Usage {
  readonly #server: Server;
  readonly #idle: number | undefined;
  #processorSeconds = 0;
  #seconds = 0;

  constructor(server: Server) {
    this.#server = server;
    this.#idle = server.memory()?.nowBytes;
  }

  watch(measure: Measure): Measure {
    return async () => {
      const before = this.#server.processorSeconds() ?? Number.NaN;
      const measured = await measure();
      this.#processorSeconds += (this.#server.processorSeconds() ?? Number.NaN) - before;
      this.#seconds += measured.seconds;
      return measured;
    };
  }

  result(): Pick<RowResult, 'idleMemoryBytes' | 'memoryAboveIdleBytes' | 'coresBusy'> {
    const memory = this.#server.memory();
    if (!memory || this.#idle === undefined) {
      return { idleMemoryBytes: null, memoryAboveIdleBytes: null, coresBusy: null };
    }
    return {
      idleMemoryBytes: this.#idle,
      memoryAboveIdleBytes: memory.peakBytes - this.#idle,
      coresBusy: this.#processorSeconds / this.#seconds,
    };
  }
}
