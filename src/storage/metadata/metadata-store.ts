/**
 * Where everything but the bytes of archives is kept.
 *
 * Reading is by queries (`queries/`, one file per noun). Writing is only by recording entries: the
 * rows change because an entry says so, never otherwise, and the entry is durable before the change
 * is acknowledged. Nothing above this interface knows which engine is in use.
 */
import type { Milliseconds } from '../../lib/clock.ts';
import type { Actor, Entry, Envelope, RecordedEntry } from './entries.ts';
import type { Query } from './query.ts';
import type { ArchiveRow, VaultRow } from './schema.ts';

/** An entry with its place in the chain. */
export interface ChainedEntry {
  readonly entry: RecordedEntry;
  /** Hash of the entry before it, and its own: SHA-256 in lower-case hex. */
  readonly previous: string;
  readonly hash: string;
}

/** Rows that carry a seal. */
export interface SealedRows {
  readonly vault?: VaultRow;
  readonly archive?: ArchiveRow;
}

export interface Reader {
  all<Parameters, Row>(query: Query<Parameters, Row>, parameters: Parameters): Promise<Row[]>;
  /** The first row, or undefined when there is none. */
  first<Parameters, Row>(
    query: Query<Parameters, Row>,
    parameters: Parameters,
  ): Promise<Row | undefined>;
}

export interface Writer extends Reader {
  /** The moment that the next entry will carry. */
  now(): Milliseconds;
  /** The same on the clock that retention is judged by. */
  lockNow(): Milliseconds;
  /**
   * Says that something happens now. Later reads of this transaction see it; it is durable when
   * `write` has resolved. When it throws, the change must be given up.
   */
  record(entry: Entry): Promise<Envelope>;
}

export interface MetadataStore {
  /** Reads what was acknowledged. Each query sees one state; two queries may see two. */
  read<T>(work: (tx: Reader) => Promise<T>): Promise<T>;

  /**
   * Decides and changes in one step: nobody else's change comes between the reads and the entries of
   * `work`. When it resolves, every entry it recorded is on the device. When `work` throws, nothing
   * of it has happened and the error is passed on. `work` may wait for nothing but `tx`.
   *
   * @throws StoreUnavailableError when the store is read-only or the entries could not be written;
   *   the change has then not been acknowledged and may be asked for again.
   */
  write<T>(actor: Actor, work: (tx: Writer) => Promise<T>): Promise<T>;

  /** The clock that retention is judged by. */
  lockNow(): Milliseconds;

  /** Whether the rows are as entries made them, in all that a vault lock depends on. */
  isIntact(tx: Reader, rows: SealedRows): Promise<boolean>;

  /**
   * What was recorded after the entry `afterSequence`, oldest first, each checked against the chain.
   *
   * @throws StoreDamagedError at an entry that is not as it was recorded
   */
  entries(afterSequence: number): AsyncIterable<ChainedEntry>;

  close(): Promise<void>;
}
