/**
 * Where a select job's results go, judged: the bucket and prefix, and what the objects there carry.
 *
 * The values end as headers of a request to an object store, so what a header cannot hold is refused
 * here, before the job exists.
 */
import { invalidParameter, missingParameter } from '../api/errors.ts';
import { given, oneOf } from '../api/given-text.ts';
import type { GrantParameters, S3Location } from '../api/select-shapes.ts';

const storageClasses = ['STANDARD', 'REDUCED_REDUNDANCY', 'STANDARD_IA'] as const;
type StorageClass = (typeof storageClasses)[number];

const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'aws-exec-read',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
] as const;
type CannedAcl = (typeof cannedAcls)[number];

const permissions = ['FULL_CONTROL', 'WRITE', 'WRITE_ACP', 'READ', 'READ_ACP'] as const;
const granteeTypes = ['AmazonCustomerByEmail', 'CanonicalUser', 'Group'] as const;
const encryptionTypes = ['aws:kms', 'AES256'] as const;

export interface Grant {
  /** Who: an e-mail address, an account's canonical id, or the URI of a group. */
  readonly by: 'emailAddress' | 'id' | 'uri';
  readonly grantee: string;
  readonly permission: (typeof permissions)[number];
}

export type Encryption =
  | { readonly type: 'AES256' }
  | {
      readonly type: 'aws:kms';
      /** Undefined: the store's own. */
      readonly keyId: string | undefined;
      /** A JSON object of texts. */
      readonly context: string | undefined;
    };

export interface ResultLocation {
  readonly bucketName: string;
  readonly prefix: string;
  /** Undefined: what the bucket says. */
  readonly storageClass: StorageClass | undefined;
  readonly cannedAcl: CannedAcl | undefined;
  /** Empty when a canned list is given. */
  readonly grants: readonly Grant[];
  readonly encryption: Encryption | undefined;
  /** Keys and values, in the order given. */
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly userMetadata: readonly (readonly [key: string, value: string])[];
}

/** In bytes of UTF-8 (documented). */
const mostPrefixBytes = 512;
/** Of an object of S3 (documented there): tags, their lengths; bytes of user metadata; grants. */
const mostTags = 10;
const mostTagKeyCharacters = 128;
const mostTagValueCharacters = 256;
const mostMetadataBytes = 2_048;
const mostGrants = 100;

/** @throws GlacierError naming what is missing or invalid */
export function judgeLocation(s3: S3Location | null | undefined): ResultLocation {
  if (!s3) throw missingParameter('s3');
  const bucketName = given(s3.BucketName);
  const prefix = given(s3.Prefix);
  if (bucketName === undefined) throw missingParameter('bucketName');
  if (prefix === undefined) throw missingParameter('prefix');
  const cannedAcl = optionalOneOf(cannedAcls, s3.CannedACL, 'CannedACL');
  const grants = (s3.AccessControlList ?? []).map(judgeGrant);
  if (grants.length > mostGrants) {
    throw invalidParameter(`Invalid AccessControlList: over ${mostGrants} grants`);
  }
  if (cannedAcl !== undefined && grants.length > 0) {
    throw invalidParameter('Invalid AccessControlList: not allowed together with CannedACL');
  }
  return {
    bucketName: judgeBucketName(bucketName),
    prefix: judgePrefix(prefix),
    storageClass: optionalOneOf(storageClasses, s3.StorageClass, 'StorageClass'),
    cannedAcl,
    grants,
    encryption: judgeEncryption(s3.Encryption),
    tags: judgeTags(Object.entries(s3.Tagging ?? {})),
    userMetadata: judgeUserMetadata(Object.entries(s3.UserMetadata ?? {})),
  };
}

function optionalOneOf<Value extends string>(
  values: readonly Value[],
  value: string | null | undefined,
  name: string,
): Value | undefined {
  const text = given(value);
  return text === undefined ? undefined : oneOf(values, text, name);
}

/** As S3 names buckets (documented there). */
function judgeBucketName(name: string): string {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return name;
  throw invalidParameter(`Invalid BucketName: ${name}`);
}

/**
 * Segments of dots would be taken for steps on the way to the store. The prefix is answered in a
 * header, which holds Latin-1 and cannot begin with a blank (chosen).
 */
function judgePrefix(prefix: string): string {
  const hasDots = prefix.split('/').some((segment) => segment === '.' || segment === '..');
  const isText = /^[\x21-\x7e\xa0-\xff][\x20-\x7e\xa0-\xff]*$/.test(prefix);
  if (!hasDots && isText && Buffer.byteLength(prefix) <= mostPrefixBytes) return prefix;
  throw invalidParameter(`Invalid Prefix: ${prefix}`);
}

function judgeGrant({ Grantee: grantee, Permission }: GrantParameters): Grant {
  const permission = given(Permission);
  const type = given(grantee?.Type);
  if (permission === undefined) throw missingParameter('permission');
  if (!grantee || type === undefined) throw missingParameter('type');
  const judged = { permission: oneOf(permissions, permission, 'Permission') };
  switch (oneOf(granteeTypes, type, 'Grantee.Type')) {
    case 'AmazonCustomerByEmail':
      return { ...judged, ...judgeGrantee('emailAddress', grantee.EmailAddress) };
    case 'CanonicalUser':
      return { ...judged, ...judgeGrantee('id', grantee.ID) };
    case 'Group':
      return { ...judged, ...judgeGrantee('uri', grantee.URI) };
  }
}

/** Printable ASCII but the characters that a list of grants in a header is built of. */
function judgeGrantee<By extends Grant['by']>(by: By, value: string | null | undefined) {
  const grantee = given(value);
  if (grantee === undefined) throw missingParameter(by);
  if (!/^[\x21-\x7e]{1,1024}$/.test(grantee) || /[",\\]/.test(grantee)) {
    throw invalidParameter(`Invalid Grantee: ${grantee}`);
  }
  return { by, grantee };
}

function judgeEncryption(parameters: S3Location['Encryption']): Encryption | undefined {
  if (!parameters) return undefined;
  const type = given(parameters.EncryptionType);
  const keyId = given(parameters.KMSKeyId);
  const context = given(parameters.KMSContext);
  if (type === undefined) throw missingParameter('encryptionType');
  if (oneOf(encryptionTypes, type, 'EncryptionType') === 'aws:kms') {
    return { type: 'aws:kms', keyId: judgeKeyId(keyId), context: judgeContext(context) };
  }
  if (keyId !== undefined) throw invalidParameter('Invalid KMSKeyId: not allowed with AES256');
  if (context !== undefined) throw invalidParameter('Invalid KMSContext: not allowed with AES256');
  return { type: 'AES256' };
}

function judgeKeyId(keyId: string | undefined): string | undefined {
  if (keyId === undefined || /^[\x21-\x7e]{1,2048}$/.test(keyId)) return keyId;
  throw invalidParameter(`Invalid KMSKeyId: ${keyId}`);
}

/** A JSON object of texts, as S3 takes it (documented there). */
function judgeContext(context: string | undefined): string | undefined {
  if (context === undefined || (context.length <= 4_096 && isTextObject(context))) return context;
  throw invalidParameter(`Invalid KMSContext: ${context}`);
}

function isTextObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && Object.values(value).every((text) => typeof text === 'string');
  } catch {
    return false;
  }
}

type Entries = [key: string, value: string][];

function judgeTags(tags: Entries): Entries {
  if (tags.length > mostTags) throw invalidParameter(`Invalid Tagging: over ${mostTags} tags`);
  for (const [key, value] of tags) {
    const isLong = key.length > mostTagKeyCharacters || value.length > mostTagValueCharacters;
    const isText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value);
    if (key === '' || isLong || !isText) throw invalidParameter(`Invalid Tagging: ${key}=${value}`);
  }
  return tags;
}

/** Names that a header may have, each once, and printable ASCII; 2 KB in all. */
function judgeUserMetadata(metadata: Entries): Entries {
  for (const [key, value] of metadata) {
    const isHeader = /^[A-Za-z0-9_.-]+$/.test(key) && /^[\x20-\x7e]*$/.test(value);
    if (!isHeader) throw invalidParameter(`Invalid UserMetadata: ${key}=${value}`);
  }
  const names = new Set(metadata.map(([key]) => key.toLowerCase()));
  const bytes = metadata.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (names.size < metadata.length)
    throw invalidParameter('Invalid UserMetadata: a key is repeated');
  if (bytes > mostMetadataBytes) {
    throw invalidParameter(`Invalid UserMetadata: over ${mostMetadataBytes} bytes`);
  }
  return metadata;
}
