/**
 * Whether the view says what the journal says: the journal is applied to an empty view, and the two are
 * compared row by row. So a row that was put back to an older state is found too, whose seal was good.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { applyEntry } from './apply.ts';
import { journalDirectory, readJournal } from './journal-files.ts';
import { RowSeal } from './row-seal.ts';
import { viewVersion } from './schema.ts';
import { SqliteView, viewName } from './sqlite.ts';

/** What is about the view itself, and what is made with a key that the journal does not have. */
const ownTables = new Set(['progress']);
const ownColumns = new Set(['seal']);

/** Differences that are told; there may be more. */
const mostDifferences = 20;
/** Entries that are applied in one transaction. */
const entriesAtOnce = 1_000;

export type ViewComparison =
  /** There is none, or one of another version: it is made anew at the next start. */
  | { readonly state: 'absent' }
  | { readonly state: 'compared'; readonly differences: readonly string[] };

/** Reads only, beside a running server too. @throws StoreDamagedError when the journal is damaged */
export async function compareView(storeDirectory: string): Promise<ViewComparison> {
  const path = join(storeDirectory, viewName);
  if (!(await stat(path).catch(() => undefined))) return { state: 'absent' };
  const found = new Database(path, { readonly: true });
  const scratch = await mkdtemp(join(tmpdir(), 'firn-view-'));
  try {
    // One state of the view, whatever a server does to it meanwhile.
    found.exec('begin');
    if (found.pragma('user_version', { simple: true }) !== viewVersion) return { state: 'absent' };
    const sequence = found.prepare('select sequence from progress').pluck().get() as number;
    const expectedPath = join(scratch, viewName);
    await applyJournal(storeDirectory, sequence ?? 0, expectedPath);
    const expected = new Database(expectedPath, { readonly: true });
    try {
      return { state: 'compared', differences: differencesOf(expected, found) };
    } finally {
      expected.close();
    }
  } finally {
    found.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function applyJournal(storeDirectory: string, upToSequence: number, path: string) {
  const view = new SqliteView(path, new RowSeal(Buffer.alloc(0)));
  view.transaction('begin');
  for await (const { entry } of readJournal(journalDirectory(storeDirectory))) {
    if (entry.sequence > upToSequence) break;
    await applyEntry(view.writer, entry);
    if (entry.sequence % entriesAtOnce === 0) {
      view.transaction('commit');
      view.transaction('begin');
    }
  }
  view.transaction('commit');
  view.close();
}

function differencesOf(expected: Database.Database, found: Database.Database): string[] {
  const tables = expected
    .prepare(`select name from sqlite_schema where type = 'table' order by name`)
    .pluck()
    .all() as string[];
  const differences: string[] = [];
  for (const table of tables.filter((name) => !ownTables.has(name))) {
    for (const difference of tableDifferences(expected, found, table)) {
      differences.push(difference);
      if (differences.length === mostDifferences) return differences;
    }
  }
  return differences;
}

type Row = Record<string, unknown>;

/** Both tables in the order of their keys, side by side. */
function* tableDifferences(
  expected: Database.Database,
  found: Database.Database,
  table: string,
): Generator<string> {
  const keys = keysOf(expected, table);
  const order = keys.map((key) => `"${key}"`).join(', ');
  const read = (database: Database.Database) =>
    database.prepare(`select * from "${table}" order by ${order}`).iterate() as Iterator<Row>;
  const [wanted, there] = [read(expected), read(found)];
  try {
    yield* differingRows(wanted, there, { table, keys });
  } finally {
    wanted.return?.();
    there.return?.();
  }
}

function* differingRows(
  wanted: Iterator<Row>,
  there: Iterator<Row>,
  { table, keys }: { readonly table: string; readonly keys: readonly string[] },
): Generator<string> {
  let [a, b] = [wanted.next(), there.next()];
  while (!a.done || !b.done) {
    const side = a.done ? 1 : b.done ? -1 : compareKeys(a.value, b.value, keys);
    const row = (side > 0 ? b.value : a.value) as Row;
    const name = `${table} ${keys.map((key) => String(row[key])).join(' ')}`;
    if (side < 0) yield `${name} is missing`;
    else if (side > 0) yield `${name} is in no entry`;
    else if (textOf(a.value as Row) !== textOf(b.value as Row)) yield `${name} is another one`;
    if (side <= 0) a = wanted.next();
    if (side >= 0) b = there.next();
  }
}

function keysOf(database: Database.Database, table: string): string[] {
  const columns = database.pragma(`table_info("${table}")`) as { name: string; pk: number }[];
  return columns
    .filter(({ pk }) => pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map(({ name }) => name);
}

/** As SQLite orders them: numbers by value, texts by bytes. */
function compareKeys(a: Row, b: Row, keys: readonly string[]): number {
  for (const key of keys) {
    const [left, right] = [a[key], b[key]];
    if (typeof left === 'number' && typeof right === 'number' && left !== right) {
      return left - right;
    }
    const order = Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
    if (order !== 0) return order;
  }
  return 0;
}

function textOf(row: Row): string {
  const told = Object.entries(row).filter(([column]) => !ownColumns.has(column));
  return JSON.stringify(told);
}
