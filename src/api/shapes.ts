/**
 * The shapes of the fields that requests and answers consist of.
 *
 * A shape says what a value looks like and which words refuse it. Rules that need data (does the part
 * fit the upload?) are the operation's.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { outputLocation, selectParameters, textRecord } from './select-shapes.ts';

/** A field of a request that travels in a header or in the query. */
export interface Field<Value, Required extends boolean> {
  readonly place: 'header' | 'query';
  /** As the wire spells it. */
  readonly name: string;
  readonly required: Required;
  readonly schema: z.ZodType<Value>;
  readonly invalid: (text: string) => string;
  readonly doc: string;
}

interface FieldText<Value> {
  readonly schema: z.ZodType<Value>;
  readonly doc: string;
  /** The refusal's text; `Invalid {name}: {value}` unless Glacier is known to say something else. */
  readonly invalid?: (text: string) => string;
}

function field<Value, Required extends boolean>(
  place: 'header' | 'query',
  name: string,
  required: Required,
  { schema, doc, invalid }: FieldText<Value>,
): Field<Value, Required> {
  return {
    place,
    name,
    required,
    schema,
    doc,
    invalid: invalid ?? ((text) => `Invalid ${name}: ${text}`),
  };
}

/** An empty value means "not given" everywhere: clients send `limit=` and `Range:`. */
export const header = <Value>(name: string, text: FieldText<Value>) =>
  field('header', name, false as const, text);
export const requiredHeader = <Value>(name: string, text: FieldText<Value>) =>
  field('header', name, true as const, text);
export const queryParameter = <Value>(name: string, text: FieldText<Value>) =>
  field('query', name, false as const, text);

/** Printable ASCII, at most 1,024 characters; leading spaces are not part of it (documented). */
export const descriptionSchema = z
  .string()
  .regex(/^[\x20-\x7e]*$/)
  .transform((text) => text.replace(/^ +/, ''))
  .refine((text) => text.length <= limits.descriptionCharacters);

const wholeNumber = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,14})$/)
  .transform(Number);

/** SHA-256 as hex digits; upper case is accepted, lower case is what we keep and answer. */
const sha256Hex = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/)
  .toLowerCase();

/**
 * A tree hash that an upload announces. One of 32 digits (an MD5, by its looks) is well-formed but
 * wrong, as Amazon has answered it; other lengths are malformed (observed).
 */
const announcedTreeHash = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{32})$/)
  .toLowerCase();

const freeText = z.string();

export const fields = {
  limit: (maximum: number) =>
    queryParameter('limit', {
      schema: z
        .string()
        .regex(/^0*[1-9][0-9]*$/)
        .transform((text) => Math.min(Number(text), maximum)),
      doc: `How many items a page may hold: 1 to ${maximum}, which is also the default. Larger values count as ${maximum}.`,
    }),
  marker: queryParameter('marker', {
    schema: freeText,
    doc: 'The Marker of the page before; absent or empty for the first.',
  }),
  completed: queryParameter('completed', {
    schema: z
      .string()
      .regex(/^(?:true|false)$/i)
      .transform((text) => text.toLowerCase() === 'true'),
    doc: 'Only jobs that have (or have not) completed.',
  }),
  statusCode: queryParameter('statuscode', {
    schema: z.enum(['InProgress', 'Succeeded', 'Failed']),
    invalid: (text) => `The job status code is not valid: ${text}`,
    doc: 'Only jobs of this status.',
  }),
  contentLength: requiredHeader('Content-Length', {
    schema: wholeNumber.refine((length) => length >= 1 && length <= limits.uploadBytes),
    doc: 'Size of the body in bytes, 1 to 4,294,967,296.',
  }),
  partLength: requiredHeader('Content-Length', {
    schema: wholeNumber,
    doc: 'Size of the part in bytes: what Content-Range says.',
  }),
  contentSha256: requiredHeader('x-amz-content-sha256', {
    schema: freeText,
    doc: 'SHA-256 of the whole body, in hex. One that is not its hash is a wrong signature.',
  }),
  contentTreeHash: requiredHeader('x-amz-sha256-tree-hash', {
    schema: announcedTreeHash,
    doc: 'SHA-256 tree hash of the body, in hex.',
  }),
  archiveTreeHash: requiredHeader('x-amz-sha256-tree-hash', {
    schema: sha256Hex,
    doc: 'SHA-256 tree hash of the whole archive, in hex.',
  }),
  archiveSize: requiredHeader('x-amz-archive-size', {
    schema: wholeNumber,
    doc: 'Size of the whole archive in bytes: the sum of its parts.',
  }),
  archiveDescription: header('x-amz-archive-description', {
    schema: descriptionSchema,
    doc: 'Up to 1,024 printable ASCII characters; returned as they are.',
  }),
  partSize: header('x-amz-part-size', {
    schema: freeText,
    doc: 'Size of every part but the last, in bytes: a power of two from 1 MiB to 4 GiB. Required.',
  }),
  contentRange: requiredHeader('Content-Range', {
    schema: freeText,
    doc: 'Where the part belongs: `bytes {first}-{last}/*`.',
  }),
  range: header('Range', {
    schema: freeText,
    doc: 'Part of the output: `bytes={first}-{last}`, `bytes={first}-` or `bytes=-{count}`.',
  }),
  /** The parameters that our contract adds to Get Job Output; Amazon ignores them. */
  narrowing: (name: string, doc: string) =>
    queryParameter(name, { schema: freeText, doc: `${doc} Ours: Amazon ignores it.` }),
} as const;

const nullableText = z.string().nullable();
const nullableNumber = z.number().nullable();

export const vaultDescription = z.object({
  CreationDate: z.string(),
  LastInventoryDate: nullableText,
  NumberOfArchives: z.number(),
  SizeInBytes: z.number(),
  VaultARN: z.string(),
  VaultName: z.string(),
});

export const vaultList = z.object({ Marker: nullableText, VaultList: z.array(vaultDescription) });

export const uploadDescription = z.object({
  ArchiveDescription: nullableText,
  CreationDate: z.string(),
  MultipartUploadId: z.string(),
  PartSizeInBytes: z.number(),
  VaultARN: z.string(),
});

export const uploadList = z.object({
  Marker: nullableText,
  UploadsList: z.array(uploadDescription),
});

export const partList = uploadDescription.extend({
  Marker: nullableText,
  Parts: z.array(z.object({ RangeInBytes: z.string(), SHA256TreeHash: z.string() })),
});

/** Every key is there for every kind of job, null where it does not apply (observed). */
export const jobDescription = z.object({
  Action: z.string(),
  ArchiveId: nullableText,
  ArchiveSHA256TreeHash: nullableText,
  ArchiveSizeInBytes: nullableNumber,
  Completed: z.boolean(),
  CompletionDate: nullableText,
  CreationDate: z.string(),
  InventoryRetrievalParameters: z
    .object({
      EndDate: nullableText,
      Format: z.string(),
      Limit: nullableText,
      Marker: nullableText,
      StartDate: nullableText,
    })
    .nullable(),
  InventorySizeInBytes: nullableNumber,
  JobDescription: nullableText,
  JobId: z.string(),
  RetrievalByteRange: nullableText,
  SHA256TreeHash: nullableText,
  SNSTopic: nullableText,
  StatusCode: z.enum(['InProgress', 'Succeeded', 'Failed']),
  StatusMessage: nullableText,
  Tier: nullableText,
  VaultARN: z.string(),
  // Of select jobs only (chosen: in a real notification of another job they were absent).
  JobOutputPath: z.string().optional(),
  OutputLocation: outputLocation.optional(),
  SelectParameters: selectParameters.optional(),
});

export const jobList = z.object({ JobList: z.array(jobDescription), Marker: nullableText });

const optionalText = z.string().nullish();

/**
 * What InitiateJob is asked for: types only. null is the same as absent, and numbers may come as text
 * (real clients do both); which fields belong to which type is the operation's to judge.
 */
export const jobParameters = z.object({
  Type: optionalText,
  ArchiveId: optionalText,
  Description: optionalText,
  Format: optionalText,
  InventoryRetrievalParameters: z
    .object({
      StartDate: optionalText,
      EndDate: optionalText,
      Limit: z.union([z.string(), z.number()]).nullish(),
      Marker: optionalText,
    })
    .nullish(),
  RetrievalByteRange: optionalText,
  SNSTopic: optionalText,
  Tier: optionalText,
  SelectParameters: selectParameters.nullish(),
  OutputLocation: outputLocation.nullish(),
});

export const tagsToAdd = z.object({ Tags: textRecord.nullish() });
export const tagsToRemove = z.object({ TagKeys: z.array(z.string()).nullish() });
export const tagList = z.object({ Tags: textRecord });

export const notificationParameters = z.object({
  SNSTopic: optionalText,
  Events: z.array(z.string()).nullish(),
});
export const notificationDescription = z.object({
  Events: z.array(z.string()),
  SNSTopic: z.string(),
});

export const retrievalPolicyParameters = z.object({
  Policy: z
    .object({
      Rules: z
        .array(
          z.object({
            Strategy: optionalText,
            BytesPerHour: z.union([z.string(), z.number()]).nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});
export const retrievalPolicyDescription = z.object({
  Policy: z.object({
    Rules: z.array(z.object({ BytesPerHour: z.bigint().optional(), Strategy: z.string() })),
  }),
});

export const policyParameters = z.object({ Policy: optionalText });
export const policyDescription = z.object({ Policy: z.string() });
export const lockDescription = z.object({
  CreationDate: z.string(),
  ExpirationDate: nullableText,
  Policy: z.string(),
  State: z.enum(['InProgress', 'Locked']),
});

export const capacityList = z.object({
  ProvisionedCapacityList: z.array(
    z.object({ CapacityId: z.string(), ExpirationDate: z.string(), StartDate: z.string() }),
  ),
});

export type PolicyParameters = z.infer<typeof policyParameters>;
export type LockDescription = z.infer<typeof lockDescription>;
export type NotificationParameters = z.infer<typeof notificationParameters>;
export type RetrievalPolicyParameters = z.infer<typeof retrievalPolicyParameters>;
export type VaultDescription = z.infer<typeof vaultDescription>;
export type UploadDescription = z.infer<typeof uploadDescription>;
export type JobDescription = z.infer<typeof jobDescription>;
export type JobParameters = z.infer<typeof jobParameters>;
