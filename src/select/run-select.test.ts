import { describe, expect, it } from 'vitest';
import type { CsvInputParameters, CsvOutputParameters } from '../api/select-shapes.ts';
import { runSelect } from './run-select.ts';
import { SelectError } from './select-error.ts';
import { readSelectRequest, type SelectRequest } from './select-request.ts';

/** The long form: FIRN_SCALE_SELECT_MIB=5120. */
const archiveMib = Number(process.env.FIRN_SCALE_SELECT_MIB ?? 16);

const people = 'name,age,City\nanna,30,Bern\nbob,4,"New York, NY"\ncarl,,Bern\n';

interface Formats {
  readonly input?: CsvInputParameters;
  readonly output?: CsvOutputParameters;
}

function requestFor(expression: string, { input, output }: Formats = {}): SelectRequest {
  return readSelectRequest({
    SelectParameters: {
      Expression: expression,
      ExpressionType: 'SQL',
      InputSerialization: { csv: input },
      OutputSerialization: { csv: output },
    },
    OutputLocation: { S3: { BucketName: 'results', Prefix: 'select' } },
  });
}

async function* once(text: string) {
  yield Buffer.from(text);
}

async function select(text: string, expression: string, formats?: Formats): Promise<string> {
  let result = '';
  for await (const chunk of runSelect(once(text), requestFor(expression, formats))) {
    result += Buffer.from(chunk).toString();
  }
  return result;
}

const byName = { input: { FileHeaderInfo: 'USE' } };

async function failure(text: string, expression: string, formats?: Formats): Promise<string> {
  const error: unknown = await select(text, expression, formats).catch((reason) => reason);
  expect(error).toBeInstanceOf(SelectError);
  const { code, message } = error as SelectError;
  return `${code}: ${message}`;
}

describe('a select', () => {
  it.each<[expression: string, result: string, formats?: Formats]>([
    ['select * from archive', people],
    ['select _1 from archive limit 2', 'name\nanna\n'],
    ['select _1 from archive limit 0', ''],
    ['select _1, _9 from archive limit 1', 'name,\n'],
    ['select _9 from archive limit 1', '""\n'],
    ["select s._1 from archive s where s._3 = 'Bern'", 'anna\ncarl\n'],
    ['select _1 from archive where _2 > 5', 'anna\n'],
    ['select *, _1 from archive limit 1', 'name,age,City,name\n'],
    ['select * from archive limit 1', 'anna,30,Bern\n', { input: { FileHeaderInfo: 'IGNORE' } }],
    ['select NAME, s."City" from archive s where age < 30', 'bob,"New York, NY"\n', byName],
    ["select city from archive where name = 'anna'", 'Bern\n', byName],
    ['select name from archive where not (age > 5)', 'bob\n', byName],
    ['select _3 from archive where "name" like \'%n%\'', 'Bern\n', byName],
    ["select upper(name) || '!' as shout from archive limit 1", 'ANNA!\n', byName],
    ['select 1.50, true, null, 2 from archive limit 1', '1.50,true,,2\n'],
    ['select count(*) from archive', '4\n'],
    ['select count(*), count(_9), sum(_9), max(_9) from archive', '4,0,,\n'],
    [
      "select count(*), sum(nullif(age, '')), avg(cast(nullif(age, '') as int)), min(name), max(cast(nullif(age, '') as int)) from archive",
      '3,34,17,anna,30\n',
      byName,
    ],
    ["select count(*) * 2 from archive where city = 'Bern'", '4\n', byName],
    ['select count(*) from archive where false', '0\n'],
    ['select count(*) from archive limit 0', ''],
    [
      'select name, city from archive',
      '"anna"|"Bern";"bob"|"New York, NY";"carl"|"Bern";',
      {
        ...byName,
        output: { FieldDelimiter: '|', RecordDelimiter: ';', QuoteFields: 'ALWAYS' },
      },
    ],
  ])('%s', async (expression, result, formats) => {
    expect(await select(people, expression, formats)).toBe(result);
  });

  it.each<[expression: string, message: string, formats?: Formats]>([
    [
      'select cast(_2 as int) from archive',
      'CastFailed: Record 1: "age" (STRING) cannot be cast to INT',
    ],
    [
      'select cast(age as int) from archive',
      'CastFailed: Record 4: "" (STRING) cannot be cast to INT',
      byName,
    ],
    ['select sum(_2) from archive', 'InvalidDataType: Record 1: "age" (STRING) is not a number'],
    [
      'select * from archive where _1',
      'InvalidDataType: Record 1: "name" (STRING) is neither true nor false',
    ],
    [
      'select town from archive',
      'MissingHeaders: Record 1: The header has no column "town"',
      byName,
    ],
    [
      'select "CITY" from archive',
      'MissingHeaders: Record 1: The header has no column "CITY"',
      byName,
    ],
  ])('%s fails', async (expression, message, formats) => {
    expect(await failure(people, expression, formats)).toBe(message);
  });

  it('does not choose among columns of one name', async () => {
    const text = 'id,Id,x\n1,2,3\n';
    expect(await failure(text, 'select id from archive', byName)).toBe(
      'AmbiguousFieldName: Record 1: The header has more than one column "id"',
    );
    expect(await select(text, 'select "Id", x from archive', byName)).toBe('2,3\n');
  });

  it('counts nothing when there is nothing', async () => {
    expect(await select('', 'select count(*) from archive')).toBe('0\n');
    expect(await select('', 'select * from archive')).toBe('');
    expect(await select('a,b\n', 'select count(a) from archive', byName)).toBe('0\n');
  });

  it('has numbers of its own for records', async () => {
    const numbers: number[] = [];
    const request = requestFor('select * from archive limit 2');
    for await (const _ of runSelect(once(people), request, (it) => numbers.push(it)));
    expect(numbers).toEqual([1, 2]);
  });

  it('reads no more than its limit needs', async () => {
    let pieces = 0;
    async function* endless() {
      for (;;) {
        pieces += 1;
        yield Buffer.from('a,b\n'.repeat(10_000));
      }
    }
    for await (const _ of runSelect(endless(), requestFor('select _1 from archive limit 5')));
    expect(pieces).toBe(1);
  });

  it('does not join texts without end', async () => {
    const longer = Array(20).fill('_1').join(' || ');
    const message = 'OverMaxRecordSize: Record 1: What || joins is longer than 1 MB';
    expect(await failure('x'.repeat(100_000), `select char_length(${longer}) from archive`)).toBe(
      message,
    );
  });

  it('does not look at one record for ever', async () => {
    const record = `${'a'.repeat(1_000_000)}\n`;
    const pattern = `%${'a'.repeat(1_000)}b`;
    const like = Array(100).fill(`_1 like '${pattern}'`).join(' or ');
    expect(await select(record, `select count(*) from archive where _1 like '${pattern}'`)).toBe(
      '0\n',
    );
    expect(await failure(`x\n${record}`, `select count(*) from archive where ${like}`)).toBe(
      'OverMaxRecordSize: Record 2: The record is too long for so much LIKE and functions',
    );
  });

  it('reads on only as results are taken', async () => {
    const piece = Buffer.from('anna,some longer text to be copied\n'.repeat(25_000));
    let pieces = 0;
    async function* endless() {
      for (;;) {
        pieces += 1;
        yield piece;
      }
    }
    let resultBytes = 0;
    for await (const chunk of runSelect(endless(), requestFor('select * from archive'))) {
      resultBytes += chunk.length;
      expect(pieces).toBeLessThanOrEqual(Math.ceil(resultBytes / piece.length) + 1);
      if (resultBytes > 3 * piece.length) break;
    }
  });

  it(`takes memory for a slice, not for an archive of ${archiveMib} MiB`, async () => {
    const record = '12345,anna,some longer text to be copied\n';
    const piece = Buffer.from(record.repeat(Math.floor((1024 * 1024) / record.length)));
    async function* archive() {
      for (let index = 0; index < archiveMib; index += 1) yield piece;
    }
    const request = requestFor('select _1, _2, _3 from archive where _1 > 100');
    const before = process.memoryUsage().rss;
    let [resultBytes, mostRss] = [0, 0];
    for await (const chunk of runSelect(archive(), request)) {
      resultBytes += chunk.length;
      mostRss = Math.max(mostRss, process.memoryUsage().rss);
    }
    expect(resultBytes).toBe(archiveMib * piece.length);
    expect(mostRss - before).toBeLessThan(100 * 1024 * 1024);
  }, 3_600_000);
});
