/**
 * The table of the 33 operations of the Glacier API, version 2012-06-01.
 *
 * Routing, binding, validation, what is authorised, the form of the answer and the OpenAPI document
 * are derived from it; nothing restates it. Source: the service model and the API reference; where
 * its examples are misprinted (statuses, paths), the model.
 */
import type { z } from 'zod';
import type { ErrorCode } from './errors.ts';
import { limits } from './limits.ts';
import {
  capacityList,
  type Field,
  fields,
  jobDescription,
  jobList,
  jobParameters,
  lockDescription,
  notificationDescription,
  notificationParameters,
  partList,
  policyDescription,
  policyParameters,
  retrievalPolicyDescription,
  retrievalPolicyParameters,
  tagList,
  tagsToAdd,
  tagsToRemove,
  uploadList,
  vaultDescription,
  vaultList,
} from './shapes.ts';

export type Fields = Readonly<Record<string, Field<unknown, boolean>>>;

/** How a row says what it answers with. */
export interface AnswerShape {
  readonly status: number;
  /** Property of the handler's output -> header. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON body, bytes, or nothing. */
  readonly body: z.ZodObject | 'bytes' | 'none';
}

export interface Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** `{name}` stands for one segment; a query after `?` belongs to the route. */
  readonly path: string;
  /**
   * What the operation acts on: a vault that must exist, a vault that need not (by its name), the
   * vaults of the account, or something else that the account has one of. It is what is authorised.
   */
  readonly resource: 'vault' | 'vault-name' | 'vaults' | 'retrieval-policy' | 'capacity';
  /** In another account it is refused, whatever the policies say (documented). */
  readonly isOwnAccountOnly?: true;
  readonly fields: Fields;
  /** The body of the request: JSON of this type, a stream of bytes, or nothing. */
  readonly body: z.ZodObject | 'bytes' | 'none';
  readonly answer: AnswerShape;
  /** Errors of its own, beside those that every operation can answer with. */
  readonly errors: readonly ErrorCode[];
  /** The page of the API reference. */
  readonly doc: string;
  readonly summary: string;
}

const vaultPath = '/{accountId}/vaults/{vaultName}';
const uploadPath = `${vaultPath}/multipart-uploads/{uploadId}`;
const noContent = { status: 204, headers: {}, body: 'none' } as const;
const location = { location: 'Location' } as const;
const treeHash = { treeHash: 'x-amz-sha256-tree-hash' } as const;
const archiveHeaders = { archiveId: 'x-amz-archive-id', ...treeHash, ...location } as const;

const ownAccount = { isOwnAccountOnly: true } as const;

/** A row whose request has no fields and no body. */
const bare = { fields: {}, body: 'none' } as const;

export const operations = {
  CreateVault: {
    ...ownAccount,
    ...bare,
    method: 'PUT',
    path: vaultPath,
    resource: 'vault-name',
    answer: { status: 201, headers: location, body: 'none' },
    errors: ['LimitExceededException'],
    doc: 'api-vault-put',
    summary: 'Creates a vault, or does nothing when it exists.',
  },
  DescribeVault: {
    ...bare,
    method: 'GET',
    path: vaultPath,
    resource: 'vault',
    answer: { status: 200, headers: {}, body: vaultDescription },
    errors: ['ResourceNotFoundException'],
    doc: 'api-vault-get',
    summary: 'Says what a vault holds as of its last inventory.',
  },
  ListVaults: {
    ...ownAccount,
    method: 'GET',
    path: '/{accountId}/vaults',
    resource: 'vaults',
    fields: { limit: fields.limit(limits.vaultsPerPage), marker: fields.marker },
    body: 'none',
    answer: { status: 200, headers: {}, body: vaultList },
    errors: ['ResourceNotFoundException'],
    doc: 'api-vaults-get',
    summary: 'Lists the vaults of the account in ASCII order of their names.',
  },
  DeleteVault: {
    ...bare,
    method: 'DELETE',
    path: vaultPath,
    resource: 'vault-name',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-vault-delete',
    summary: 'Deletes an empty vault.',
  },
  AddTagsToVault: {
    ...ownAccount,
    fields: {},
    body: tagsToAdd,
    method: 'POST',
    path: `${vaultPath}/tags?operation=add`,
    resource: 'vault',
    answer: noContent,
    errors: ['LimitExceededException', 'ResourceNotFoundException'],
    doc: 'api-AddTagsToVault',
    summary: 'Adds tags to a vault.',
  },
  ListTagsForVault: {
    ...ownAccount,
    ...bare,
    method: 'GET',
    path: `${vaultPath}/tags`,
    resource: 'vault',
    answer: { status: 200, headers: {}, body: tagList },
    errors: ['ResourceNotFoundException'],
    doc: 'api-ListTagsForVault',
    summary: 'Lists the tags of a vault.',
  },
  RemoveTagsFromVault: {
    ...ownAccount,
    fields: {},
    body: tagsToRemove,
    method: 'POST',
    path: `${vaultPath}/tags?operation=remove`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-RemoveTagsFromVault',
    summary: 'Removes tags from a vault.',
  },
  UploadArchive: {
    method: 'POST',
    path: `${vaultPath}/archives`,
    resource: 'vault',
    fields: {
      contentLength: fields.contentLength,
      treeHash: fields.contentTreeHash,
      contentSha256: fields.contentSha256,
      description: fields.archiveDescription,
    },
    body: 'bytes',
    answer: { status: 201, headers: archiveHeaders, body: 'none' },
    errors: ['RequestTimeoutException', 'ResourceNotFoundException'],
    doc: 'api-archive-post',
    summary: 'Stores an archive.',
  },
  DeleteArchive: {
    ...bare,
    method: 'DELETE',
    path: `${vaultPath}/archives/{archiveId}`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-archive-delete',
    summary: 'Deletes an archive.',
  },
  InitiateMultipartUpload: {
    method: 'POST',
    path: `${vaultPath}/multipart-uploads`,
    resource: 'vault',
    fields: { partSize: fields.partSize, description: fields.archiveDescription },
    body: 'none',
    answer: {
      status: 201,
      headers: { uploadId: 'x-amz-multipart-upload-id', ...location },
      body: 'none',
    },
    errors: ['ResourceNotFoundException'],
    doc: 'api-multipart-initiate-upload',
    summary: 'Begins to store an archive in parts.',
  },
  UploadMultipartPart: {
    method: 'PUT',
    path: uploadPath,
    resource: 'vault',
    fields: {
      contentRange: fields.contentRange,
      contentLength: fields.partLength,
      treeHash: fields.contentTreeHash,
      contentSha256: fields.contentSha256,
    },
    body: 'bytes',
    answer: { status: 204, headers: treeHash, body: 'none' },
    errors: ['RequestTimeoutException', 'ResourceNotFoundException'],
    doc: 'api-upload-part',
    summary: 'Stores a part, or puts another in its place.',
  },
  CompleteMultipartUpload: {
    method: 'POST',
    path: uploadPath,
    resource: 'vault',
    fields: { archiveSize: fields.archiveSize, treeHash: fields.archiveTreeHash },
    body: 'none',
    answer: { status: 201, headers: archiveHeaders, body: 'none' },
    errors: ['ResourceNotFoundException'],
    doc: 'api-multipart-complete-upload',
    summary: 'Makes an archive of the parts.',
  },
  AbortMultipartUpload: {
    ...bare,
    method: 'DELETE',
    path: uploadPath,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-multipart-abort-upload',
    summary: 'Gives up an upload and its parts.',
  },
  ListMultipartUploads: {
    method: 'GET',
    path: `${vaultPath}/multipart-uploads`,
    resource: 'vault',
    fields: { limit: fields.limit(limits.itemsPerPage), marker: fields.marker },
    body: 'none',
    answer: { status: 200, headers: {}, body: uploadList },
    errors: ['ResourceNotFoundException'],
    doc: 'api-multipart-list-uploads',
    summary: 'Lists the uploads in progress.',
  },
  ListParts: {
    method: 'GET',
    path: uploadPath,
    resource: 'vault',
    fields: { limit: fields.limit(limits.itemsPerPage), marker: fields.marker },
    body: 'none',
    answer: { status: 200, headers: {}, body: partList },
    errors: ['ResourceNotFoundException'],
    doc: 'api-multipart-list-parts',
    summary: 'Lists the parts of an upload in progress.',
  },
  InitiateJob: {
    method: 'POST',
    path: `${vaultPath}/jobs`,
    resource: 'vault',
    fields: {},
    body: jobParameters,
    answer: {
      status: 202,
      headers: {
        jobId: 'x-amz-job-id',
        jobOutputPath: 'x-amz-job-output-path',
        ...location,
      },
      body: 'none',
    },
    errors: [
      'InsufficientCapacityException',
      'PolicyEnforcedException',
      'ResourceNotFoundException',
    ],
    doc: 'api-initiate-job-post',
    summary: 'Asks for an archive, a part of one, records in one, or the inventory of a vault.',
  },
  DescribeJob: {
    ...bare,
    method: 'GET',
    path: `${vaultPath}/jobs/{jobId}`,
    resource: 'vault',
    answer: { status: 200, headers: {}, body: jobDescription },
    errors: ['ResourceNotFoundException'],
    doc: 'api-describe-job-get',
    summary: 'Says how far a job has come.',
  },
  ListJobs: {
    method: 'GET',
    path: `${vaultPath}/jobs`,
    resource: 'vault',
    fields: {
      completed: fields.completed,
      limit: fields.limit(limits.itemsPerPage),
      marker: fields.marker,
      statusCode: fields.statusCode,
    },
    body: 'none',
    answer: { status: 200, headers: {}, body: jobList },
    errors: ['ResourceNotFoundException'],
    doc: 'api-jobs-get',
    summary: 'Lists the jobs of a vault, newest first.',
  },
  GetJobOutput: {
    method: 'GET',
    path: `${vaultPath}/jobs/{jobId}/output`,
    resource: 'vault',
    fields: {
      range: fields.range,
      archiveDescription: fields.narrowing('ArchiveDescription', 'Description of the archive.'),
      archiveId: fields.narrowing('ArchiveId', 'Id of the archive.'),
      archiveList: fields.narrowing('ArchiveList', 'Ids of archives, with commas between them.'),
      creationDate: fields.narrowing('CreationDate', 'When the archive was created.'),
      inventoryDate: fields.narrowing('InventoryDate', 'Date of the inventory.'),
      sha256TreeHash: fields.narrowing('SHA256TreeHash', 'Tree hash of the archive.'),
      size: fields.narrowing('Size', 'Size of the archive in bytes.'),
      vaultArn: fields.narrowing('VaultARN', 'ARN of the vault.'),
    },
    body: 'none',
    answer: {
      status: 200,
      headers: {
        acceptRanges: 'Accept-Ranges',
        contentRange: 'Content-Range',
        contentType: 'Content-Type',
        archiveDescription: 'x-amz-archive-description',
        ...treeHash,
      },
      body: 'bytes',
    },
    errors: ['ResourceNotFoundException'],
    doc: 'api-job-output-get',
    summary: 'The output of a job, whole (200) or a range of it (206).',
  },
  SetVaultNotifications: {
    fields: {},
    body: notificationParameters,
    method: 'PUT',
    path: `${vaultPath}/notification-configuration`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-vault-notifications-put',
    summary: 'Says which topic is told about which completed jobs.',
  },
  GetVaultNotifications: {
    ...bare,
    method: 'GET',
    path: `${vaultPath}/notification-configuration`,
    resource: 'vault',
    answer: { status: 200, headers: {}, body: notificationDescription },
    errors: ['ResourceNotFoundException'],
    doc: 'api-vault-notifications-get',
    summary: 'The notification configuration of a vault.',
  },
  DeleteVaultNotifications: {
    ...bare,
    method: 'DELETE',
    path: `${vaultPath}/notification-configuration`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-vault-notifications-delete',
    summary: 'Removes the notification configuration.',
  },
  SetVaultAccessPolicy: {
    fields: {},
    body: policyParameters,
    method: 'PUT',
    path: `${vaultPath}/access-policy`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-SetVaultAccessPolicy',
    summary: 'Sets who else may use the vault.',
  },
  GetVaultAccessPolicy: {
    ...bare,
    method: 'GET',
    path: `${vaultPath}/access-policy`,
    resource: 'vault',
    answer: { status: 200, headers: {}, body: policyDescription },
    errors: ['ResourceNotFoundException'],
    doc: 'api-GetVaultAccessPolicy',
    summary: 'The access policy of a vault.',
  },
  DeleteVaultAccessPolicy: {
    ...bare,
    method: 'DELETE',
    path: `${vaultPath}/access-policy`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-DeleteVaultAccessPolicy',
    summary: 'Removes the access policy.',
  },
  InitiateVaultLock: {
    ...ownAccount,
    fields: {},
    body: policyParameters,
    method: 'POST',
    path: `${vaultPath}/lock-policy`,
    resource: 'vault',
    answer: { status: 201, headers: { lockId: 'x-amz-lock-id' }, body: 'none' },
    errors: ['ResourceNotFoundException'],
    doc: 'api-InitiateVaultLock',
    summary: 'Begins the trial of a lock policy.',
  },
  CompleteVaultLock: {
    ...ownAccount,
    ...bare,
    method: 'POST',
    path: `${vaultPath}/lock-policy/{lockId}`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-CompleteVaultLock',
    summary: 'Makes the lock policy unchangeable.',
  },
  AbortVaultLock: {
    ...ownAccount,
    ...bare,
    method: 'DELETE',
    path: `${vaultPath}/lock-policy`,
    resource: 'vault',
    answer: noContent,
    errors: ['ResourceNotFoundException'],
    doc: 'api-AbortVaultLock',
    summary: 'Ends the trial of a lock policy.',
  },
  GetVaultLock: {
    ...ownAccount,
    ...bare,
    method: 'GET',
    path: `${vaultPath}/lock-policy`,
    resource: 'vault',
    answer: { status: 200, headers: {}, body: lockDescription },
    errors: ['ResourceNotFoundException'],
    doc: 'api-GetVaultLock',
    summary: 'The lock policy of a vault and its state.',
  },
  SetDataRetrievalPolicy: {
    ...ownAccount,
    fields: {},
    body: retrievalPolicyParameters,
    method: 'PUT',
    path: '/{accountId}/policies/data-retrieval',
    resource: 'retrieval-policy',
    answer: noContent,
    errors: [],
    doc: 'api-SetDataRetrievalPolicy',
    summary: 'Sets how much may be retrieved.',
  },
  GetDataRetrievalPolicy: {
    ...ownAccount,
    ...bare,
    method: 'GET',
    path: '/{accountId}/policies/data-retrieval',
    resource: 'retrieval-policy',
    answer: { status: 200, headers: {}, body: retrievalPolicyDescription },
    errors: [],
    doc: 'api-GetDataRetrievalPolicy',
    summary: 'The data retrieval policy of the account.',
  },
  PurchaseProvisionedCapacity: {
    ...ownAccount,
    ...bare,
    method: 'POST',
    path: '/{accountId}/provisioned-capacity',
    resource: 'capacity',
    answer: { status: 201, headers: { capacityId: 'x-amz-capacity-id' }, body: 'none' },
    errors: ['LimitExceededException'],
    doc: 'api-PurchaseProvisionedCapacity',
    summary: 'Adds a unit of provisioned capacity.',
  },
  ListProvisionedCapacity: {
    ...ownAccount,
    ...bare,
    method: 'GET',
    path: '/{accountId}/provisioned-capacity',
    resource: 'capacity',
    answer: { status: 200, headers: {}, body: capacityList },
    errors: [],
    doc: 'api-ListProvisionedCapacity',
    summary: 'Lists the units of provisioned capacity.',
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

/** The version of the API that every request names in `x-amz-glacier-version`. */
export const apiVersion = '2012-06-01';

type FieldsOf<Name extends OperationName> = (typeof operations)[Name]['fields'];
type ValueOf<F> =
  F extends Field<infer Value, infer Required>
    ? Required extends true
      ? Value
      : Value | undefined
    : never;

/** Names between braces in a path, but for the account's and the vault's. */
type PathIds<Path extends string> = Path extends `${string}{${infer Id}}${infer Rest}`
  ? Exclude<Id, 'accountId' | 'vaultName'> | PathIds<Rest>
  : never;

/** What a handler is given: ids of the path, fields, and the JSON body as `parameters`. */
export type InputOf<Name extends OperationName> = {
  readonly [Id in PathIds<(typeof operations)[Name]['path']>]: string;
} & {
  readonly [Key in keyof FieldsOf<Name>]: ValueOf<FieldsOf<Name>[Key]>;
} & ((typeof operations)[Name]['body'] extends z.ZodObject
    ? { readonly parameters: z.infer<(typeof operations)[Name]['body']> | undefined }
    : unknown) &
  ((typeof operations)[Name]['body'] extends 'bytes'
    ? { readonly content: AsyncIterable<Uint8Array> }
    : unknown);

type AnswerOf<Name extends OperationName> = (typeof operations)[Name]['answer'];

/** Bytes on their way out: how many, and the pieces, each valid until the next is asked for. */
export interface OutgoingBytes {
  readonly sizeBytes: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** What a handler returns: a value for each header (undefined: not sent), and the body. */
export type OutputOf<Name extends OperationName> = {
  readonly [Key in keyof AnswerOf<Name>['headers']]: string | undefined;
} & (AnswerOf<Name>['body'] extends z.ZodObject
  ? { readonly body: z.infer<AnswerOf<Name>['body']> }
  : unknown) &
  (AnswerOf<Name>['body'] extends 'bytes' ? { readonly bytes: OutgoingBytes } : unknown);
