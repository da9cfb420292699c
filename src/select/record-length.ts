/** How long a record may be, read or written. */
import { mostRecordBytes } from './csv-format.ts';
import { SelectError } from './select-error.ts';

/** Of a record (documented). */
const mostFields = 1_048_576;
/** A UTF-16 code unit is at most this many bytes of UTF-8. */
const mostBytesPerUnit = 3;

/**
 * Counts the fields and one delimiter behind each. The bytes of a short record are not counted.
 * @throws SelectError when it has too many fields, or is longer than 1 MB
 */
export function checkRecordLength(fields: readonly string[]): void {
  if (fields.length > mostFields) {
    throw new SelectError('OverMaxColumn', `A record has more than ${mostFields} fields`);
  }
  let units = 0;
  for (const field of fields) units += field.length + 1;
  if (units * mostBytesPerUnit <= mostRecordBytes) return;
  const bytes = fields.reduce((sum, field) => sum + Buffer.byteLength(field) + 1, 0);
  // The last delimiter ends the record and is no part of it.
  if (bytes - 1 > mostRecordBytes) {
    throw new SelectError('OverMaxRecordSize', 'A record is longer than 1 MB');
  }
}
