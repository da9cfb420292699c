/** How CSV is written: what the archive is read by, and what the results are written by. */

interface CsvFormat {
  readonly fieldDelimiter: string;
  /** One character. */
  readonly quoteCharacter: string;
  /** One character: it makes a quote behind it, between quotes, stand for itself. */
  readonly quoteEscapeCharacter: string;
}

/** USE: the first record names the columns. IGNORE: it is left out. NONE: it is a record. */
export const fileHeaderInfos = ['USE', 'IGNORE', 'NONE'] as const;

export interface CsvInput extends CsvFormat {
  /** One character: a record that begins with it is left out. Undefined: there are none such. */
  readonly comments: string | undefined;
  readonly fileHeaderInfo: (typeof fileHeaderInfos)[number];
  /** Undefined: LF and CR LF. */
  readonly recordDelimiter: string | undefined;
}

/** ASNEEDED: a field is between quotes when it could not be read otherwise. */
export const quoteFieldsChoices = ['ALWAYS', 'ASNEEDED'] as const;

export interface CsvOutput extends CsvFormat {
  readonly quoteFields: (typeof quoteFieldsChoices)[number];
  readonly recordDelimiter: string;
}

/** Of a record, read or written: 1 MB (documented), of its fields and what stands between them. */
export const mostRecordBytes = 1024 * 1024;
