/**
 * What a request must look like: version, account, vault, fields, body and method of every
 * operation, in the order of checks of the wire page (sections 1.1 to 1.6, 2.8 and 2.9).
 *
 * Which fields there are is the table's to say; what their malformed values are, and the words that
 * refuse them, stands here. A field without an entry fails.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { OperationName } from '../../../src/api/operations.ts';
import { checkError, checkNoVault, type ErrorCode } from '../../support/check.ts';
import { uniqueName } from '../../support/client.ts';
import type { Reply } from '../../support/http.ts';
import { useServer } from '../../support/use-server.ts';
import {
  type GoodRequest,
  goodRequest,
  namesVault,
  needVault,
  operationNames,
  rowOf,
  type SendOptions,
} from './requests.ts';

const firn = useServer();

const NO_ACCOUNT = '999999999999';

function missing(what: string): string {
  return `Required parameter missing: ${what}`;
}

/** A value that is refused, and the message, where it is not `Invalid {name}: {value}`. */
type Malformed = readonly [value: string, message?: string];

const invalidHashes: readonly Malformed[] = [['xyz'], ['0'.repeat(63)], [`${'0'.repeat(63)}g`]];
const invalidDescriptions: readonly Malformed[] = [['a\tb'], ['x'.repeat(1025)]];
const partSizes = ['0', '1048577', '3145728', '8589934592', '-1', '1e6', 'many'];
/** Ours, and about the job's output: any text is well-formed, but not every output has it. */
const notIts = (name: string): readonly Malformed[] => [
  ['nothing', `Invalid ${name}: nothing is not that of the job's output`],
];

/** By the name of header or query parameter; that of one operation before the general one. */
const malformed: Readonly<Record<string, readonly Malformed[]>> = {
  limit: [['0'], ['-1'], ['many'], ['1.5'], ['1e1']],
  marker: [['nonsense'], ['a b']],
  completed: [['yes'], ['1']],
  statuscode: [
    ['Done', 'The job status code is not valid: Done'],
    ['succeeded', 'The job status code is not valid: succeeded'],
  ],
  'x-amz-sha256-tree-hash': invalidHashes,
  'x-amz-archive-description': invalidDescriptions,
  'x-amz-archive-size': [['-1'], ['many'], ['5.0'], ['6']],
  'x-amz-part-size': partSizes.map((size) => [
    size,
    `Invalid part size: ${size}. Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes.`,
  ]),
  'Content-Range': [
    ['bytes=0-4/*'],
    ['bytes%200-4/*'],
    ['0-4'],
    ['bytes 4-0/*'],
    ['bytes 0-9/*', 'Content-Range: bytes 0-9/* is incompatible with Content-Length: 5'],
    ['bytes 1-5/*', 'Content-Range: bytes 1-5/* is incompatible with part size: 1048576'],
  ].map(([value = '', message]) => (message === undefined ? [value] : [value, message])),
  Range: ['bytes=9-', 'bytes=4-0', 'bytes=0-1,3-4', 'bytes=', 'lines=0-1', '0-4'].map((range) => [
    range,
    `Invalid range: ${range}`,
  ]),
  ArchiveDescription: notIts('ArchiveDescription'),
  ArchiveId: notIts('ArchiveId'),
  ArchiveList: notIts('ArchiveList'),
  CreationDate: notIts('CreationDate'),
  SHA256TreeHash: notIts('SHA256TreeHash'),
  Size: notIts('Size'),
  VaultARN: notIts('VaultARN'),
  /** An archive's output has no inventory date to differ from. */
  InventoryDate: [],
  /** Any value but the body's own hash is a wrong signature: `authentication.test.ts`. */
  'x-amz-content-sha256': [],
  /** What is not a number never gets past HTTP; the lengths have tests of their own. */
  'Content-Length': [],
};

/** What is missing from an empty body, from `{}`, and from one whose field is null. */
const missingFromBody: Partial<Record<OperationName, { empty: string; object: string }>> = {
  AddTagsToVault: { empty: 'Tags', object: 'Tags' },
  RemoveTagsFromVault: { empty: 'TagKeys', object: 'TagKeys' },
  InitiateJob: { empty: 'Job Parameters', object: 'type' },
  SetVaultNotifications: { empty: 'SNSTopic', object: 'SNSTopic' },
  SetVaultAccessPolicy: { empty: 'Policy', object: 'Policy' },
  InitiateVaultLock: { empty: 'Policy', object: 'Policy' },
  SetDataRetrievalPolicy: { empty: 'Policy', object: 'Policy' },
};

const withJson = operationNames.filter((name) => typeof rowOf(name).body === 'object');
const withFields = operationNames.filter((name) => Object.keys(rowOf(name).fields).length > 0);

function requiredHeaders(name: OperationName): string[] {
  const fields = Object.values(rowOf(name).fields);
  return fields.filter((field) => field.required).map((field) => field.name);
}

function queryKeys(name: OperationName): string[] {
  const fields = Object.values(rowOf(name).fields);
  return fields.filter((field) => field.place === 'query').map((field) => field.name);
}

/** Without Content-Length a body goes out in chunks. */
function withoutHeader(header: string): SendOptions {
  const chunked = header === 'Content-Length' ? { 'Transfer-Encoding': 'chunked' } : {};
  return { headers: { ...chunked, [header]: undefined } };
}

describe.each(operationNames)('%s', (name) => {
  const row = rowOf(name);
  let request: GoodRequest;

  beforeAll(async () => {
    request = await goodRequest(firn.client, name);
  });

  async function refuses(more: SendOptions, code: ErrorCode, message?: string | RegExp) {
    checkError(await request.send(request.root, more), code, message);
  }

  async function isGood(more: SendOptions): Promise<Reply> {
    const fresh = await goodRequest(firn.client, name);
    const reply = await fresh.send(fresh.root, more);
    expect(reply).toMatchObject({ status: row.answer.status });
    return reply;
  }

  it('refuses a request without version, before it looks at the account', async () => {
    for (const version of [undefined, '']) {
      const headers = { 'x-amz-glacier-version': version };
      for (const account of ['-', NO_ACCOUNT]) {
        const message = missing('API version');
        await refuses({ account, headers }, 'MissingParameterValueException', message);
      }
    }
  });

  it('refuses another version', async () => {
    for (const version of ['2012-06-02', '2012-6-1', 'latest']) {
      const headers = { 'x-amz-glacier-version': version };
      const message = `Invalid API version: ${version}`;
      await refuses({ account: NO_ACCOUNT, headers }, 'InvalidParameterValueException', message);
    }
  });

  it('refuses an account that is unknown or malformed, before it looks at the rest', async () => {
    const { accountId } = request.root.target;
    const dashed = accountId.replace(/(\d{4})(\d{4})(\d{4})/, '$1-$2-$3');
    for (const account of [
      NO_ACCOUNT,
      dashed,
      accountId.slice(1),
      `${accountId}0`,
      'abc',
      '',
      '*',
    ]) {
      const message = `Access denied for account ID: ${account}`;
      await refuses({ account }, 'AccessDeniedException', message);
      const rest = { account, vault: 'no-such-vault', body: '{' };
      await refuses(rest, 'AccessDeniedException', message);
    }
  });

  it('accepts the account by its digits', async () => {
    const fresh = await goodRequest(firn.client, name);
    const { accountId } = fresh.root.target;
    const reply = await fresh.send(fresh.root, { account: accountId });
    expect(reply).toMatchObject({ status: row.answer.status });
  });

  it('ignores unknown query keys, and known ones in another case', async () => {
    await isGood({ query: 'colour=red&Limit=0&MARKER=x&Operation=none&nothing' });
  });

  it('ignores headers that it does not know, and an empty tree hash where it knows none', async () => {
    const own = requiredHeaders(name).includes('x-amz-sha256-tree-hash');
    const treeHash = own ? {} : { 'x-amz-sha256-tree-hash': '' };
    await isGood({ headers: { 'x-amz-colour': 'red', 'Content-Type': 'form-data', ...treeHash } });
  });

  it('is the only one of its path and method: another method is a BadRequest', async () => {
    const { client } = firn;
    const pathOf = (path: string): string => path.split('?')[0] ?? '';
    const taken = operationNames.filter((other) => pathOf(rowOf(other).path) === pathOf(row.path));
    const methods = new Set<string>(taken.map((other) => rowOf(other).method));
    for (const method of ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS']) {
      if (methods.has(method)) continue;
      checkError(await client.request(method, request.target()), 'BadRequest');
      const unsigned = await client.request(method, request.target(), { signing: 'none' });
      checkError(unsigned, 'BadRequest');
    }
  });
});

describe.each(needVault)('%s', (name) => {
  it('needs a vault that exists, before it looks at fields and body', async () => {
    const request = await goodRequest(firn.client, name);
    const { root, row } = request;
    const vault = uniqueName('no-such-vault');
    checkNoVault(await request.send(root, { vault }), root, vault);
    const bare = row.method === 'GET' || row.method === 'DELETE' ? {} : { body: '{' };
    const headers = { ...bare, headers: { 'Content-Range': 'x', 'x-amz-archive-size': 'x' } };
    checkNoVault(await root.request(row.method, request.target({ vault }), headers), root, vault);
    checkNoVault(await request.send(root, { vault, query: 'limit=0' }), root, vault);
  });
});

describe.each(operationNames.filter(namesVault))('%s', (name) => {
  it('takes a vault name with forbidden characters for one of no vault', async () => {
    const request = await goodRequest(firn.client, name);
    for (const [segment, vault] of [
      ['my%20vault', 'my vault'],
      ['a%2Fb', 'a/b'],
      ['caf%C3%A9', 'café'],
      ['v'.repeat(256), 'v'.repeat(256)],
    ] as const) {
      const reply = await request.send(request.root, { vault: segment });
      if (name === 'CreateVault') {
        checkError(reply, 'InvalidParameterValueException', `Invalid vault name: ${vault}`);
      } else {
        checkError(reply, 'ResourceNotFoundException', `Vault not found for ARN: ${vault}`);
      }
    }
  });
});

const withoutBody = operationNames.filter(
  (name) => rowOf(name).body === 'none' && rowOf(name).method !== 'GET',
);
const toldByQuery = operationNames.filter((name) => rowOf(name).path.includes('?'));

it.each(withoutBody)('%s ignores a body', async (name) => {
  const request = await goodRequest(firn.client, name);
  const reply = await request.send(request.root, { body: 'nonsense' });
  expect(reply).toMatchObject({ status: request.row.answer.status });
});

it.each(toldByQuery)('%s needs the query of its route', async (name) => {
  const request = await goodRequest(firn.client, name);
  const path = request.target().split('?')[0] ?? '';
  for (const query of ['', '?operation', '?operation=', '?operation=Add', '?operation=delete']) {
    checkError(await firn.client.request(request.row.method, path + query), 'BadRequest');
  }
});

describe('DeleteVault', () => {
  it('has nothing to do for a vault that does not exist', async () => {
    const request = await goodRequest(firn.client, 'DeleteVault');
    const reply = await request.send(request.root, { vault: uniqueName('no-such-vault') });
    expect(reply.status).toBe(204);
  });
});

describe('InitiateMultipartUpload', () => {
  it('calls a missing part size invalid', async () => {
    const request = await goodRequest(firn.client, 'InitiateMultipartUpload');
    for (const size of [undefined, '']) {
      const reply = await request.send(request.root, { headers: { 'x-amz-part-size': size } });
      checkError(
        reply,
        'InvalidParameterValueException',
        /^Invalid part size: null\. Part size must/,
      );
    }
  });
});

describe.each(withFields)('%s', (name) => {
  const row = rowOf(name);
  const fields = Object.values(row.fields);
  let request: GoodRequest;

  beforeAll(async () => {
    request = await goodRequest(firn.client, name);
  });

  it.each(requiredHeaders(name))('needs %s', async (header) => {
    const reply = await request.send(request.root, withoutHeader(header));
    checkError(reply, 'MissingParameterValueException', missing(header));
  });

  it.each(requiredHeaders(name))('takes an empty %s for a missing one', async (header) => {
    if (header === 'Content-Length' || header === 'x-amz-content-sha256') return;
    const reply = await request.send(request.root, { headers: { [header]: '' } });
    checkError(reply, 'MissingParameterValueException', missing(header));
  });

  it('names what is missing in the order of the table, before what is invalid', async () => {
    const [first, ...others] = requiredHeaders(name).filter((one) => one !== 'Content-Length');
    if (first === undefined) return;
    const invalid = fields.filter((field) => field.place === 'header' && !field.required);
    const headers = {
      ...Object.fromEntries(invalid.map((field) => [field.name, 'a\tb'])),
      ...Object.fromEntries(others.map((header) => [header, undefined])),
      [first]: undefined,
    };
    const reply = await request.send(request.root, { headers });
    checkError(reply, 'MissingParameterValueException', missing(first));
  });

  it.each(fields.map((field) => field.name))('refuses a malformed %s', async (field) => {
    const values = malformed[field];
    if (values === undefined) throw new Error(`No malformed value of ${field} is known`);
    const isQuery = queryKeys(name).includes(field);
    for (const [value, message = `Invalid ${field}: ${value}`] of values) {
      const more: SendOptions = isQuery
        ? { query: `${field}=${encodeURIComponent(value)}` }
        : { headers: { [field]: value } };
      const reply = await request.send(request.root, more);
      checkError(reply, 'InvalidParameterValueException', message);
    }
  });

  it('takes an empty query value for an absent one', async () => {
    const fresh = await goodRequest(firn.client, name);
    const query = queryKeys(name).map((key) => `${key}=`);
    for (const joined of [query.join('&'), query.map((key) => key.slice(0, -1)).join('&')]) {
      const reply = await fresh.send(fresh.root, { query: joined });
      expect(reply).toMatchObject({ status: row.answer.status });
    }
  });
});

describe.each(withJson)('%s', (name) => {
  const row = rowOf(name);
  const keys = Object.keys(typeof row.body === 'object' ? row.body.shape : {});
  let request: GoodRequest;

  beforeAll(async () => {
    request = await goodRequest(firn.client, name);
  });

  async function refuses(body: string | Buffer, code: ErrorCode, message?: string | RegExp) {
    checkError(await request.send(request.root, { body }), code, message);
  }

  it('needs a body, and in it what is required', async () => {
    const expected = missingFromBody[name];
    if (expected === undefined) throw new Error(`It is not known what ${name} needs`);
    const code = 'MissingParameterValueException';
    await refuses('', code, missing(expected.empty));
    await refuses('{}', code, missing(expected.object));
    const nulls = Object.fromEntries(keys.map((key) => [key, null]));
    await refuses(JSON.stringify(nulls), code, missing(expected.object));
    const otherCase = Object.fromEntries(keys.map((key) => [key.toLowerCase(), true]));
    await refuses(JSON.stringify(otherCase), code, missing(expected.object));
  });

  it.each(['{', '{"a":1,}', 'nonsense', ' ', '{}{}', '{"a":"\u0001"}'])(
    'refuses %j, which is no JSON',
    async (body) => {
      await refuses(body, 'SerializationException', /^Invalid JSON: ./);
    },
  );

  it('refuses what is not UTF-8', async () => {
    const body = Buffer.from('{"a":"caf\u00e9"}', 'latin1');
    await refuses(body, 'SerializationException', /^Invalid JSON: ./);
  });

  it.each(['[]', '[{}]', '7', '"text"', 'true', 'null'])(
    'refuses %s, which is no object',
    async (body) => {
      await refuses(body, 'SerializationException', /^Invalid JSON: ./);
    },
  );

  it.each(keys)('refuses %s of the wrong type', async (key) => {
    const good = JSON.parse(String(request.body)) as object;
    const body = JSON.stringify({ ...good, [key]: true });
    await refuses(body, 'SerializationException', new RegExp(`^Invalid JSON: ${key}: .`));
  });

  it('ignores unknown fields, and takes null for absent', async () => {
    const fresh = await goodRequest(firn.client, name);
    const good = JSON.parse(String(fresh.body)) as object;
    const nulls = Object.fromEntries(keys.map((key) => [key, null]));
    const body = JSON.stringify({ colour: 'red', ...nulls, ...good });
    const reply = await fresh.send(fresh.root, { body });
    expect(reply).toMatchObject({ status: row.answer.status });
  });

  it('does not care what its Content-Type says', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const fresh = await goodRequest(firn.client, name);
    expect(await fresh.send(fresh.root, { headers })).toMatchObject({ status: row.answer.status });
  });
});
