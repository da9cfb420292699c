/**
 * The records of a CSV that arrives in pieces, in bounded memory: a slice of the input, the records
 * in it, and the one that is not finished.
 *
 * Empty lines are no records, a byte order mark is no part of the first (chosen). Records need not
 * have the same number of fields.
 */
import { setImmediate } from 'node:timers/promises';
import { CsvError, type Options, Parser } from 'csv-parse';
import { type CsvInput, mostRecordBytes } from './csv-format.ts';
import { checkRecordLength } from './record-length.ts';
import { SelectError } from './select-error.ts';

/** Of the input that is parsed in one stretch: some milliseconds of work. */
const sliceBytes = 64 * 1024;
/** Without a record among them. Doubled quotes make a record up to twice as long as its fields. */
const mostUnfinishedBytes = 2 * mostRecordBytes + sliceBytes;

export type RecordFields = readonly string[];

/**
 * The records, many at a time. The first of the archive may be its header: it is like any other.
 * @throws SelectError when the bytes are no such CSV, or a record is too long; whatever `pieces` throws
 */
export async function* readRecords(
  pieces: AsyncIterable<Uint8Array>,
  input: CsvInput,
): AsyncGenerator<RecordFields[], void, undefined> {
  const parser = new Parser(optionsOf(input));
  // Errors arrive with the callback of the write; without a listener they would end the process.
  parser.on('error', () => {});
  const progress = newProgress(parser);
  const checkEncoding = newEncodingCheck();
  try {
    for await (const slice of slicesOf(pieces)) {
      checkEncoding(slice);
      yield* recordsAfter(parser, (done) => parser.write(slice, done));
      progress.checkAfter(slice.length);
      await setImmediate(); // others get their turn
    }
    checkEncoding(undefined);
    yield* recordsAfter(parser, (done) => parser.end(done));
  } finally {
    parser.destroy();
  }
}

function optionsOf(input: CsvInput): Options {
  return {
    bom: true,
    comment: input.comments ?? null,
    comment_no_infix: true,
    delimiter: input.fieldDelimiter,
    escape: input.quoteEscapeCharacter,
    max_record_size: mostRecordBytes,
    quote: input.quoteCharacter,
    record_delimiter: input.recordDelimiter ?? ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
  };
}

async function* slicesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    for (let start = 0; start < bytes.length; start += sliceBytes) {
      yield bytes.subarray(start, start + sliceBytes);
    }
  }
}

/**
 * What the parser makes of what it is given. Records come before an error that stands behind them,
 * so that a LIMIT that is reached ends the job well.
 */
async function* recordsAfter(
  parser: Parser,
  give: (done: (error?: Error | null) => void) => void,
): AsyncGenerator<RecordFields[], void, undefined> {
  let failure: Error | undefined;
  const done = new Promise<void>((resolve) => {
    give((error) => {
      failure = error ?? undefined;
      resolve();
    });
  });
  yield takeRecords(parser);
  await done;
  yield takeRecords(parser);
  if (failure) throw translateError(failure);
}

function takeRecords(parser: Parser): RecordFields[] {
  const records: RecordFields[] = [];
  for (;;) {
    const record = parser.read() as string[] | null;
    if (record === null) return records;
    checkRecordLength(record);
    records.push(record);
  }
}

/** An unfinished record is watched too: one of delimiters only is never too long for the parser. */
function newProgress(parser: Parser) {
  let finished = 0;
  let unfinishedBytes = 0;
  return {
    checkAfter(bytes: number): void {
      const { records, comment_lines, empty_lines } = parser.info;
      const now = records + comment_lines + empty_lines;
      unfinishedBytes = now > finished ? 0 : unfinishedBytes + bytes;
      finished = now;
      if (unfinishedBytes > mostUnfinishedBytes) throw tooLong();
    },
  };
}

function tooLong(): SelectError {
  return new SelectError('OverMaxRecordSize', 'A record of the archive is longer than 1 MB');
}

/** The archive must be UTF-8 (documented). Undefined: it has ended. */
function newEncodingCheck(): (slice: Uint8Array | undefined) => void {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return (slice) => {
    try {
      decoder.decode(slice, { stream: slice !== undefined });
    } catch (error) {
      throw new SelectError('InvalidTextEncoding', 'The archive is not UTF-8', { cause: error });
    }
  };
}

const reasons: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'behind a closing quote stands no delimiter',
  INVALID_OPENING_QUOTE: 'a quote stands within a field that does not begin with one',
};

/** The parser's own messages are left out: they hold the field, which may be long. */
function translateError(error: Error): Error {
  if (!(error instanceof CsvError)) return error;
  if (error.code === 'CSV_MAX_RECORD_SIZE') return tooLong();
  const reason = reasons[error.code] ?? error.code;
  return new SelectError('CSVParsingError', `Line ${String(error.lines)}: ${reason}`);
}
