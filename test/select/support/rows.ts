/** Rows of which tests compute by themselves what a select finds, and their CSV. */

export interface Row {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  /** In hundredths. */
  readonly amount: number;
}

/** Commas, quotes, line ends, blanks, letters of more than one byte, and nothing. */
const names = ['anna', 'bob, b', 'the "cat"', 'Jürgen', '値 😀', 'two\nlines', ' padded ', ''];
const cities = ['Graz', 'Linz', 'Wien'];

/** So many rows, always the same. */
export function rowsOf(count: number): readonly Row[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: names[id % names.length] ?? '',
    city: cities[(id * 7) % cities.length] ?? '',
    amount: (id * 7919) % 100_000,
  }));
}

/** `12.30` */
export function decimal(hundredths: number): string {
  return (hundredths / 100).toFixed(2);
}

export const header = ['id', 'name', 'City', 'amount'];

export function fieldsOf({ id, name, city, amount }: Row): readonly string[] {
  return [String(id), name, city, decimal(amount)];
}

/** As RFC 4180 has it; a record of one empty field is between quotes. */
export function toCsv(records: readonly (readonly string[])[]): string {
  return records.map((fields) => `${fields.map(toField).join(',') || '""'}\n`).join('');
}

function toField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
