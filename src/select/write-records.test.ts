import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CsvOutput } from './csv-format.ts';
import { readRecords } from './read-records.ts';
import { newRecordFormat } from './write-records.ts';

const plain: CsvOutput = {
  fieldDelimiter: ',',
  quoteCharacter: '"',
  quoteEscapeCharacter: '"',
  quoteFields: 'ASNEEDED',
  recordDelimiter: '\n',
};

describe('a record', () => {
  it.each<[fields: string[], text: string, output?: Partial<CsvOutput>]>([
    [['a', 'b c', ''], 'a,b c,\n'],
    [['a,b', 'c"d', 'e\nf', 'g\rh'], '"a,b","c""d","e\nf","g\rh"\n'],
    [[''], '""\n'],
    [['', ''], ',\n'],
    [['a', '1', ''], '"a","1",""\n', { quoteFields: 'ALWAYS' }],
    [['a;b', 'c,d'], '"a;b";c,d|', { fieldDelimiter: ';', recordDelimiter: '|' }],
    [["it's", 'b"c'], "'it\\'s',b\"c\n", { quoteCharacter: "'", quoteEscapeCharacter: '\\' }],
    [['a\\b', 'a\\,b'], 'a\\b,"a\\\\,b"\n', { quoteEscapeCharacter: '\\' }],
    [['a$b"'], '"a$b$""\n'.replace('$b', '$$b'), { quoteEscapeCharacter: '$' }],
  ])('%j is written %j', (fields, text, output) => {
    expect(newRecordFormat({ ...plain, ...output })(fields)).toBe(text);
  });

  it('may be 1 MB long, without its quotes', () => {
    const format = newRecordFormat({ ...plain, quoteFields: 'ALWAYS' });
    expect(format(['x'.repeat(1024 * 1024)])).toHaveLength(1024 * 1024 + 3);
    expect(() => format(['x'.repeat(1024 * 1024 + 1)])).toThrow('longer than 1 MB');
    expect(() => format(Array(1_048_577).fill(''))).toThrow('more than 1048576 fields');
  });

  it('is read as it was written', async () => {
    const letter = fc.constantFrom('a', ',', ';', '"', "'", '\\', '\n', '\r', '|', '€', ' ');
    const field = fc.string({ unit: letter, maxLength: 4 });
    const records = fc.array(fc.array(field, { minLength: 1, maxLength: 3 }), { maxLength: 4 });
    const output = fc.record<CsvOutput>({
      fieldDelimiter: fc.constantFrom(',', ';', '€€'),
      quoteCharacter: fc.constantFrom('"', "'"),
      quoteEscapeCharacter: fc.constantFrom('"', "'", '\\'),
      quoteFields: fc.constantFrom('ALWAYS', 'ASNEEDED'),
      recordDelimiter: fc.constantFrom('\n', '\r\n', '|'),
    });
    await fc.assert(
      fc.asyncProperty(records, output, async (wanted, format) => {
        const text = wanted.map(newRecordFormat(format)).join('');
        const input = { ...format, comments: undefined, fileHeaderInfo: 'NONE' as const };
        const read: (readonly string[])[] = [];
        for await (const some of readRecords(once(text), input)) read.push(...some);
        expect(read).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });
});

async function* once(text: string) {
  yield Buffer.from(text);
}
