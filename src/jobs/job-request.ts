/**
 * What InitiateJob was asked for, judged: which fields belong to which type, and what they may say.
 *
 * An empty text counts as absent, as null does (chosen; real clients send both). Refusals come in the
 * order: missing, then invalid, each in the order of the reference's table.
 */
import { type GlacierError, invalidParameter, missingParameter } from '../api/errors.ts';
import { given, oneOf } from '../api/given-text.ts';
import type { OutputLocation, SelectParameters } from '../api/select-shapes.ts';
import { descriptionSchema, type JobParameters } from '../api/shapes.ts';
import { snsTopicPattern } from '../lib/arn.ts';
import { type ByteRange, parseByteRange, parseWholeNumber } from '../lib/byte-range.ts';
import { type Milliseconds, toInventoryDate } from '../lib/clock.ts';
import { readSelectRequest, type SelectRequest } from '../select/select-request.ts';

export const tiers = ['Expedited', 'Standard', 'Bulk'] as const;
export type Tier = (typeof tiers)[number];

const formats = ['CSV', 'JSON'] as const;
export type InventoryFormat = (typeof formats)[number];

interface Common {
  readonly description: string | undefined;
  readonly snsTopic: string | undefined;
}

export interface ArchiveRequest extends Common {
  readonly action: 'ArchiveRetrieval';
  readonly archiveId: string;
  readonly range: ByteRange | undefined;
  /** The range as it was given, for refusals. */
  readonly rangeText: string;
  readonly tier: Tier;
}

export interface InventoryRequest extends Common {
  readonly action: 'InventoryRetrieval';
  readonly format: InventoryFormat;
  /** Normalised to UTC and whole seconds. */
  readonly startDate: string | undefined;
  readonly endDate: string | undefined;
  readonly limit: string | undefined;
  readonly marker: string | undefined;
}

export interface SelectJobRequest extends Common {
  readonly action: 'Select';
  readonly archiveId: string;
  readonly tier: Tier;
  /** As they were given, and judged. */
  readonly parameters: SelectParameters;
  readonly outputLocation: OutputLocation;
  readonly select: SelectRequest;
}

export type JobRequest = ArchiveRequest | InventoryRequest | SelectJobRequest;

/** @throws GlacierError naming what is missing or invalid */
export function readJobRequest(parameters: JobParameters): JobRequest {
  const type = given(parameters.Type);
  if (type === undefined) throw missingParameter('type');
  switch (type) {
    case 'archive-retrieval':
      return readArchiveRequest(parameters);
    case 'inventory-retrieval':
      return readInventoryRequest(parameters);
    case 'select':
      return readSelectJobRequest(parameters);
    default:
      throw invalidParameter(`Invalid job type: ${type}`);
  }
}

function readArchiveRequest(parameters: JobParameters): ArchiveRequest {
  const archiveId = given(parameters.ArchiveId);
  if (archiveId === undefined) throw missingParameter('archiveId');
  const description = readDescription(parameters);
  const rangeText = given(parameters.RetrievalByteRange) ?? '';
  const range = parseByteRange(rangeText);
  if (rangeText !== '' && !range) throw invalidByteRange(rangeText);
  const snsTopic = readSnsTopic(parameters);
  const tier = oneOf(tiers, given(parameters.Tier) ?? 'Standard', 'tier');
  return { action: 'ArchiveRetrieval', archiveId, description, range, rangeText, snsTopic, tier };
}

function readInventoryRequest(parameters: JobParameters): InventoryRequest {
  refuseField(parameters.ArchiveId, 'ArchiveId', 'inventory-retrieval');
  const description = readDescription(parameters);
  const format = oneOf(formats, given(parameters.Format) ?? 'JSON', 'format');
  const inventory = parameters.InventoryRetrievalParameters ?? {};
  const startDate = readDate(given(inventory.StartDate), 'StartDate');
  const endDate = readDate(given(inventory.EndDate), 'EndDate');
  if (startDate !== undefined && endDate !== undefined && startDate > endDate) {
    throw invalidParameter(`Invalid StartDate: ${startDate} is after EndDate ${endDate}`);
  }
  const limit = readLimit(inventory.Limit);
  const marker = given(inventory.Marker);
  refuseField(parameters.RetrievalByteRange, 'RetrievalByteRange', 'inventory-retrieval');
  const snsTopic = readSnsTopic(parameters);
  return {
    action: 'InventoryRetrieval',
    description,
    format,
    startDate,
    endDate,
    limit,
    marker,
    snsTopic,
  };
}

function readSelectJobRequest(parameters: JobParameters): SelectJobRequest {
  const archiveId = given(parameters.ArchiveId);
  if (archiveId === undefined) throw missingParameter('archiveId');
  const select = readSelectRequest(parameters);
  const description = readDescription(parameters);
  refuseField(parameters.RetrievalByteRange, 'RetrievalByteRange', 'select');
  const snsTopic = readSnsTopic(parameters);
  const tier = oneOf(tiers, given(parameters.Tier) ?? 'Standard', 'tier');
  return {
    action: 'Select',
    archiveId,
    description,
    snsTopic,
    tier,
    parameters: parameters.SelectParameters ?? {},
    outputLocation: parameters.OutputLocation ?? {},
    select,
  };
}

export function invalidByteRange(text: string): GlacierError {
  return invalidParameter(`Invalid byte range: ${text}`);
}

function refuseField(text: string | null | undefined, name: string, type: string): void {
  if (given(text) !== undefined) {
    throw invalidParameter(`Invalid ${name}: not allowed for ${type} jobs`);
  }
}

function readDescription(parameters: JobParameters): string | undefined {
  const text = given(parameters.Description);
  if (text === undefined) return undefined;
  if (!descriptionSchema.safeParse(text).success) {
    throw invalidParameter(`Invalid description: ${text}`);
  }
  return text;
}

function readSnsTopic(parameters: JobParameters): string | undefined {
  const topic = given(parameters.SNSTopic);
  if (topic !== undefined && !snsTopicPattern.test(topic)) {
    throw invalidParameter(`Invalid SNS topic: ${topic}`);
  }
  return topic;
}

const isoDatePattern =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})$/;

/** ISO 8601 in seconds; milliseconds and offsets are accepted (chosen) and normalised away. */
function readDate(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  const time = isoDatePattern.test(text) ? parseStrictly(text) : Number.NaN;
  // An offset may carry the date out of the years that have four digits.
  const date = Number.isNaN(time) ? '' : toInventoryDate(time);
  if (!isoDatePattern.test(date)) throw invalidParameter(`Invalid ${name}: ${text}`);
  return date;
}

/** `Date.parse` lets 31 February pass as 3 March; here it is refused. */
function parseStrictly(text: string): Milliseconds {
  const day = text.slice(0, 10);
  const midnight = new Date(`${day}T00:00:00Z`);
  const isRealDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return isRealDay ? Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')) : Number.NaN;
}

/** Text or number; answered as text (observed: boto 2 sends numbers). */
function readLimit(limit: string | number | null | undefined): string | undefined {
  const text = given(typeof limit === 'number' ? String(limit) : limit);
  if (text === undefined) return undefined;
  const number = parseWholeNumber(text);
  if (number === undefined || number < 1) throw invalidParameter(`Invalid limit: ${text}`);
  return text;
}
