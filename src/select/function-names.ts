/** The functions of select expressions, and how many values each takes. Source: documented. */
import type { AggregateName, FunctionName } from './expression.ts';

interface FunctionRow {
  readonly name: FunctionName;
  readonly least: number;
  readonly most: number;
}

const functions: readonly FunctionRow[] = [
  { name: 'CHAR_LENGTH', least: 1, most: 1 },
  { name: 'CHARACTER_LENGTH', least: 1, most: 1 },
  { name: 'COALESCE', least: 1, most: 1_000 },
  { name: 'LOWER', least: 1, most: 1 },
  { name: 'NULLIF', least: 2, most: 2 },
  { name: 'SUBSTRING', least: 2, most: 3 },
  { name: 'TRIM', least: 1, most: 1 },
  { name: 'UPPER', least: 1, most: 1 },
];

const aggregates: readonly AggregateName[] = ['AVG', 'COUNT', 'MAX', 'MIN', 'SUM'];

export function readFunctionName(text: string): FunctionRow | undefined {
  return functions.find(({ name }) => name === text.toUpperCase());
}

export function readAggregateName(text: string): AggregateName | undefined {
  return aggregates.find((name) => name === text.toUpperCase());
}
