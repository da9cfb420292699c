import { expect, test } from 'vitest';
import { type Operation, operations } from './operations.ts';

/** Section 1.1 of our reference: `A` is the account, `V` a vault of it. */
const reference = `
CreateVault                  PUT     V                                201
DescribeVault                GET     V                                200
ListVaults                   GET     A/vaults                         200
DeleteVault                  DELETE  V                                204
AddTagsToVault               POST    V/tags?operation=add             204
ListTagsForVault             GET     V/tags                           200
RemoveTagsFromVault          POST    V/tags?operation=remove          204
UploadArchive                POST    V/archives                       201
DeleteArchive                DELETE  V/archives/{archiveId}           204
InitiateMultipartUpload      POST    V/multipart-uploads              201
UploadMultipartPart          PUT     V/multipart-uploads/{uploadId}   204
CompleteMultipartUpload      POST    V/multipart-uploads/{uploadId}   201
AbortMultipartUpload         DELETE  V/multipart-uploads/{uploadId}   204
ListMultipartUploads         GET     V/multipart-uploads              200
ListParts                    GET     V/multipart-uploads/{uploadId}   200
InitiateJob                  POST    V/jobs                           202
DescribeJob                  GET     V/jobs/{jobId}                   200
ListJobs                     GET     V/jobs                           200
GetJobOutput                 GET     V/jobs/{jobId}/output            200
SetVaultNotifications        PUT     V/notification-configuration     204
GetVaultNotifications        GET     V/notification-configuration     200
DeleteVaultNotifications     DELETE  V/notification-configuration     204
SetVaultAccessPolicy         PUT     V/access-policy                  204
GetVaultAccessPolicy         GET     V/access-policy                  200
DeleteVaultAccessPolicy      DELETE  V/access-policy                  204
InitiateVaultLock            POST    V/lock-policy                    201
CompleteVaultLock            POST    V/lock-policy/{lockId}           204
AbortVaultLock               DELETE  V/lock-policy                    204
GetVaultLock                 GET     V/lock-policy                    200
SetDataRetrievalPolicy       PUT     A/policies/data-retrieval        204
GetDataRetrievalPolicy       GET     A/policies/data-retrieval        200
PurchaseProvisionedCapacity  POST    A/provisioned-capacity           201
ListProvisionedCapacity      GET     A/provisioned-capacity           200
`;

const rows = reference
  .trim()
  .split('\n')
  .map((line) => line.split(/ +/))
  .map(([name = '', method = '', path = '', status = '']) => ({
    name,
    method,
    path: path.replace(/^A/, '/{accountId}').replace(/^V/, '/{accountId}/vaults/{vaultName}'),
    status: Number(status),
  }));
const table: Readonly<Record<string, Operation>> = operations;

test('there are 33 operations, in the order of the reference', () => {
  expect(rows).toHaveLength(33);
  expect(Object.keys(operations)).toEqual(rows.map(({ name }) => name));
});

test.each(rows)('$name: $method $path, $status', ({ name, method, path, status }) => {
  const operation = table[name];
  expect(operation?.method).toBe(method);
  expect(operation?.path).toBe(path);
  expect(operation?.answer.status).toBe(status);
});

test('no two operations share method and path', () => {
  const routes = Object.values(table).map(({ method, path }) => `${method} ${path}`);
  expect(new Set(routes).size).toBe(33);
});

test.each<[names: string, query: string[]]>([
  ['ListVaults', ['limit', 'marker']],
  ['ListMultipartUploads', ['limit', 'marker']],
  ['ListParts', ['limit', 'marker']],
  ['ListJobs', ['completed', 'limit', 'marker', 'statuscode']],
])('%s has the query parameters %j', (name, query) => {
  const fields = Object.values(table[name]?.fields ?? {});
  expect(fields.filter(({ place }) => place === 'query').map((field) => field.name)).toEqual(query);
});

test.each(Object.entries(table))('%s has a body where the reference has one', (name, operation) => {
  const bytes = ['UploadArchive', 'UploadMultipartPart'];
  const json = [
    'AddTagsToVault',
    'RemoveTagsFromVault',
    'InitiateJob',
    'SetVaultNotifications',
    'SetVaultAccessPolicy',
    'InitiateVaultLock',
    'SetDataRetrievalPolicy',
  ];
  const kind = typeof operation.body === 'string' ? operation.body : 'json';
  const expected = bytes.includes(name) ? 'bytes' : json.includes(name) ? 'json' : 'none';
  expect(kind).toBe(expected);
});

test.each(Object.entries(table))(
  '%s answers with JSON when it reads',
  (name, { method, answer }) => {
    const kind = typeof answer.body === 'string' ? answer.body : 'json';
    const expected = name === 'GetJobOutput' ? 'bytes' : method === 'GET' ? 'json' : 'none';
    expect(kind).toBe(expected);
  },
);

test.each<[name: string, headers: string[]]>([
  ['CreateVault', ['Location']],
  ['UploadArchive', ['Location', 'x-amz-archive-id', 'x-amz-sha256-tree-hash']],
  ['InitiateMultipartUpload', ['Location', 'x-amz-multipart-upload-id']],
  ['UploadMultipartPart', ['x-amz-sha256-tree-hash']],
  ['CompleteMultipartUpload', ['Location', 'x-amz-archive-id', 'x-amz-sha256-tree-hash']],
  ['InitiateJob', ['Location', 'x-amz-job-id', 'x-amz-job-output-path']],
  ['InitiateVaultLock', ['x-amz-lock-id']],
  ['PurchaseProvisionedCapacity', ['x-amz-capacity-id']],
])('%s answers with the headers %j', (name, headers) => {
  expect(Object.values(table[name]?.answer.headers ?? {}).toSorted()).toEqual(headers);
});
