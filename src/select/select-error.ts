/**
 * What goes wrong with the data of a select job while it runs: the job fails, and the results carry
 * an error object. The codes are those of Amazon's SQL reference where it has one (documented).
 */
export type SelectErrorCode =
  | 'AmbiguousFieldName'
  | 'CastFailed'
  | 'CSVParsingError'
  | 'DivisionByZero'
  | 'EvaluatorInvalidArguments'
  | 'IntegerOverflow'
  | 'InvalidDataType'
  | 'InvalidTextEncoding'
  | 'LikeInvalidInputs'
  | 'MissingHeaders'
  | 'NumericOverflow'
  | 'OverMaxColumn'
  | 'OverMaxRecordSize';

export class SelectError extends Error {
  override readonly name = 'SelectError';
  readonly code: SelectErrorCode;

  constructor(code: SelectErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The same error, saying in which record of the archive (from 1, the header included) it is. */
  inRecord(recordNumber: number): SelectError {
    return new SelectError(this.code, `Record ${recordNumber}: ${this.message}`, { cause: this });
  }
}

/** A value of the archive as an error shows it: short, and on one line. */
export function quoteValue(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return JSON.stringify(shown);
}
