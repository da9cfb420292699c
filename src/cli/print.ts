/**
 * What commands show, apart from how: they hand over the server's answer and how a person would
 * want to see it; one printer shows tables and sentences, the other one JSON value for programs.
 *
 * Results go to standard output, everything that is only said goes to standard error, so that a
 * pipe gets results alone. Colour is used on a terminal only, and not when NO_COLOR is set.
 */
import { styleText } from 'node:util';

/** A stream as far as printing goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface Outputs {
  readonly stdout: Output;
  readonly stderr: Output;
}

export type Colour = 'green' | 'red' | 'yellow';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly colour?: (row: Row) => Colour | undefined;
}

export interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Said instead of a table without rows. */
  readonly whenEmpty: string;
}

/** Names and values; those that are undefined are left out. */
export type Facts = Readonly<Record<string, string | undefined>>;

export interface Printer {
  /** Each of these ends one command: `answer` is what a program gets to see. */
  table<Row>(answer: unknown, table: Table<Row>): void;
  facts(answer: unknown, facts: Facts): void;
  /** Lines that are the result as they stand: a policy, commands for a shell. */
  text(answer: unknown, text: string): void;
  /** Something was done and there is nothing to show: a sentence says so. Programs get `{}`. */
  done(sentence: string): void;
  /** A sentence beside the result. */
  note(sentence: string): void;
}

export function createPrinter(
  isJson: boolean,
  outputs: Outputs,
  environment: Readonly<Record<string, string | undefined>>,
): Printer {
  return isJson ? jsonPrinter(outputs) : textPrinter(outputs, !environment.NO_COLOR);
}

function jsonPrinter({ stdout, stderr }: Outputs): Printer {
  const show = (answer: unknown) => void stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return {
    table: show,
    facts: show,
    text: show,
    done: () => show({}),
    note: (sentence) => void stderr.write(`${sentence}\n`),
  };
}

function textPrinter({ stdout, stderr }: Outputs, mayColour: boolean): Printer {
  const isColoured = mayColour && stdout.isTTY === true;
  const say = (sentence: string) => void stderr.write(`${sentence}\n`);
  return {
    table: (_answer, table) => {
      if (table.rows.length === 0) say(table.whenEmpty);
      else stdout.write(formatTable(table, isColoured));
    },
    facts: (_answer, facts) => void stdout.write(formatFacts(facts)),
    text: (_answer, text) => void stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    done: say,
    note: say,
  };
}

const gap = '  ';

/** Columns as wide as their widest cell, titles above, no blanks at the ends of lines. */
export function formatTable<Row>({ columns, rows }: Table<Row>, isColoured: boolean): string {
  const paint = (text: string, style: Colour | 'bold' | undefined) =>
    isColoured && style !== undefined ? styleText(style, text, { validateStream: false }) : text;
  const lines = ['', ...rows.map(() => '')];
  columns.forEach(({ title, cell, colour }, at) => {
    const texts = [title, ...rows.map((row) => oneLine(cell(row)))];
    const isLast = at === columns.length - 1;
    const width = isLast ? 0 : Math.max(...texts.map((text) => text.length));
    texts.forEach((text, line) => {
      const row = rows[line - 1];
      const painted = paint(text, row === undefined ? 'bold' : colour?.(row));
      const blanks = ' '.repeat(Math.max(0, width - text.length));
      lines[line] += `${at === 0 ? '' : gap}${painted}${blanks}`;
    });
  });
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** `name  value`, the values below each other. */
export function formatFacts(facts: Facts): string {
  const shown = Object.entries(facts).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${name.padEnd(width)}${gap}${oneLine(value ?? '')}\n`)
    .join('');
}

/** Text that came from elsewhere must neither break the table nor command the terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
