import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Column, createPrinter, formatFacts, formatTable } from './print.ts';

interface Row {
  readonly name: string;
  readonly state: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  {
    title: 'STATE',
    cell: ({ state }) => state,
    colour: ({ state }) => (state === 'bad' ? 'red' : undefined),
  },
];
const rows = [
  { name: 'a', state: 'bad' },
  { name: 'longer', state: 'good' },
];
const table = { columns, rows, whenEmpty: 'There is nothing.' };

function createOutputs(isTTY = false) {
  const written = { stdout: '', stderr: '' };
  const outputOf = (name: 'stdout' | 'stderr') => ({
    isTTY,
    write: (text: string) => {
      written[name] += text;
    },
  });
  return { written, outputs: { stdout: outputOf('stdout'), stderr: outputOf('stderr') } };
}

describe('a table', () => {
  it('has aligned columns and no blanks at the ends', () => {
    expect(formatTable(table, false)).toBe('NAME    STATE\na       bad\nlonger  good\n');
  });

  it('keeps its form whatever is in the cells', () => {
    const hostile = [{ name: 'a\nb\u001b[2Jc', state: '' }];
    expect(formatTable({ ...table, rows: hostile }, false)).toBe('NAME      STATE\na b [2Jc\n');
  });

  it('has its colours beside the text, so that columns stay aligned', () => {
    const coloured = formatTable(table, true);
    expect(coloured).toContain('\u001b[31mbad\u001b[39m');
    expect(stripVTControlCharacters(coloured)).toBe(formatTable(table, false));
  });
});

it('facts stand below each other, without those that are unknown', () => {
  expect(formatFacts({ id: '7', 'a name': 'x\ty', none: undefined })).toBe(
    'id      7\na name  x y\n',
  );
});

describe('the printer for people', () => {
  it('writes results to one stream and sentences to the other', () => {
    const { written, outputs } = createOutputs();
    const printer = createPrinter(false, outputs, {});
    printer.table([], table);
    printer.facts({}, { id: '7' });
    printer.text({}, 'as it is');
    printer.text({}, 'a line\n');
    printer.note('By the way.');
    printer.done('Done.');
    expect(written).toEqual({
      stdout: `${formatTable(table, false)}id  7\nas it is\na line\n`,
      stderr: 'By the way.\nDone.\n',
    });
  });

  it('says so when there is nothing to show', () => {
    const { written, outputs } = createOutputs();
    createPrinter(false, outputs, {}).table([], { ...table, rows: [] });
    expect(written).toEqual({ stdout: '', stderr: 'There is nothing.\n' });
  });

  it('has colours on a terminal, unless NO_COLOR is set', () => {
    const hasColour = (isTTY: boolean, environment: Record<string, string>) => {
      const { written, outputs } = createOutputs(isTTY);
      createPrinter(false, outputs, environment).table([], table);
      return written.stdout.includes('\u001b');
    };
    expect(hasColour(true, {})).toBe(true);
    expect(hasColour(true, { NO_COLOR: '1' })).toBe(false);
    expect(hasColour(false, {})).toBe(false);
  });
});

describe('the printer for programs', () => {
  it.each([
    ['a table', { rows }, { rows }],
    ['an empty table', { rows: [] }, { rows: [] }],
  ])('writes the answer whole: %s', (_what, answer, expected) => {
    const { written, outputs } = createOutputs(true);
    createPrinter(true, outputs, {}).table(answer, { ...table, rows: answer.rows });
    expect(JSON.parse(written.stdout)).toEqual(expected);
    expect(written.stderr).toBe('');
  });

  it('writes one JSON value whatever the command ends with', () => {
    const ends = [
      (printer: ReturnType<typeof createPrinter>) => printer.facts({ a: 1 }, { b: '2' }),
      (printer: ReturnType<typeof createPrinter>) => printer.text({ a: 1 }, 'text'),
      (printer: ReturnType<typeof createPrinter>) => printer.done('Done.'),
    ];
    const values = ends.map((end) => {
      const { written, outputs } = createOutputs();
      const printer = createPrinter(true, outputs, {});
      end(printer);
      printer.note('Aside.');
      expect(written.stderr).toBe('Aside.\n');
      return JSON.parse(written.stdout);
    });
    expect(values).toEqual([{ a: 1 }, { a: 1 }, {}]);
  });
});
