/**
 * The embedded engine: one SQLite file that shows the journal as rows.
 *
 * Two connections: one writes, inside the one transaction of a group of changes; the other reads what
 * was committed. Nothing here needs a flush to be safe (the journal is the truth), so SQLite runs
 * with WAL and `synchronous=NORMAL`: a power cut may take back the last commits, never tear them, and
 * they are applied again at start.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { randomName } from '../../lib/ids.ts';
import { StoreUnavailableError } from '../store-errors.ts';
import type { RowWriter } from './appliers/applier.ts';
import type { Reader } from './metadata-store.ts';
import { type PreparedQuery, prepareQuery, type Query } from './query.ts';
import { type RowSeal, VaultSeals } from './row-seal.ts';
import { type Schema, viewVersion } from './schema.ts';
import { createViewStatements } from './view-tables.ts';

/** In the store's root. */
export const viewName = 'view.sqlite';

/** kysely as a writer of SQL for SQLite: it compiles, we run. */
const schema = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

type Statement = Database.Statement<unknown[]>;

/** Statements of one connection, compiled at their first use. */
class Connection implements RowWriter {
  readonly database: Database.Database;
  readonly seal: RowSeal;
  readonly vaultSeals = new VaultSeals();
  readonly #prepared = new Map<object, { statement: Statement; query: PreparedQuery<unknown> }>();

  constructor(database: Database.Database, seal: RowSeal) {
    this.database = database;
    this.seal = seal;
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF');
    database.pragma('busy_timeout = 5000');
  }

  async all<Parameters, Row>(source: Query<Parameters, Row>, parameters: Parameters) {
    const { statement, query } = this.#prepare(source);
    return statement.all(...query.bind(parameters)) as Row[];
  }

  async first<Parameters, Row>(source: Query<Parameters, Row>, parameters: Parameters) {
    const { statement, query } = this.#prepare(source);
    return statement.get(...query.bind(parameters)) as Row | undefined;
  }

  async run<Parameters>(source: Query<Parameters, never>, parameters: Parameters) {
    const { statement, query } = this.#prepare(source);
    statement.run(...query.bind(parameters));
  }

  #prepare<Parameters, Row>(source: Query<Parameters, Row>) {
    let entry = this.#prepared.get(source);
    if (!entry) {
      const query = prepareQuery(source, schema);
      entry = {
        statement: this.database.prepare(query.sql),
        query: query as PreparedQuery<unknown>,
      };
      this.#prepared.set(source, entry);
    }
    return entry;
  }
}

export class SqliteView {
  readonly #writing: Connection;
  readonly #reading: Connection;
  readonly #statements: Readonly<Record<TransactionVerb, Statement>>;
  #wasChanged = false;

  /** Opens the view at `path`, or begins an empty one. */
  constructor(path: string, seal: RowSeal) {
    const database = new Database(path);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    this.#writing = new Connection(database, seal);
    this.#statements = prepareTransactionVerbs(database);
    if (database.pragma('user_version', { simple: true }) !== viewVersion) this.clear();
    else if (!isSchemaOurs(database)) {
      this.clear();
      this.#wasChanged = true;
    }
    this.#reading = new Connection(new Database(path, { readonly: true }), seal);
  }

  /** Something stood in it that no version of the view has: a trigger, say. It is gone. */
  get wasChanged(): boolean {
    return this.#wasChanged;
  }

  /** What was committed. */
  get reader(): Reader {
    return this.#reading;
  }

  /** The rows inside the transaction between `begin` and `commit`, and the seals of vaults. */
  get writer(): RowWriter {
    return this.#writing;
  }

  transaction(verb: TransactionVerb): void {
    // SQLite has rolled back by itself after some errors: a full disk, for one.
    if (verb === 'rollback' && !this.#writing.database.inTransaction) return;
    this.#statements[verb].run();
  }

  /** Throws when SQLite has rolled back by itself: what follows would be outside of any group. */
  assertInTransaction(): void {
    if (this.#writing.database.inTransaction) return;
    throw new StoreUnavailableError('The view has rolled back the changes');
  }

  close(): void {
    this.#reading.database.close();
    this.#writing.database.close();
  }

  /** Throws away what is there, and makes the tables. */
  clear(): void {
    const { database } = this.#writing;
    database.transaction(() => {
      for (const { type, name } of schemaOf(database)) {
        // Triggers and indexes go with their tables.
        if (type === 'table' || type === 'view') database.exec(`drop ${type} if exists "${name}"`);
      }
      for (const statement of createViewStatements(schema)) database.exec(statement);
      database.pragma(`user_version = ${viewVersion}`);
    })();
  }
}

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

function schemaOf(database: Database.Database): SchemaObject[] {
  return database
    .prepare(
      `select type, name, sql from sqlite_schema where name not like 'sqlite_%' order by type, name`,
    )
    .all() as SchemaObject[];
}

/** Whether tables and indexes are those that we make, and nothing else is there. */
function isSchemaOurs(database: Database.Database): boolean {
  const ours = new Database(':memory:');
  try {
    for (const statement of createViewStatements(schema)) ours.exec(statement);
    return JSON.stringify(schemaOf(ours)) === JSON.stringify(schemaOf(database));
  } finally {
    ours.close();
  }
}

/** Whether an error says that the view's file is not as SQLite has written it. */
export function isDamagedView(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT') === true;
}

/** Moves a view and what belongs to it out of the way. */
export async function setViewAside(path: string, asideDirectory: string): Promise<void> {
  const name = randomName();
  for (const suffix of ['', '-wal', '-shm']) {
    await rename(`${path}${suffix}`, join(asideDirectory, `view-${name}${suffix}`)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      },
    );
  }
}

export type TransactionVerb = 'begin' | 'mark' | 'release' | 'undo' | 'commit' | 'rollback';

function prepareTransactionVerbs(database: Database.Database) {
  return {
    begin: database.prepare('begin immediate'),
    mark: database.prepare('savepoint one_change'),
    release: database.prepare('release one_change'),
    undo: database.prepare('rollback to one_change'),
    commit: database.prepare('commit'),
    rollback: database.prepare('rollback'),
  };
}
