/** Results for people (Markdown, readable as it stands) and for programs (JSON). */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { RowResult } from './run-row.ts';
import type { Sizes } from './stage.ts';

export interface Results {
  /** Of the run, in UTC. */
  readonly date: string;
  readonly form: 'full' | 'quick';
  readonly sizes: Sizes;
  readonly machine: Machine;
  readonly rows: readonly RowResult[];
}

const resultsDirectory = join(import.meta.dirname, 'results');

/** Replaces the results of the run before. */
export async function writeResults(results: Results): Promise<void> {
  await mkdir(resultsDirectory, { recursive: true });
  await replaceFile('latest.json', `${JSON.stringify(results, null, 2)}\n`);
  await replaceFile('latest.md', formatResults(results));
}

async function replaceFile(name: string, text: string): Promise<void> {
  const path = join(resultsDirectory, name);
  await writeFile(`${path}.tmp`, text);
  await rename(`${path}.tmp`, path);
}

export function formatResults(results: Results): string {
  const { form, sizes, machine } = results;
  return `${[
    '# Throughput, as ratios',
    introduction(form, sizes),
    Object.entries(machine)
      .map(([name, value]) => `- ${factNames[name as keyof Machine]}: ${value}`)
      .join('\n'),
    '## Firn against what the machine can do',
    ratioTable(results.rows),
    '## What it cost the server',
    'A new server process for every row: the most memory it ever had resident above what it had before the first request, and how many cores were busy with it while it was measured (the client runs on the same cores).',
    costTable(results.rows),
  ].join('\n\n')}\n`;
}

function introduction(form: Results['form'], { rounds, largeBytes, spanSeconds }: Sizes): string {
  const command = form === 'full' ? 'npm run bench' : 'npm run bench -- --quick';
  return `Made by \`${command}\`. Each ratio is the rate of Firn divided by that of the limit or peer, measured one right after the other on the same machine; given are the median of ${rounds} such pairs, the least and the greatest. The rates (medians) only say what a ratio was made of: they are those of this one machine, with the client on the same cores. A large archive has ${largeBytes / 2 ** 20} MiB; requests are counted over ${spanSeconds} s. Every flush, every hash and every signature check is on.`;
}

const factNames: Record<keyof Machine, string> = {
  processor: 'processor',
  cores: 'cores',
  memoryGib: 'memory in GiB',
  system: 'system',
  node: 'Node',
  openssl: 'OpenSSL',
  fileSystem: 'file system',
};

function ratioTable(rows: readonly RowResult[]): string {
  const lines = rows.flatMap(({ id, title, unit, comparisons }) =>
    comparisons.map(({ peer, peerRate, firnRate, ratios, ratio }, index) => [
      index === 0 ? `${id}: ${title}` : '',
      `${peer}: ${formatRate(peerRate)} ${unit}`,
      `${formatRate(firnRate)} ${unit}`,
      formatRatio(ratio),
      `${formatRatio(Math.min(...ratios))}–${formatRatio(Math.max(...ratios))}`,
    ]),
  );
  return formatTable(['row', 'limit or peer', 'Firn', 'ratio', 'min–max'], lines);
}

function costTable(rows: readonly RowResult[]): string {
  const lines = rows.map((row) => [
    row.id,
    formatMemory(row.idleMemoryBytes),
    formatMemory(row.memoryAboveIdleBytes),
    row.coresBusy === null ? '–' : row.coresBusy.toFixed(2),
  ]);
  return formatTable(['row', 'idle', 'peak above idle', 'cores busy'], lines);
}

function formatRate(rate: number): string {
  return rate >= 1000 ? String(Math.round(rate)) : rate.toPrecision(3);
}

function formatRatio(ratio: number): string {
  return ratio.toFixed(2);
}

function formatMemory(bytes: number | null): string {
  return bytes === null ? '–' : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** A Markdown table whose columns are aligned in plain text, too. */
function formatTable(names: readonly string[], lines: readonly string[][]): string {
  const widths = names.map((name, column) =>
    Math.max(name.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [names, rule, ...lines].map(format).join('\n');
}
