/**
 * What a select job is asked for: types only, as with the other parameters of InitiateJob.
 *
 * null is the same as absent (observed with real clients). Which fields are required and what they
 * may say is judged in `select/select-request.ts`. The key `csv` is lower-case (documented).
 */
import { z } from 'zod';

const optionalText = z.string().nullish();

/** How the archive's CSV is written. */
const csvInput = z.object({
  Comments: optionalText,
  FieldDelimiter: optionalText,
  FileHeaderInfo: optionalText,
  QuoteCharacter: optionalText,
  QuoteEscapeCharacter: optionalText,
  RecordDelimiter: optionalText,
});

/** How the results' CSV is to be written. */
const csvOutput = z.object({
  FieldDelimiter: optionalText,
  QuoteCharacter: optionalText,
  QuoteEscapeCharacter: optionalText,
  QuoteFields: optionalText,
  RecordDelimiter: optionalText,
});

/** What to select, and from and into which form. */
export const selectParameters = z.object({
  Expression: optionalText,
  ExpressionType: optionalText,
  InputSerialization: z.object({ csv: csvInput.nullish() }).nullish(),
  OutputSerialization: z.object({ csv: csvOutput.nullish() }).nullish(),
});

const grant = z.object({
  Grantee: z
    .object({
      DisplayName: optionalText,
      EmailAddress: optionalText,
      ID: optionalText,
      Type: optionalText,
      URI: optionalText,
    })
    .nullish(),
  Permission: optionalText,
});

const isTextRecord = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string');

/** Texts by name. The object itself, not a copy: a key may be `__proto__`. */
export const textRecord = z
  .custom<Record<string, string>>(isTextRecord, 'expected an object of strings')
  .meta({ type: 'object', additionalProperties: { type: 'string' } });

/** Where the results go, and what the objects there are to carry. */
export const outputLocation = z.object({
  S3: z
    .object({
      AccessControlList: z.array(grant).nullish(),
      BucketName: optionalText,
      CannedACL: optionalText,
      Encryption: z
        .object({ EncryptionType: optionalText, KMSContext: optionalText, KMSKeyId: optionalText })
        .nullish(),
      Prefix: optionalText,
      StorageClass: optionalText,
      Tagging: textRecord.nullish(),
      UserMetadata: textRecord.nullish(),
    })
    .nullish(),
});

export type SelectParameters = z.infer<typeof selectParameters>;
export type OutputLocation = z.infer<typeof outputLocation>;
export type CsvInputParameters = z.infer<typeof csvInput>;
export type CsvOutputParameters = z.infer<typeof csvOutput>;
export type GrantParameters = z.infer<typeof grant>;
export type S3Location = NonNullable<OutputLocation['S3']>;
