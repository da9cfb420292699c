/**
 * `firn audit`: who did or tried what, and that nobody has changed the record of it.
 *
 * It reads the store's journal, offline or beside a running server, and changes nothing; with
 * `--endpoint` it asks a server instead.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { exportOverHttp, verifyOverHttp } from '../cli/audit.ts';
import { CliError } from '../cli/cli-error.ts';
import { addConnectionOptions, commandGroup, orExplain } from '../cli/client-command.ts';
import { type ConnectionOptions, readConnection } from '../cli/connection.ts';
import { journalDirectory, readJournal } from '../storage/metadata/journal-files.ts';
import { type ReadLine, readLine } from '../storage/metadata/journal-line.ts';
import { type NotedEntry, verifyJournal } from '../storage/metadata/verify-journal.ts';
import { StoreDamagedError } from '../storage/store-errors.ts';

interface AuditOptions extends ConnectionOptions {
  readonly dataDir: string;
  readonly json?: true;
}

interface ExportOptions extends AuditOptions {
  readonly after: number;
}

interface VerifyOptions extends AuditOptions {
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

const exportExamples = `
With --endpoint sealed secrets are left out, and the entries that had them can later
be verified by their place in the chain only: export from the files for more.

Examples:
  firn audit export --data-dir /srv/firn > audit.jsonl
  firn audit export --data-dir /srv/firn --after 1200 | grep '"kind":"Refused"'`;

const verifyExamples = `
Whoever notes the last entry's number and hash elsewhere can prove later, with
--expect, that nothing up to it was changed, not even with the whole chain made
anew. The exit code is 0 when the journal is intact, and 1 when it is not.

Examples:
  firn audit verify --data-dir /srv/firn
  firn audit verify --data-dir /srv/firn --expect 1200:5f3c…
  firn audit verify audit.jsonl`;

export function addAuditCommands(program: Command): void {
  const audit = commandGroup(program, 'audit', 'who did or tried what, from the journal');
  const exporting = audit
    .command('export')
    .description('write the entries of the journal, one line of JSON each, as they were recorded')
    .option('--after <SEQUENCE>', 'only entries after this one', wholeNumber, 0);
  addPlaces(exporting)
    .addHelpText('after', exportExamples)
    .action((options: ExportOptions) => orExplain(() => exportEntries(options)));
  const verifying = audit
    .command('verify')
    .description('read every entry, check the chain through them, and compare the rows with them')
    .argument('[FILE]', 'an exported file, in the place of a store')
    .option('--expect <SEQUENCE:HASH>', 'an entry that was noted elsewhere', notedEntry);
  addPlaces(verifying)
    .addHelpText('after', verifyExamples)
    .action((file: string | undefined, options: VerifyOptions) =>
      orExplain(() => verify(file, options)),
    );
}

function addPlaces(command: Command): Command {
  const directory = process.env.FIRN_DATA_DIR || './firn-data';
  command.option('--data-dir <DIR>', 'the store (FIRN_DATA_DIR)', directory);
  return addConnectionOptions(command);
}

async function exportEntries(options: ExportOptions): Promise<void> {
  const { after, dataDir } = options;
  if (options.endpoint !== undefined) {
    const connection = readConnection(options, process.env);
    await exportOverHttp(connection, { after }, (entry) => print(`${JSON.stringify(entry)}\n`));
    return;
  }
  for await (const line of readStore(dataDir, after)) await print(line.bytes);
}

async function verify(file: string | undefined, options: VerifyOptions): Promise<void> {
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
  const { compareView } = await import('../storage/metadata/compare-view.ts');
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

function wholeNumber(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function notedEntry(text: string): NotedEntry {
  const [, sequence, hash] = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence !== undefined && hash !== undefined) return { sequence: Number(sequence), hash };
  throw new InvalidArgumentError('It must be a number, a colon, and 64 hex digits.');
}
