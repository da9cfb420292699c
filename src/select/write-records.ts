/**
 * The results of a select job as CSV. Read with the same characters, and no comments, it gives the
 * same records.
 */
import type { CsvOutput } from './csv-format.ts';
import { checkRecordLength } from './record-length.ts';

/** @returns one record, its delimiter included */
export type FormatRecord = (fields: readonly string[]) => string;

/** Throws SelectError, when it is called, for a record that is too long. */
export function newRecordFormat(output: CsvOutput): FormatRecord {
  const formatField = newFieldFormat(output);
  const emptyRecord = `${quoted('', output)}${output.recordDelimiter}`;
  return (fields) => {
    checkRecordLength(fields);
    // A record of one empty field would be an empty line, which readers take for no record.
    if (fields.length === 1 && fields[0] === '') return emptyRecord;
    return fields.map(formatField).join(output.fieldDelimiter) + output.recordDelimiter;
  };
}

function newFieldFormat(output: CsvOutput): (field: string) => string {
  if (output.quoteFields === 'ALWAYS') return (field) => quoted(field, output);
  const { fieldDelimiter, recordDelimiter, quoteCharacter } = output;
  // What a delimiter begins with is enough: the field's end and the delimiter could make another.
  const reasons = [quoteCharacter, '\n', '\r', fieldDelimiter.charAt(0), recordDelimiter.charAt(0)];
  return (field) => (reasons.some((it) => field.includes(it)) ? quoted(field, output) : field);
}

function quoted(field: string, { quoteCharacter, quoteEscapeCharacter }: CsvOutput): string {
  let text = field;
  // The escape first: those that stand before quotes must not be escaped themselves.
  if (quoteEscapeCharacter !== quoteCharacter) {
    text = text.replaceAll(quoteEscapeCharacter, quoteEscapeCharacter + quoteEscapeCharacter);
  }
  const inner = text.replaceAll(quoteCharacter, () => quoteEscapeCharacter + quoteCharacter);
  return quoteCharacter + inner + quoteCharacter;
}
