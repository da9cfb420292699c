/** A select job at work: from the bytes of the archive to the bytes of the results. */
import { setImmediate } from 'node:timers/promises';
import type { Aggregate } from './aggregate.ts';
import type { CsvInput } from './csv-format.ts';
import { Effort } from './effort.ts';
import {
  compileExpression,
  type Evaluate,
  type Fields,
  type Frame,
} from './evaluate-expression.ts';
import type { Column, Query } from './expression.ts';
import { parseExpression } from './parse-expression.ts';
import { readRecords } from './read-records.ts';
import { SelectError } from './select-error.ts';
import type { SelectRequest } from './select-request.ts';
import { textOf, truthOf } from './value.ts';
import { newRecordFormat } from './write-records.ts';

/** Results are handed on when they are this long, and always whole records. */
const chunkBytes = 64 * 1024;

/**
 * Memory does not grow with the archive. When LIMIT is reached, no more of it is read.
 *
 * @param pieces the archive's bytes, in order
 * @param onRecord told of each record that was read, counted from 1, the header included
 * @returns the results as CSV, in chunks of whole records
 * @throws SelectError when the data do not fit the request; whatever `pieces` throws
 */
export async function* runSelect(
  pieces: AsyncIterable<Uint8Array>,
  request: SelectRequest,
  onRecord?: (recordNumber: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const query = parseExpression(request.expression, request.input.fileHeaderInfo === 'USE');
  const format = newRecordFormat(request.output);
  let text = '';
  const effort = new Effort(request.expression);
  const selection = newSelection(query, request.input, effort);
  const records = readRecords(pieces, request.input);
  for await (const record of selectRecords(records, selection, effort, onRecord)) {
    text += format(record);
    if (text.length < chunkBytes) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

async function* selectRecords(
  read: AsyncIterable<readonly Fields[]>,
  selection: Selection,
  effort: Effort,
  onRecord: ((recordNumber: number) => void) | undefined,
): AsyncGenerator<Fields, void, undefined> {
  if (selection.isFull()) return;
  let recordNumber = 0;
  for await (const records of read) {
    for (const fields of records) {
      recordNumber += 1;
      onRecord?.(recordNumber);
      const selected = inRecord(recordNumber, () => selection.take(fields));
      if (selected) yield selected;
      if (selection.isFull()) return;
      if (effort.endRecord()) await setImmediate();
    }
  }
  const total = selection.finish();
  if (total) yield total;
}

function inRecord<Result>(recordNumber: number, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof SelectError ? error.inRecord(recordNumber) : error;
  }
}

interface Selection {
  /** @returns what comes out for this record, if anything does */
  take(fields: Fields): Fields | undefined;
  /** Whether nothing can come out any more. */
  isFull(): boolean;
  /** @returns what comes out behind the last record, if anything does */
  finish(): Fields | undefined;
}

function newSelection(query: Query, input: CsvInput, effort: Effort): Selection {
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  let isHeaderDue = input.fileHeaderInfo !== 'NONE';
  let program = isHeaderDue ? undefined : compileQuery(query, [], effort);
  let count = 0;
  const take = (fields: Fields): Fields | undefined => {
    if (isHeaderDue || !program) {
      isHeaderDue = false;
      program = compileQuery(query, fields, effort);
      return undefined;
    }
    if (!program.accepts(fields)) return undefined;
    if (!query.isAggregate) count += 1;
    return program.select(fields);
  };
  return {
    take,
    isFull: () => count >= limit,
    finish: () =>
      query.isAggregate ? (program ?? compileQuery(query, [], effort)).total() : undefined,
  };
}

interface Program {
  accepts(fields: Fields): boolean;
  /** Of an aggregate query: takes the record in, and nothing comes out yet. */
  select(fields: Fields): Fields | undefined;
  total(): Fields;
}

/** @throws SelectError when a column is named that the header does not have */
function compileQuery(query: Query, header: Fields, effort: Effort): Program {
  const aggregates: { readonly aggregate: Aggregate; readonly operand: Evaluate | undefined }[] =
    [];
  const frame: Frame = {
    placeOf: (column) => placeIn(header, column),
    onAggregate: (aggregate, operand) => aggregates.push({ aggregate, operand }),
    effort,
  };
  const where = query.where && compileExpression(query.where, frame);
  const items = query.items.map((it) => (it === '*' ? undefined : compileExpression(it, frame)));
  const [first, ...others] = items;
  const isWhole = first === undefined && others.length === 0;
  const selectItems = (fields: Fields): Fields =>
    items.flatMap((item) => (item ? [textOf(item(fields))] : fields));
  const add = (fields: Fields): undefined => {
    for (const { aggregate, operand } of aggregates)
      aggregate.add(operand ? operand(fields) : true);
  };
  return {
    accepts: (fields) => where === undefined || truthOf(where(fields)) === true,
    select: query.isAggregate ? add : isWhole ? (fields) => fields : selectItems,
    total: () => selectItems([]),
  };
}

/** Names that are not quoted compare without case (documented). */
function placeIn(header: Fields, column: Column): number {
  if (column.kind === 'place') return column.index;
  const { name, isQuoted } = column;
  const isNamed = (field: string): boolean => (isQuoted ? field : field.toLowerCase()) === name;
  const place = header.findIndex(isNamed);
  if (place === -1) {
    throw new SelectError('MissingHeaders', `The header has no column ${JSON.stringify(name)}`);
  }
  if (header.findLastIndex(isNamed) !== place) {
    const message = `The header has more than one column ${JSON.stringify(name)}`;
    throw new SelectError('AmbiguousFieldName', message);
  }
  return place;
}
