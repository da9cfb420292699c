/**
 * `firn audit`: who did or tried what, and that nobody has changed the record of it.
 *
 * It reads the store's journal, offline or beside a running server, and changes nothing; with
 * `--endpoint` it asks a server instead.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { addConnectionOptions, commandGroup, orExplain } from '../cli/client-command.ts';
import type { NotedEntry } from '../storage/metadata/verify-journal.ts';
import type { ExportOptions, VerifyOptions } from './audit-journal.ts';

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
    .action((options: ExportOptions) =>
      orExplain(async () => (await loadWork()).exportEntries(options)),
    );
  const verifying = audit
    .command('verify')
    .description('read every entry, check the chain through them, and compare the rows with them')
    .argument('[FILE]', 'an exported file, in the place of a store')
    .option('--expect <SEQUENCE:HASH>', 'an entry that was noted elsewhere', notedEntry);
  addPlaces(verifying)
    .addHelpText('after', verifyExamples)
    .action((file: string | undefined, options: VerifyOptions) =>
      orExplain(async () => (await loadWork()).verify(file, options)),
    );
}

function addPlaces(command: Command): Command {
  const directory = process.env.FIRN_DATA_DIR || './firn-data';
  command.option('--data-dir <DIR>', 'the store (FIRN_DATA_DIR)', directory);
  return addConnectionOptions(command);
}

/** What reads and signs is loaded when a command runs, so that no other waits for it. */
function loadWork() {
  return import('./audit-journal.ts');
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
