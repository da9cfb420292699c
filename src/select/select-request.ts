/**
 * What a select job was asked for, judged field by field. An empty text counts as absent, as null
 * does. Refusals come in the order: missing, then invalid, each in the order of the reference.
 *
 * The request is plain data, so that it can be kept with the job. Whether the bucket is one that
 * results may be written to is the operation's to judge.
 */
import { invalidParameter, missingParameter } from '../api/errors.ts';
import { given, oneOf } from '../api/given-text.ts';
import type {
  CsvInputParameters,
  CsvOutputParameters,
  OutputLocation,
  SelectParameters,
} from '../api/select-shapes.ts';
import {
  type CsvInput,
  type CsvOutput,
  fileHeaderInfos,
  quoteFieldsChoices,
} from './csv-format.ts';
import { ExpressionError } from './expression.ts';
import { parseExpression } from './parse-expression.ts';
import { judgeLocation, type ResultLocation } from './result-location.ts';

export interface SelectRequest {
  /** In the supported subset of SQL. */
  readonly expression: string;
  readonly input: CsvInput;
  readonly output: CsvOutput;
  readonly location: ResultLocation;
}

/** Of an expression, in UTF-16 code units (documented: 128,000 characters). */
const mostExpressionCharacters = 128_000;
/** Of a field or record delimiter, in characters (chosen; documented only as "a value"). */
const mostDelimiterCharacters = 16;

/** @throws GlacierError naming what is missing or invalid */
export function readSelectRequest(parameters: {
  readonly SelectParameters?: SelectParameters | null | undefined;
  readonly OutputLocation?: OutputLocation | null | undefined;
}): SelectRequest {
  const { SelectParameters: select, OutputLocation: output } = parameters;
  if (!select) throw missingParameter('selectParameters');
  if (!output) throw missingParameter('outputLocation');
  const expression = given(select.Expression);
  const expressionType = given(select.ExpressionType);
  if (expression === undefined) throw missingParameter('expression');
  if (expressionType === undefined) throw missingParameter('expressionType');
  const location = judgeLocation(output.S3);
  oneOf(['SQL'], expressionType, 'ExpressionType');
  const input = judgeInput(select.InputSerialization?.csv ?? {});
  checkExpression(expression, input);
  return {
    expression,
    input,
    output: judgeOutput(select.OutputSerialization?.csv ?? {}),
    location,
  };
}

/** The path under which the results lie: `{Prefix}/{jobId}/` (documented). */
export function resultPath(prefix: string, jobId: string): string {
  return `${prefix}/${jobId}/`;
}

function checkExpression(expression: string, input: CsvInput): void {
  if (expression.length > mostExpressionCharacters) {
    const message = `over ${mostExpressionCharacters} characters`;
    throw invalidParameter(`Invalid Expression: ${message}`);
  }
  try {
    parseExpression(expression, input.fileHeaderInfo === 'USE');
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw invalidParameter(`Invalid Expression: ${error.message}`);
  }
}

function judgeInput(csv: CsvInputParameters): CsvInput {
  const format = judgeFormat(csv, 'InputSerialization');
  const comments = oneCharacter(csv.Comments, 'InputSerialization.csv.Comments');
  const fileHeaderInfo = oneOf(
    fileHeaderInfos,
    given(csv.FileHeaderInfo) ?? 'NONE',
    'InputSerialization.csv.FileHeaderInfo',
  );
  const recordDelimiter = delimiter(csv, 'RecordDelimiter', 'InputSerialization');
  const input = { ...format, comments, fileHeaderInfo, recordDelimiter };
  checkDifferent({ ...input, recordDelimiter: recordDelimiter ?? '\r\n' }, 'InputSerialization');
  return input;
}

function judgeOutput(csv: CsvOutputParameters): CsvOutput {
  const format = judgeFormat(csv, 'OutputSerialization');
  const quoteFields = oneOf(
    quoteFieldsChoices,
    given(csv.QuoteFields) ?? 'ASNEEDED',
    'OutputSerialization.csv.QuoteFields',
  );
  const recordDelimiter = delimiter(csv, 'RecordDelimiter', 'OutputSerialization') ?? '\n';
  const output = { ...format, quoteFields, recordDelimiter };
  checkDifferent({ ...output, comments: undefined }, 'OutputSerialization');
  return output;
}

type Side = 'InputSerialization' | 'OutputSerialization';
type CsvParameters = Pick<
  CsvInputParameters,
  'FieldDelimiter' | 'QuoteCharacter' | 'QuoteEscapeCharacter' | 'RecordDelimiter'
>;

/** The defaults are a comma, and a double quote that is doubled (chosen: RFC 4180). */
function judgeFormat(csv: CsvParameters, side: Side) {
  const quoteCharacter = oneCharacter(csv.QuoteCharacter, `${side}.csv.QuoteCharacter`) ?? '"';
  const quoteEscapeCharacter =
    oneCharacter(csv.QuoteEscapeCharacter, `${side}.csv.QuoteEscapeCharacter`) ?? '"';
  const fieldDelimiter = delimiter(csv, 'FieldDelimiter', side) ?? ',';
  return { fieldDelimiter, quoteCharacter, quoteEscapeCharacter };
}

function delimiter(
  csv: CsvParameters,
  name: 'FieldDelimiter' | 'RecordDelimiter',
  side: Side,
): string | undefined {
  const text = given(csv[name]);
  if (text !== undefined && text.length > mostDelimiterCharacters) {
    throw invalidParameter(`Invalid ${side}.csv.${name}: ${text}`);
  }
  return text;
}

/** A Unicode code point (documented: a single character). */
function oneCharacter(value: string | null | undefined, name: string): string | undefined {
  const text = given(value);
  if (text !== undefined && Array.from(text).length !== 1) {
    throw invalidParameter(`Invalid ${name}: ${text}`);
  }
  return text;
}

/** What means different things must look different, and none may be within another. */
function checkDifferent(
  csv: Pick<CsvInput, 'comments' | 'fieldDelimiter' | 'quoteCharacter' | 'recordDelimiter'>,
  side: Side,
): void {
  const named: [name: string, text: string | undefined][] = [
    ['FieldDelimiter', csv.fieldDelimiter],
    ['RecordDelimiter', csv.recordDelimiter],
    ['QuoteCharacter', csv.quoteCharacter],
    ['Comments', csv.comments],
  ];
  for (const [name, text] of named) {
    const [clash] =
      named.find(([other, within]) => other !== name && text && within?.includes(text)) ?? [];
    if (clash !== undefined) {
      throw invalidParameter(`Invalid ${side}.csv.${name}: ${text} is also in ${clash}`);
    }
  }
}
