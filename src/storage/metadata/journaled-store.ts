/**
 * The metadata store of one server: a journal on disk and its view in SQLite.
 *
 * Changes are made many at a time (group commit):
 *  1. a transaction begins; each waiting change decides and applies its entries to the rows; one that
 *     throws is undone alone;
 *  2. the entries of the whole group are appended to the journal and flushed once: this is the moment
 *     of acknowledgement; if it fails the transaction is rolled back and nothing has happened;
 *  3. the transaction commits, and every change of the group is answered.
 * While a group is being flushed the next one gathers.
 */
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { LockClock } from '../../lib/lock-clock.ts';
import { ensureDirectories } from '../durable-file.ts';
import { StoreDamagedError, StoreUnavailableError } from '../store-errors.ts';
import type { StoreHealth } from '../store-health.ts';
import { applyEntry } from './apply.ts';
import type { Actor, Entry, RecordedEntry } from './entries.ts';
import { Journal } from './journal.ts';
import {
  type JournalPosition,
  journalDirectory,
  journalName,
  journalStart,
  readJournal,
} from './journal-files.ts';
import { type JournalLine, writeLine } from './journal-line.ts';
import type { ChainedEntry, MetadataStore, Reader, SealedRows, Writer } from './metadata-store.ts';
import { getProgress, putProgress } from './queries/progress.ts';
import { listTags } from './queries/tags.ts';
import { listAllVaults } from './queries/vaults.ts';
import { isSealed, isVaultIntact, type RowSeal } from './row-seal.ts';
import type { ProgressRow } from './schema.ts';
import { isDamagedView, SqliteView, setViewAside, viewName } from './sqlite.ts';

/** Changes in one group at most: bounds how long the event loop is kept. */
const longestGroup = 128;
/** Entries that are applied in one transaction while the journal is read again. */
const replayBatch = 1000;

export interface JournaledStoreOptions {
  /** The store's root. */
  readonly directory: string;
  /** Where what cannot be used, but must not be lost, is put. */
  readonly asideDirectory: string;
  readonly clock: Clock;
  readonly health: StoreHealth;
  /** Seals the rows that locks depend on. */
  readonly seal: RowSeal;
}

/** A store, and what its opening had to mend. */
export interface OpenedStore {
  readonly store: JournaledStore;
  /** Entries that the view had not seen: more than none after a crash. */
  readonly replayedEntries: number;
  /** Bytes of a journal append that was cut short and so never acknowledged; set aside. */
  readonly tornBytes: number;
  /** The view was damaged: it was set aside and made anew. */
  readonly isViewReplaced: boolean;
  /** Its seals were not those that this store has made: somebody has changed it, or the key is new. */
  readonly isViewRemade: boolean;
}

interface WaitingChange {
  /** Runs the change inside the group's transaction; answers it when the group is durable. */
  run(group: Group): Promise<void>;
  settle(groupError: Error | undefined): void;
}

/** What a group has written so far. */
interface Group {
  readonly lines: JournalLine[];
}

export class JournaledStore implements MetadataStore {
  readonly #directory: string;
  readonly #journal: Journal;
  readonly #view: SqliteView;
  readonly #clock: Clock;
  readonly #health: StoreHealth;
  readonly #seal: RowSeal;
  #lockClock: LockClock;
  #waiting: WaitingChange[] = [];
  #committing: Promise<void> | undefined;
  #isClosed = false;
  #isViewRemade = false;

  private constructor(journal: Journal, view: SqliteView, options: JournaledStoreOptions) {
    this.#directory = journalDirectory(options.directory);
    this.#journal = journal;
    this.#view = view;
    this.#clock = options.clock;
    this.#health = options.health;
    this.#seal = options.seal;
    this.#lockClock = new LockClock(options.clock, undefined);
  }

  /**
   * Opens the store's journal and view and brings the view up to date. A view that SQLite cannot read
   * is set aside and made anew: nothing in it is the only copy of anything.
   *
   * @throws StoreDamagedError when the journal is damaged, or older than its view
   */
  static async open(options: JournaledStoreOptions): Promise<OpenedStore> {
    await ensureDirectories(options.directory, [journalName]);
    try {
      return await JournaledStore.#openWithView(options);
    } catch (error) {
      if (!isDamagedView(error)) throw error;
      await setViewAside(join(options.directory, viewName), options.asideDirectory);
      return { ...(await JournaledStore.#openWithView(options)), isViewReplaced: true };
    }
  }

  static async #openWithView(options: JournaledStoreOptions): Promise<OpenedStore> {
    const journal = new Journal(journalDirectory(options.directory), options.health);
    const view = new SqliteView(join(options.directory, viewName), options.seal);
    const store = new JournaledStore(journal, view, options);
    const replayedEntries = await store.#replay(options.asideDirectory).catch(async (error) => {
      await store.close();
      throw error;
    });
    const { tornBytes } = journal;
    const isViewRemade = store.#isViewRemade;
    return { store, replayedEntries, tornBytes, isViewReplaced: false, isViewRemade };
  }

  read<T>(work: (tx: Reader) => Promise<T>): Promise<T> {
    return work(this.#view.reader);
  }

  write<T>(actor: Actor, work: (tx: Writer) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new StoreUnavailableError('The store is closed');
      this.#health.assertWritable();
      let outcome: { value: T } | undefined;
      this.#waiting.push({
        run: async (group) => {
          try {
            outcome = { value: await this.#runOne(group, actor, work) };
          } catch (error) {
            reject(error);
          }
        },
        settle: (groupError) => {
          if (groupError) reject(groupError);
          else if (outcome) resolve(outcome.value);
        },
      });
      this.#committing ??= this.#commitGroups();
    });
  }

  lockNow(): number {
    return this.#lockClock.now();
  }

  async isIntact(tx: Reader, { vault, archive }: SealedRows): Promise<boolean> {
    if (archive && !isSealed(archive.seal, this.#seal.ofArchive(archive))) return false;
    if (!vault) return true;
    const tags = await tx.all(listTags, { vaultSequence: vault.sequence });
    return isVaultIntact(vault, tags, this.#view.writer);
  }

  async *entries(afterSequence: number): AsyncGenerator<ChainedEntry, void, undefined> {
    const { sequence: lastSequence } = this.#journal.end;
    for await (const line of readJournal(this.#directory, afterSequence)) {
      // What stands behind it may still be taken back.
      if (line.position.sequence > lastSequence) return;
      yield line;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#committing;
    await this.#journal.close();
    this.#view.close();
  }

  async #commitGroups(): Promise<void> {
    // Everything that arrives in the same turn of the event loop shares the first group.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const changes = this.#waiting.splice(0, longestGroup);
      const groupError = await this.#commitGroup(changes);
      for (const change of changes) change.settle(groupError);
    }
    this.#committing = undefined;
  }

  async #commitGroup(changes: readonly WaitingChange[]): Promise<Error | undefined> {
    const group: Group = { lines: [] };
    const before = this.#journal.end;
    try {
      this.#view.transaction('begin');
      for (const change of changes) {
        await change.run(group);
        this.#view.assertInTransaction();
      }
      if (group.lines.length > 0) await this.#appendGroup(group.lines);
      this.#view.transaction('commit');
      this.#view.writer.vaultSeals.commit();
      return undefined;
    } catch (error) {
      this.#view.transaction('rollback');
      this.#view.writer.vaultSeals.undo(new Map());
      // The view could not follow (its disk is full, say), and nobody was told: it has not happened.
      if (this.#journal.end !== before) await this.#journal.takeBack(before);
      if (error instanceof StoreUnavailableError) return error;
      return new StoreUnavailableError('The changes could not be kept', { cause: error });
    }
  }

  /** One change within a group: undone alone when it throws. */
  async #runOne<T>(group: Group, actor: Actor, work: (tx: Writer) => Promise<T>): Promise<T> {
    const before = group.lines.length;
    const { vaultSeals } = this.#view.writer;
    const sealsBefore = vaultSeals.mark();
    this.#view.transaction('mark');
    try {
      const value = await work(this.#writer(group, actor));
      this.#view.transaction('release');
      return value;
    } catch (error) {
      this.#view.transaction('undo');
      this.#view.transaction('release');
      vaultSeals.undo(sealsBefore);
      group.lines.length = before;
      throw error;
    }
  }

  #writer(group: Group, actor: Actor): Writer {
    const rows = this.#view.writer;
    return {
      all: (query, parameters) => rows.all(query, parameters),
      first: (query, parameters) => rows.first(query, parameters),
      now: () => this.#clock.now(),
      lockNow: () => this.#lockClock.now(),
      record: (entry) => this.#record(group, actor, entry),
    };
  }

  async #record(group: Group, actor: Actor, entry: Entry) {
    const { accountId, principalArn, requestId } = actor;
    const envelope = {
      accountId,
      principalArn,
      requestId,
      sequence: this.#journal.end.sequence + group.lines.length + 1,
      time: this.#clock.now(),
      lockTime: this.#lockClock.now(),
    };
    const recorded = { ...envelope, ...entry } as RecordedEntry;
    await this.#apply(recorded);
    const previous = group.lines.at(-1)?.hash ?? this.#journal.end.hash;
    group.lines.push(writeLine(recorded, previous));
    return envelope;
  }

  /** What cannot be applied is told of: somebody has changed the rows. */
  async #apply(entry: RecordedEntry): Promise<void> {
    try {
      await applyEntry(this.#view.writer, entry);
    } catch (error) {
      if (error instanceof StoreDamagedError) {
        const { message } = error;
        this.#health.raise({ name: 'records-changed', message, since: this.#clock.now() });
      }
      throw error;
    }
  }

  async #appendGroup(lines: readonly JournalLine[]): Promise<void> {
    const texts = lines.map((line) => Buffer.from(line.text));
    const end = this.#journal.place(
      lines.map((line, index) => ({
        lengthBytes: texts[index]?.length ?? 0,
        hash: line.hash,
      })),
    );
    await this.#putProgress(end, this.#lockClock.now());
    await this.#journal.append(Buffer.concat(texts), end);
  }

  #putProgress(position: JournalPosition, lockTime: number): Promise<void> {
    const row = {
      sequence: position.sequence,
      lock_time: lockTime,
      file_number: position.fileNumber,
      line_start_byte: position.lineStartByte,
      line_end_byte: position.lineEndByte,
      hash: position.hash,
      vault_digest: this.#view.writer.vaultSeals.digest(),
    };
    return this.#view.writer.run(putProgress, { ...row, seal: this.#seal.ofProgress(row) });
  }

  /**
   * How far the view has come. None for a new store, and when the view is not as this store has left
   * it, or was sealed with another key: then it is made anew from the journal.
   */
  async #findProgress(): Promise<ProgressRow | undefined> {
    this.#isViewRemade = this.#view.wasChanged;
    const progress = await this.#view.reader.first(getProgress, {});
    if (!progress || (await this.#isAsLeft(progress))) return progress;
    this.#view.writer.vaultSeals.clear();
    this.#view.clear();
    this.#isViewRemade = true;
    return undefined;
  }

  async #isAsLeft(progress: ProgressRow): Promise<boolean> {
    const { reader, writer } = this.#view;
    for (const vault of await reader.all(listAllVaults, {})) {
      const tags = await reader.all(listTags, { vaultSequence: vault.sequence });
      const seal = this.#seal.ofVault(vault, tags);
      if (!isSealed(vault.seal, seal)) return false;
      writer.vaultSeals.set(vault, seal);
    }
    writer.vaultSeals.commit();
    const isProgressSealed = isSealed(progress.seal, this.#seal.ofProgress(progress));
    return isProgressSealed && progress.vault_digest === writer.vaultSeals.digest();
  }

  /** Applies what the view has not seen. Returns how many entries that were. */
  async #replay(asideDirectory: string): Promise<number> {
    const progress = await this.#findProgress();
    let lockTime = progress?.lock_time;
    let applied = 0;
    let position: JournalPosition | undefined;
    for await (const line of this.#journal.replay(positionOf(progress), asideDirectory)) {
      if (applied % replayBatch === 0) this.#view.transaction('begin');
      await applyEntry(this.#view.writer, line.entry);
      position = line.position;
      lockTime = line.entry.lockTime;
      applied += 1;
      if (applied % replayBatch === 0) await this.#commitReplayed(position, lockTime);
    }
    if (position && applied % replayBatch !== 0) {
      await this.#commitReplayed(position, lockTime ?? 0);
    }
    this.#lockClock = new LockClock(this.#clock, lockTime);
    return applied;
  }

  async #commitReplayed(position: JournalPosition, lockTime: number): Promise<void> {
    await this.#putProgress(position, lockTime);
    this.#view.transaction('commit');
    this.#view.writer.vaultSeals.commit();
  }
}

function positionOf(progress: ProgressRow | undefined): JournalPosition {
  if (!progress) return journalStart;
  return {
    sequence: progress.sequence,
    fileNumber: progress.file_number,
    lineStartByte: progress.line_start_byte,
    lineEndByte: progress.line_end_byte,
    hash: progress.hash,
  };
}
