/**
 * How fast Firn is, as ratios to what the machine can do in the same run: `npm run bench`.
 *
 * Every row starts the real server on a new store, over the loopback address, with a client that
 * costs little, and measures it in pairs with the limits of the machine or with peers. Only the
 * ratios mean something: absolute figures are those of one machine on one day. Nothing here passes
 * or fails.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/prepare.mjs';
import { describeMachine } from './machine.ts';
import { formatResults, type Results, writeResults } from './report.ts';
import { rows } from './rows.ts';
import { type RowResult, runRow } from './run-row.ts';
import { makeScratchDirectory } from './scratch.ts';
import { fullSizes, quickSizes, Stage } from './stage.ts';

const usage = `npm run bench -- [--quick] [--only ROW]… [--dir DIR] [--profile DIR]

  --quick        smaller sizes and fewer rounds, under two minutes
  --only ROW     this row alone, or those whose names begin so; writes no results
  --dir DIR      where the store and the files lie (default: the system's temporary directory)
  --profile DIR  leave CPU profiles of the servers' main threads there; two for every row, the
                 first of the preparation; writes no results

Rows: ${rows.map(({ id }) => id).join(', ')}
`;

interface Options {
  readonly isQuick: boolean;
  readonly only: readonly string[];
  readonly parentDirectory: string;
  readonly profileDirectory: string | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      dir: { type: 'string', default: tmpdir() },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, only, dir, profile, help } = values;
  const unknown = only.find((name) => !rows.some(({ id }) => id.startsWith(name)));
  if (help || unknown !== undefined) {
    process.stderr.write(unknown === undefined ? usage : `There is no row ${unknown}.\n\n${usage}`);
    process.exit(help ? 0 : 2);
  }
  return { isQuick: quick, only, parentDirectory: dir, profileDirectory: profile };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function runRows(options: Options): Promise<Results> {
  const { isQuick, only, parentDirectory, profileDirectory } = options;
  const sizes = isQuick ? quickSizes : fullSizes;
  const chosen = rows.filter(
    ({ id }) => only.length === 0 || only.some((name) => id.startsWith(name)),
  );
  const directory = makeScratchDirectory(parentDirectory);
  const results: RowResult[] = [];
  for (const [index, row] of chosen.entries()) {
    say(`[${index + 1}/${chosen.length}] ${row.id}: ${row.title}`);
    results.push(await runRow(row, new Stage({ sizes, directory, profileDirectory })));
  }
  return {
    date: new Date().toISOString(),
    form: isQuick ? 'quick' : 'full',
    sizes,
    machine: await describeMachine(directory),
    rows: results,
  };
}

const options = readOptions();
ensureBuilt();
const results = await runRows(options);
process.stdout.write(formatResults(results));
if (options.only.length === 0 && options.profileDirectory === undefined) {
  await writeResults(results);
  say(`Written to ${join('bench', 'results', 'latest.md')} and latest.json`);
}
