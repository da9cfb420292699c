/** The work behind `firn audit`: entries written out, and the chain through them checked. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { exportOverHttp, verifyOverHttp } from '../cli/audit.ts';
import { CliError } from '../cli/cli-error.ts';
import { type ConnectionOptions, readConnection } from '../cli/connection.ts';
import { compareView } from '../storage/metadata/compare-view.ts';
import { journalDirectory, readJournal } from '../storage/metadata/journal-files.ts';
import { type ReadLine, readLine } from '../storage/metadata/journal-line.ts';
import { type NotedEntry, verifyJournal } from '../storage/metadata/verify-journal.ts';
import { StoreDamagedError } from '../storage/store-errors.ts';

interface AuditOptions extends ConnectionOptions {
  readonly dataDir: string;
  readonly json?: true;
}

export interface ExportOptions extends AuditOptions {
  readonly after: number;
}

export interface VerifyOptions extends AuditOptions {
  readonly expect?: NotedEntry;
}

/** What `verify` says, of a store, a file or a server. */
interface Verified {
  readonly isIntact: boolean;
  readonly entries: number;
  readonly lastSequence: number;
  readonly lastHash: string | null;
  readonly damage: unknown;
}

export async function exportEntries(options: ExportOptions): Promise<void> {
  const { after, dataDir } = options;
  if (options.endpoint !== undefined) {
    const connection = readConnection(options, process.env);
    await exportOverHttp(connection, { after }, (entry) => print(`${JSON.stringify(entry)}\n`));
    return;
  }
  for await (const line of readStore(dataDir, after)) await print(line.bytes);
}

export async function verify(file: string | undefined, options: VerifyOptions): Promise<void> {
  const verified = await verifyPlace(file, options);
  const { isIntact, entries, lastSequence, lastHash, damage } = verified;
  const note = lastHash === null ? '' : `; the last is ${lastSequence}:${lastHash}`;
  const text = isIntact
    ? `The journal is intact: ${entries} entries${note}`
    : `NOT INTACT: ${String(damage)}. Good entries: ${entries}${note}`;
  await print(`${options.json ? JSON.stringify(verified) : text}\n`);
  if (!isIntact) process.exitCode = 1;
}

async function verifyPlace(file: string | undefined, options: VerifyOptions): Promise<Verified> {
  if (file === undefined && options.endpoint !== undefined) {
    if (options.expect) throw new CliError('--expect needs the store or an exported file');
    return verifyOverHttp(readConnection(options, process.env));
  }
  const lines = file === undefined ? readStore(options.dataDir, 0) : readExport(file);
  const { last, damage, isIntact, entries } = await verifyJournal(lines, options.expect);
  const { sequence: lastSequence, hash: lastHash } = last ?? { sequence: 0, hash: null };
  const found = damage ?? (file === undefined ? await damageOfView(options.dataDir) : undefined);
  const isGood = isIntact && found === undefined;
  return { isIntact: isGood, entries, lastSequence, lastHash, damage: found ?? null };
}

/** What the rows say that no entry has made them say. */
async function damageOfView(dataDir: string): Promise<string | undefined> {
  const comparison = await compareView(dataDir);
  if (comparison.state === 'absent' || comparison.differences.length === 0) return undefined;
  return `The journal is good, and view.sqlite says otherwise (stop the server, move it aside, and start: it is made anew): ${comparison.differences.join('; ')}`;
}

async function* readStore(dataDir: string, after: number) {
  const directory = journalDirectory(dataDir);
  const isThere = await stat(directory).catch(() => undefined);
  if (!isThere?.isDirectory()) {
    throw new CliError(`there is no store in ${dataDir}: name it with --data-dir`);
  }
  yield* readJournal(directory, after);
}

/** The lines of an exported file, which may begin after the first entry. */
async function* readExport(file: string): AsyncGenerator<ReadLine> {
  let before: ReadLine | undefined;
  let number = 0;
  for await (const text of linesOf(file)) {
    number += 1;
    const line = readLine(text) ?? readWithheld(text);
    const follows = !before || line?.entry.sequence === before.entry.sequence + 1;
    const isChained = !before || line?.previous === before.hash;
    if (!line || !follows || !isChained) {
      throw new StoreDamagedError(`Line ${number} of ${file} is not the one that was written`);
    }
    before = line;
    yield line;
  }
}

/** A line that a server has left secrets out of: its hash is believed, and the next line's names it. */
function readWithheld(text: string): ReadLine | undefined {
  try {
    const { withheld, previous, hash, ...entry } = JSON.parse(text) as ReadLine['entry'] & {
      readonly withheld?: unknown;
      readonly previous: string;
      readonly hash: string;
    };
    return withheld === true ? { entry: entry as ReadLine['entry'], previous, hash } : undefined;
  } catch {
    return undefined;
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw new CliError((error as Error).message);
  }
  if (rest !== '') yield rest;
}

/** Waits until the reader has taken it. */
function print(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
