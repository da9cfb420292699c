import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CsvInput } from './csv-format.ts';
import { readRecords } from './read-records.ts';
import { SelectError } from './select-error.ts';

const plain: CsvInput = {
  comments: undefined,
  fieldDelimiter: ',',
  fileHeaderInfo: 'NONE',
  quoteCharacter: '"',
  quoteEscapeCharacter: '"',
  recordDelimiter: undefined,
};

async function* inPieces(bytes: Uint8Array, pieceBytes = bytes.length) {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

async function recordsOf(pieces: AsyncIterable<Uint8Array>, input: Partial<CsvInput> = {}) {
  const all: (readonly string[])[] = [];
  for await (const records of readRecords(pieces, { ...plain, ...input })) all.push(...records);
  return all;
}

const read = (text: string, input?: Partial<CsvInput>) =>
  recordsOf(inPieces(Buffer.from(text)), input);

async function failure(pieces: AsyncIterable<Uint8Array>, input?: Partial<CsvInput>) {
  const error: unknown = await recordsOf(pieces, input).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SelectError);
  const { code, message } = error as SelectError;
  return `${code}: ${message}`;
}

describe('records', () => {
  it.each<[what: string, text: string, records: string[][], input?: Partial<CsvInput>]>([
    ['nothing', '', []],
    [
      'lines',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'no delimiter at the end',
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['CR LF, and both', 'a\r\nb\nc\r\n', [['a'], ['b'], ['c']]],
    ['a CR alone is text', 'a\rb\n', [['a\rb']]],
    [
      'empty fields',
      ',\n,,\n',
      [
        ['', ''],
        ['', '', ''],
      ],
    ],
    ['empty lines are none', 'a\n\n\r\nb\n', [['a'], ['b']]],
    ['a quoted empty field is one', '""\n', [['']]],
    ['blanks are kept', ' a , b \n', [[' a ', ' b ']]],
    ['quotes', '"a,b","c\nd","e ""f"""\n', [['a,b', 'c\nd', 'e "f"']]],
    ['a byte order mark', '\ufeff"a",b\n', [['a', 'b']]],
    ['records of different lengths', 'a\nb,c\n', [['a'], ['b', 'c']]],
    [
      'other delimiters',
      'a|b;c|d;',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      { fieldDelimiter: '|', recordDelimiter: ';' },
    ],
    [
      'delimiters of many characters',
      'a||b<>\nc||d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      { fieldDelimiter: '||', recordDelimiter: '<>\n' },
    ],
    [
      'other quotes',
      "'a,b',\"c\n",
      [['a,b', '"c']],
      { quoteCharacter: "'", quoteEscapeCharacter: "'" },
    ],
    ['another escape', '"a\\"b","c\\\\d"\n', [['a"b', 'c\\d']], { quoteEscapeCharacter: '\\' }],
    [
      'characters of many bytes',
      '«a€b«€c\n',
      [['a€b', 'c']],
      { fieldDelimiter: '€', quoteCharacter: '«', quoteEscapeCharacter: '«' },
    ],
    ['comments', '#x\na,#b\n #c\n#d', [['a', '#b'], [' #c']], { comments: '#' }],
    ['no comments by default', '#x\n', [['#x']]],
    ['comments that hold a quote', '#"\na\n', [['a']], { comments: '#' }],
  ])('%s', async (_what, text, records, input) => {
    expect(await read(text, input)).toEqual(records);
    expect(await recordsOf(inPieces(Buffer.from(text), 1), input)).toEqual(records);
  });

  it.each<[what: string, text: string, message: string]>([
    ['a quote that is not closed', 'a\n"b', 'CSVParsingError: Line 2: a quote is not closed'],
    [
      'text behind a quote',
      'a\n"b"c\n',
      'CSVParsingError: Line 2: behind a closing quote stands no delimiter',
    ],
    [
      'a quote within',
      'a"b\n',
      'CSVParsingError: Line 1: a quote stands within a field that does not begin with one',
    ],
  ])('are refused with %s', async (_what, text, message) => {
    expect(await failure(inPieces(Buffer.from(text)))).toBe(message);
  });

  it('come before an error behind them', async () => {
    const records = readRecords(inPieces(Buffer.from('a\nb"c\n')), plain);
    expect(await records.next()).toEqual({ done: false, value: [['a']] });
    await records.return();
  });

  it('must be UTF-8, over the edges of pieces too', async () => {
    const message = 'InvalidTextEncoding: The archive is not UTF-8';
    expect(await failure(inPieces(Buffer.from([0x61, 0xff, 0x0a])))).toBe(message);
    expect(await failure(inPieces(Buffer.from([0x61, 0xe2, 0x82])))).toBe(message);
    expect(await recordsOf(inPieces(Buffer.from('€\n'), 1))).toEqual([['€']]);
  });

  it('are the same whatever the pieces', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '\n', '"', '€', ' '), maxLength: 5 });
    const records = fc.array(fc.array(field, { minLength: 2, maxLength: 3 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 9 }), async (wanted, pieceBytes) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = wanted.map((it) => `${it.map(quoted).join(',')}\n`).join('');
        expect(await recordsOf(inPieces(Buffer.from(text), pieceBytes))).toEqual(wanted);
      }),
    );
  });

  it('pass on what the pieces throw, and end them when they are not wanted any more', async () => {
    let isEnded = false;
    async function* broken() {
      try {
        yield Buffer.from('a\nb\nc\nd\n');
        throw new Error('the disk is gone');
      } finally {
        isEnded = true;
      }
    }
    await expect(recordsOf(broken())).rejects.toThrow('the disk is gone');
    isEnded = false;
    for await (const [record] of readRecords(broken(), plain)) if (record) break;
    expect(isEnded).toBe(true);
  });
});

describe('long records', () => {
  const mebibyte = 1024 * 1024;
  const tooLong = 'OverMaxRecordSize';

  it.each<[what: string, record: string, isTooLong: boolean]>([
    ['1 MB', 'x'.repeat(mebibyte), false],
    ['1 MB and a byte', 'x'.repeat(mebibyte + 1), true],
    ['1 MB in two fields', `${'x'.repeat(mebibyte / 2)},${'y'.repeat(mebibyte / 2 - 1)}`, false],
    ['a byte more in two fields', `${'x'.repeat(mebibyte / 2)},${'y'.repeat(mebibyte / 2)}`, true],
    ['1 MB of quotes, doubled', `"${'""'.repeat(mebibyte)}"`, false],
    ['more in bytes than in characters', '€'.repeat(mebibyte / 2), true],
    ['1 MB of delimiters', ','.repeat(mebibyte - 1), false],
  ])('%s', async (_what, record, isTooLong) => {
    const bytes = Buffer.from(`a\n${record}\nb\n`);
    const result = recordsOf(inPieces(bytes, 100_000));
    if (isTooLong) await expect(result).rejects.toMatchObject({ code: tooLong });
    else expect((await result).length).toBe(3);
  });

  it.each(['x', ',', '"'])('that never end are given up early: %s', async (character) => {
    let pieces = 0;
    async function* endless() {
      yield Buffer.from('"');
      for (; pieces < 100; pieces += 1) yield Buffer.alloc(mebibyte, character);
    }
    async function* unquoted() {
      for (; pieces < 100; pieces += 1) yield Buffer.alloc(mebibyte, character);
    }
    const message = await failure(character === '"' ? endless() : unquoted());
    expect(message).toMatch(/^OverMax(?:RecordSize|Column)/);
    expect(pieces).toBeLessThan(5);
  });
});
