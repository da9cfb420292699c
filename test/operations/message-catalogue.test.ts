/**
 * The catalogue of refusals: every code (wire page, 1.9), every message (1.10), every failure of
 * authentication (1.5), and every row 'condition | answer' of section 3, with where it is provoked.
 *
 * Most rows are provoked by the tests of their operations. Here they are data: each names a file of
 * this folder and the text by which it is known there (the message, or the name of the test where the
 * page gives no text), and the file must hold it. What no other file provokes is provoked below.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/api/operations.ts';
import { Admin, clientFor } from '../support/admin.ts';
import { checkCommon } from '../support/check.ts';
import { type Client, uniqueName } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

/** Section 1.9, the whole table. */
const codes = {
  AccessDeniedException: [403, 'Client'],
  BadRequest: [400, 'Client'],
  ExpiredTokenException: [403, 'Client'],
  InsufficientCapacityException: [503, 'Server'],
  InvalidParameterValueException: [400, 'Client'],
  InvalidSignatureException: [403, 'Client'],
  LimitExceededException: [400, 'Client'],
  MissingAuthenticationTokenException: [400, 'Client'],
  MissingParameterValueException: [400, 'Client'],
  NoLongerSupportedException: [400, 'Client'],
  PolicyEnforcedException: [400, 'Client'],
  RequestTimeoutException: [408, 'Client'],
  ResourceNotFoundException: [404, 'Client'],
  SerializationException: [400, 'Client'],
  ServiceUnavailableException: [500, 'Server'],
  ThrottlingException: [400, 'Client'],
  UnrecognizedClientException: [400, 'Client'],
} as const;

type Code = keyof typeof codes;

/** Codes of the layer in front of the service, whose keys come in another order (observed, 1.8). */
const signatureCodes: readonly Code[] = [
  'ExpiredTokenException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
];

/** An answer that is no refusal: the row is known by the name of its test. */
const success = 'success';
const missing = 'MissingParameterValueException';
const invalid = 'InvalidParameterValueException';
const notFound = 'ResourceNotFoundException';
const denied = 'AccessDeniedException';
const badSignature = 'InvalidSignatureException';

/** What the page's row says, what is answered, and what stands in the file; `{}` for a variable. */
type Row = readonly [row: string, answer: Code | typeof success, ...texts: string[]];

/** Rows by the file that provokes them. */
type Provoked = Readonly<Record<string, readonly Row[]>>;

/** Sections 1.1 to 1.5, and 2: what comes before the operation, or in many. */
const common: Provoked = {
  common: [
    ['1.1 unknown path', 'BadRequest', 'answers the unknown path %s %s with BadRequest'],
    ['1.1 unknown method', 'BadRequest', 'answers the unknown method %s %s with BadRequest'],
    ['1.1 /-/vaults/', missing, 'knows a missing vault name from a list of vaults'],
    ['1.2 another account', denied, 'Access denied for account ID: {}'],
    ['1.2 an empty account', denied, "'Access denied for account ID: '"],
    ['1.4 no version', missing, 'Required parameter missing: API version'],
    ['1.4 another version', invalid, 'Invalid API version: {}'],
  ],
  'add-tags-to-vault': [['1.1 tags otherwise', 'BadRequest', 'There is no operation POST']],
  authentication: [
    ['1.4 no version in a URL', missing, 'Required parameter missing: API version'],
    [
      '1.5 no signature',
      'MissingAuthenticationTokenException',
      'Request is missing Authentication Token',
    ],
    ['1.5 malformed', badSignature, "'the algorithm alone'"],
    [
      '1.5 another region',
      badSignature,
      "Credential should be scoped to a valid region, not 'eu-north-1'.",
    ],
    [
      '1.5 another service',
      badSignature,
      "Credential should be scoped to correct service: 'glacier'.",
    ],
    ['1.5 another date in the scope', badSignature, "scopeDate: '20260101'"],
    [
      '1.5 an unknown key',
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ],
    [
      '1.5 another signature',
      badSignature,
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      String.raw`\n\nThe Canonical String for this request should have been\n'{}'`,
      String.raw`\n\nThe String-to-Sign should have been\n'{}'`,
    ],
    [
      '1.5 another body',
      badSignature,
      'The value passed in as x-amz-content-sha256 does not match the computed payload hash. Computed digest: {} expected hash: {}',
    ],
    ['1.5 UNSIGNED-PAYLOAD', badSignature, "'UNSIGNED-PAYLOAD'"],
    [
      '1.5 too old',
      badSignature,
      String.raw`Signature expired: (\w+) is now earlier than (\w+) \((\w+) - 5 min\.\)`,
    ],
    [
      '1.5 too new',
      badSignature,
      String.raw`Signature not yet current: (\w+) is still later than (\w+) \((\w+) \+ 5 min\.\)`,
    ],
  ],
  'create-vault': [['2.4 a bad name to create', invalid, 'Invalid vault name: {}']],
  'describe-vault': [['2.4 a bad name elsewhere', notFound, 'Vault not found for ARN: {}']],
  'upload-archive': [['2.5 a bad description', invalid, 'Invalid x-amz-archive-description: {}']],
  'list-vaults': [
    ['2.8 a bad limit', invalid, 'Invalid limit: {}'],
    ['2.8 a bad marker', invalid, 'Invalid marker: {}'],
  ],
  'initiate-job': [['2.9 no JSON', 'SerializationException', '^Invalid JSON: ']],
};

/** Section 1.10, but for what is provoked below. */
const messages: Provoked = {
  common: [['no vault', notFound, 'Vault not found for ARN: {}']],
  'describe-job': [['no job', notFound, 'The job ID was not found: {}']],
  'list-parts': [['no upload', notFound, 'The upload ID was not found: {}']],
  'delete-archive': [
    ['no archive', notFound, 'The archive ID was not found: {}'],
    ['an archive of another vault', invalid, 'Invalid vault name: {}'],
  ],
  'initiate-job': [
    [
      'no inventory yet',
      notFound,
      'Inventory retrieval jobs for vault {} cannot be initiated yet, as Amazon Glacier has not yet generated an initial inventory for this vault.',
    ],
    ['no job parameters', missing, 'Required parameter missing: {}', "missing('Job Parameters')"],
    ['no job type', missing, "missing('type')"],
  ],
  'get-vault-notifications': [
    ['no configuration', notFound, 'No notification configuration is set for vault: {}'],
  ],
  'get-vault-access-policy': [['none', notFound, 'No vault access policy is set for: {}']],
  'get-vault-lock': [['none', notFound, 'No vault lock policy is set for: {}']],
  'list-jobs': [['a bad status code', invalid, 'The job status code is not valid: {}']],
  'get-job-output': [
    ['a job not ready', invalid, 'The job is not currently available for download: {}'],
  ],
  'delete-vault': [['not empty', invalid, 'Vault not empty or recently written to: {}']],
  'upload-archive': [
    ['another tree hash', invalid, 'Checksum mismatch: expected {}, computed {}'],
    ['more than 4 GiB', invalid, 'Invalid Content-Length: {}'],
    ['a stalled body', 'RequestTimeoutException', 'Request timed out.', '--body-idle-seconds'],
  ],
  'complete-multipart-upload': [
    ['another tree hash', invalid, 'Invalid x-amz-sha256-tree-hash: {}'],
  ],
  'initiate-multipart-upload': [
    [
      'another part size',
      invalid,
      'Invalid part size: {}. Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes.',
    ],
  ],
  'upload-multipart-part': [
    [
      'part number 10,001',
      invalid,
      'This is part number {} for the current multipart upload. It exceeds the limit of 10000 parts.',
    ],
    ['another length', invalid, 'Content-Range: {} is incompatible with Content-Length: {}'],
    ['no range', invalid, 'Invalid Content-Range: {}'],
  ],
  'initiate-vault-lock': [
    [
      'a bad policy',
      invalid,
      'The specified vault lock policy is invalid. Provide a valid policy.',
    ],
  ],
  'retrieval-limits': [
    [
      'over the policy',
      'PolicyEnforcedException',
      'InitiateJob request denied by current data retrieval policy.',
    ],
  ],
  'set-vault-access-policy': [
    [
      'an explicit deny',
      denied,
      'User: arn:aws:iam::{}:root is not authorized to perform: glacier:{} on resource: {} with an explicit deny in a resource-based policy',
    ],
  ],
};

/** Section 3, the tables of conditions and the states of the lock. */
const conditions: Provoked = {
  'create-vault': [
    ['bad name', invalid, 'Invalid vault name: {}'],
    [
      '1,000 vaults',
      'LimitExceededException',
      'The maximum number of vaults for this account has been reached.',
    ],
    ['another account', denied, 'Access denied for account ID: 999999999999'],
  ],
  'list-vaults': [['marker of another account', invalid, 'Invalid marker: {}']],
  'delete-vault': [
    ['recently written to', invalid, 'keeps a vault that was written to since its last inventory'],
    ['no such vault', success, 'again, and for a vault that never was'],
  ],
  'add-tags-to-vault': [
    ['no Tags', missing, 'Required parameter missing: Tags'],
    ['empty', invalid, 'Invalid Tags: 1 to 10 are allowed, not 0'],
    ['more than 10', invalid, 'Invalid Tags: 1 to 10 are allowed, not 11'],
    ['bad key', invalid, 'Invalid tag key: {}', "'aws:"],
    ['bad value', invalid, 'Invalid tag value: {}'],
    ['more than 50', 'LimitExceededException', 'for the 51st tag'],
    ['no such vault', notFound, 'for a vault that does not exist'],
  ],
  'remove-tags-from-vault': [
    ['no TagKeys', missing, 'Required parameter missing: TagKeys'],
    ['empty', invalid, 'Invalid TagKeys: 1 to 10 are allowed, not 0'],
    ['more than 10', invalid, 'Invalid TagKeys: 1 to 10 are allowed, not 11'],
    ['aws: key', invalid, 'Invalid tag key: {}', "'aws:"],
    ['no such vault', notFound, 'for a vault that does not exist'],
  ],
  'upload-archive': [
    ['no such vault', notFound, 'for a vault that does not exist'],
    ['no Content-Length', missing, "missing('Content-Length')"],
    ['over 4 GiB', invalid, 'Invalid Content-Length: {}'],
    ['empty', invalid, 'Invalid Content-Length: 0'],
    ['no tree hash', missing, "missing('x-amz-sha256-tree-hash')"],
    ['bad tree hash', invalid, 'Invalid x-amz-sha256-tree-hash: {}'],
    ['no content hash', missing, "missing('x-amz-content-sha256')"],
    ['another content hash', badSignature, 'mismatch(helloHash, otherHash)'],
    ['another tree hash', invalid, 'Checksum mismatch: expected {}, computed {}'],
    ['long description', invalid, 'refuses a description of 1,025 characters'],
    ['other characters', invalid, 'refuses a description with a tab'],
    ['stalled', 'RequestTimeoutException', 'Request timed out.'],
    ['broken off', success, 'when the connection breaks before the end, and nothing is stored'],
  ],
  'delete-archive': [
    ['no such vault', notFound, 'for a vault that does not exist'],
    ['of another vault', invalid, 'Invalid vault name: {}'],
    ['deleted already', success, "it('and again'"],
    ['never issued', notFound, 'for an id that was never issued'],
    ['malformed', notFound, 'answers 404 for an id that is %s'],
  ],
  'initiate-multipart-upload': [
    ['no part size', invalid, "badSize('null')"],
    ['bad part size', invalid, 'badSize(size)'],
    ['bad description', invalid, 'Invalid x-amz-archive-description: {}'],
    ['no such vault', notFound, 'for a vault that does not exist'],
  ],
  'upload-multipart-part': [
    ['no such vault', notFound, 'for a vault that does not exist'],
    ['never existed', notFound, 'for an upload that never existed'],
    ['aborted', notFound, 'for an aborted upload'],
    ['completed', notFound, 'for a completed upload, whose archive stays as it is'],
    ['of another vault', notFound, 'for an upload of another vault'],
    ['no Content-Range', missing, "missing('Content-Range')"],
    ['bad Content-Range', invalid, 'Invalid Content-Range: {}'],
    ['another length', invalid, 'Content-Range: {} is incompatible with Content-Length: {}'],
    ['not aligned or too long', invalid, 'Content-Range: {} is incompatible with part size: {}'],
    ['part 10,001', invalid, 'refuses part number %d', '10_001'],
    ['another content hash', badSignature, 'when the body is not what x-amz-content-sha256 says'],
    ['another tree hash', invalid, 'Checksum mismatch: expected {}, computed {}'],
    ['stalled', 'RequestTimeoutException', 'Request timed out.'],
  ],
  'complete-multipart-upload': [
    ['no size', missing, "missing('x-amz-archive-size')"],
    ['no tree hash', missing, "'x-amz-sha256-tree-hash'"],
    ['size that is no number', invalid, 'Invalid x-amz-archive-size: {}'],
    ['another tree hash', invalid, 'with another tree hash'],
    ['another size', invalid, 'Invalid x-amz-archive-size: 6'],
    ['missing ranges', invalid, 'Missing content range: bytes 0-1048575'],
    ['no parts', invalid, 'without any part'],
    ['never existed', notFound, 'for an upload that never existed'],
    ['aborted', notFound, 'for an aborted upload'],
    ['again', success, 'again: the same archive'],
  ],
  'abort-multipart-upload': [
    ['again', success, 'without any part, and again'],
    ['completed', notFound, 'for a completed upload, whose archive stays'],
    ['expired', notFound, 'expires and answers 404 on everything'],
  ],
  'initiate-job': [
    ['empty body', missing, "missing('Job Parameters')"],
    ['not JSON', 'SerializationException', 'refuses %s, which is no JSON'],
    ['wrong types', 'SerializationException', 'refuses wrong types: %j'],
    ['no Type', missing, "missing('type')"],
    ['unknown Type', invalid, 'Invalid job type: {}'],
    ['unknown Format', invalid, 'Invalid format: {}'],
    ['unknown Tier', invalid, 'Invalid tier: {}'],
    ['no ArchiveId', missing, "missing('archiveId')"],
    ['not for inventories', invalid, 'refuses %s with an inventory job'],
    ['bad range', invalid, 'Invalid byte range: {}'],
    ['bad dates', invalid, "'a date that is none'", "'StartDate after EndDate'"],
    ['bad Limit, bad Marker', invalid, "'the limit 0'", "'a marker that is none'"],
    ['bad Description', invalid, 'refuses a description with %s'],
    ['bad SNSTopic', invalid, 'refuses the topic %s'],
    ['no such vault', notFound, 'for a vault that does not exist'],
    ['unknown archive', notFound, 'The archive ID was not found: {}'],
    ['deleted archive', notFound, 'for a deleted archive'],
    ['archive of another vault', notFound, 'for an archive of another vault'],
    ['no inventory yet', notFound, 'has no inventory before the first was generated'],
    ['select', invalid, 'Select jobs are not supported.'],
  ],
  'retrieval-limits': [
    ['over the policy', 'PolicyEnforcedException', 'for one byte more than four hours carry'],
  ],
  'describe-job': [
    ['no such vault', notFound, 'for a vault that does not exist'],
    ['unknown', notFound, 'answers 404 for the job id %s'],
    ['expired, and its output', notFound, 'answers 404, as GetJobOutput does'],
    ['of another vault', notFound, 'for a job of another vault'],
    ['output of a failed job', invalid, 'says Failed, and has no output'],
  ],
  'list-jobs': [
    ['bad statuscode', invalid, 'The job status code is not valid: {}'],
    ['bad completed', invalid, 'Invalid completed: {}'],
  ],
  'get-job-output': [
    ['no such vault', notFound, 'for a vault that does not exist'],
    ['unknown job', notFound, 'answers 404 for the job id %s'],
    ['in progress', invalid, 'refuses an archive and an inventory'],
    ['no Range', success, "it('whole'"],
    ['empty Range', success, 'whole with an empty Range'],
    ['beyond the end', success, 'in chunks, past the end as boto 2 asks'],
    ['begins beyond the end', invalid, 'Invalid range: bytes=3145851-'],
    ['malformed, other unit, several', invalid, 'Invalid range: {}'],
  ],
  'set-vault-notifications': [
    ['no topic', missing, 'Required parameter missing: SNSTopic'],
    ['no events', missing, 'Required parameter missing: Events'],
    ['none in them', invalid, 'Invalid Events: at least one is needed'],
    ['unknown event', invalid, 'Invalid event: {}'],
    ['bad topic', invalid, 'Invalid SNS topic: {}'],
    ['no such vault', notFound, 'for a vault that does not exist'],
  ],
  'set-vault-access-policy': [
    ['no Policy', missing, 'Required parameter missing: Policy'],
    [
      'bad Policy',
      invalid,
      'The specified vault access policy is invalid. Provide a valid policy.',
    ],
    ['names another vault', invalid, 'refuses a policy for a vault %s'],
    ['no such vault', notFound, 'for a vault that does not exist'],
  ],
  'initiate-vault-lock': [
    ['no Policy', missing, 'Required parameter missing: Policy'],
    ['in progress', denied, 'A vault lock is already in progress for vault: {}'],
    ['locked', denied, 'The vault is locked: {}'],
  ],
  'complete-vault-lock': [
    ['none', notFound, 'without a lock, whatever the id'],
    ['right id, again when locked', success, 'for good, and again'],
    ['wrong id', invalid, 'Invalid lock ID: {}'],
    ['wrong id when locked', denied, 'with another id when locked'],
  ],
  'abort-vault-lock': [
    ['none', success, 'where there never was a lock'],
    ['in progress', success, 'at once, and again'],
    ['locked', denied, 'The vault is locked: {}'],
  ],
  'get-vault-lock': [
    ['none', notFound, 'where there is none, or only an access policy'],
    ['in progress', success, 'in progress: "%s"'],
    ['locked', success, 'locked, with the date of its beginning and none of its end'],
  ],
  'set-data-retrieval-policy': [
    ['missing', missing, 'Required parameter missing: {}', 'refuses a missing %s: "%s"'],
    ['not one rule', invalid, 'Invalid Rules: exactly one is allowed, not {}'],
    ['unknown strategy', invalid, 'Invalid Strategy: {}'],
    ['out of range', invalid, 'Invalid BytesPerHour: {}'],
    ['not allowed', invalid, 'Invalid BytesPerHour: not allowed with the strategy {}'],
  ],
  'purchase-provisioned-capacity': [
    [
      'the third unit',
      'LimitExceededException',
      'The maximum number of provisioned capacity units has been reached.',
    ],
  ],
};

/** The text of a file, with what is joined by a plus written as one, and `{}` for what is filled in. */
function sourceOf(file: string): string {
  const text = readFileSync(new URL(`./${file}.test.ts`, import.meta.url), 'utf8');
  return text.replaceAll(/['`]\s*\+\s*['`]/g, '').replaceAll(/\$\{[^{}]*\}/g, '{}');
}

describe.each([
  ['what comes before the operation', common],
  ['the messages', messages],
  ['the conditions of the operations', conditions],
])('In the catalogue, of %s,', (_, provoked) => {
  describe.each(Object.entries(provoked))('%s provokes', (file, rows) => {
    const source = sourceOf(file);

    it.each(rows)('%s: %s', (_row, answer, ...texts) => {
      for (const text of texts) expect(source).toContain(text);
      if (answer !== success) expect(source).toContain(`'${answer}'`);
    });
  });
});

/** A refusal, compared whole: status, the three keys in their order, and the headers. */
function checkRefusal(reply: Reply, code: Code, message: string): void {
  const [status, type] = codes[code];
  const body = signatureCodes.includes(code) ? { message, code, type } : { code, message, type };
  expect({ status: reply.status, text: reply.text }).toEqual({
    status,
    text: JSON.stringify(body),
  });
  expect(reply.header('Content-Type')).toBe('application/json');
  expect(reply.header('Content-Length')).toBe(String(reply.body.length));
  checkCommon(reply);
}

function describeVault(client: Client, vault: string): Promise<Reply> {
  return client.request('GET', `/-/vaults/${vault}`);
}

describe('The errors that the table names for each operation', () => {
  const of = (...names: string[]): readonly string[] => [...names].sort();
  const naming = (code: string): readonly string[] =>
    Object.entries(operations)
      .filter(([, { errors }]) => (errors as readonly string[]).includes(code))
      .map(([name]) => name)
      .sort();

  it.each<[Code, readonly string[]]>([
    ['LimitExceededException', of('CreateVault', 'AddTagsToVault', 'PurchaseProvisionedCapacity')],
    ['RequestTimeoutException', of('UploadArchive', 'UploadMultipartPart')],
    ['PolicyEnforcedException', of('InitiateJob')],
    ['InsufficientCapacityException', of('InitiateJob')],
  ])('%s: %j', (code, names) => {
    expect(naming(code)).toEqual(names);
  });

  it('ResourceNotFoundException: all but CreateVault and those without a vault', () => {
    const without = [
      'CreateVault',
      'SetDataRetrievalPolicy',
      'GetDataRetrievalPolicy',
      'PurchaseProvisionedCapacity',
      'ListProvisionedCapacity',
    ];
    const names = Object.keys(operations).filter((name) => !without.includes(name));
    expect(naming(notFound)).toEqual(names.sort());
  });
});

describe('Refusals by identity', () => {
  const firn = useServer();

  function unauthorized(arn: string, action: string, resource: string, reason: string): string {
    return `User: ${arn} is not authorized to perform: glacier:${action} on resource: ${resource} ${reason}`;
  }

  const nothingAllows = (action: string): string =>
    `because no identity-based policy allows the glacier:${action} action`;
  const deniedBy = (kind: string): string => `with an explicit deny in ${kind} policy`;

  function policyOf(effect: 'Allow' | 'Deny', ...actions: string[]): object {
    return {
      Version: '2012-10-17',
      Statement: [{ Effect: effect, Action: actions, Resource: '*' }],
    };
  }

  it('name the user to whom no policy allows it, also for a vault that does not exist', async () => {
    const { arn, client } = await new Admin(firn.client).freshUser();
    const vaults = client.arn('');
    const list = await client.request('GET', '/-/vaults');
    const listed = unauthorized(arn, 'ListVaults', vaults, nothingAllows('ListVaults'));
    checkRefusal(list, denied, listed);
    for (const vault of [await firn.client.freshVault(), uniqueName()]) {
      const action = nothingAllows('DescribeVault');
      const message = unauthorized(arn, 'DescribeVault', client.arn(vault), action);
      checkRefusal(await describeVault(client, vault), denied, message);
    }
  });

  it('name the policy of the user that denies it', async () => {
    const admin = new Admin(firn.client);
    const { arn, client, userName } = await admin.freshUser(policyOf('Allow', 'glacier:*'));
    const vault = await firn.client.freshVault();
    expect((await describeVault(client, vault)).status).toBe(200);
    await admin.putPolicy(userName, 'second', policyOf('Deny', 'glacier:DescribeVault'));
    const reason = deniedBy('an identity-based');
    const message = unauthorized(arn, 'DescribeVault', client.arn(vault), reason);
    checkRefusal(await describeVault(client, vault), denied, message);
  });

  it('name the policy of the vault that denies it', async () => {
    const admin = new Admin(firn.client);
    const { arn, client } = await admin.freshUser(policyOf('Allow', 'glacier:*'));
    const vault = await firn.client.freshVault();
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'glacier:DescribeVault',
      Resource: client.arn(vault),
    };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const body = JSON.stringify({ Policy: policy });
    await firn.client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
    const reason = deniedBy('a resource-based');
    const message = unauthorized(arn, 'DescribeVault', client.arn(vault), reason);
    checkRefusal(await describeVault(client, vault), denied, message);
  });

  it('name the account that is another, whether there is such a one or not', async () => {
    const other = await new Admin(firn.client).freshAccount();
    for (const accountId of [other.target.accountId, '999999999999']) {
      const reply = await firn.client.request('GET', `/${accountId}/vaults`);
      checkRefusal(reply, denied, `Access denied for account ID: ${accountId}`);
    }
  });

  it('do not tell an inactive key from an unknown one', async () => {
    const admin = new Admin(firn.client);
    const key = await admin.createAccessKey();
    await admin.setKeyStatus(key.accessKeyId, 'Inactive');
    const reply = await clientFor(firn.server, key).request('GET', '/-/vaults');
    const message = 'The security token included in the request is invalid.';
    checkRefusal(reply, 'UnrecognizedClientException', message);
  });
});

describe.skipIf(isRemote)('Expedited retrievals in profile aws', () => {
  const firn = useServer({ arguments: ['--profile', 'aws'] });

  it('need provisioned capacity', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const ArchiveId = await client.uploadArchive(vault, 'hello');
    const job = { Type: 'archive-retrieval', ArchiveId, Tier: 'Expedited' };
    const reply = await client.postJob(vault, job);
    expect(reply.status).toBe(503);
    const { message } = reply.json() as { readonly message: string };
    expect(message).toMatch(/./);
    checkRefusal(reply, 'InsufficientCapacityException', message);
    const jobs = await client.expect(200, 'GET', `/-/vaults/${vault}/jobs`);
    expect(jobs.json()).toEqual({ JobList: [], Marker: null });
    for (const Tier of ['Standard', 'Bulk']) {
      expect((await client.postJob(vault, { ...job, Tier })).status).toBe(202);
    }
    await client.expect(201, 'POST', '/-/provisioned-capacity');
    expect((await client.postJob(vault, job)).status).toBe(202);
  });
});

describe.skipIf(isRemote)('On a test clock', () => {
  const firn = useServer({ arguments: ['--test-clock'] });

  it('a session expires', async () => {
    const admin = new Admin(firn.client);
    const session = await admin.createSession({ durationSeconds: 60 });
    const client = clientFor(firn.server, session, session.sessionToken);
    expect((await client.request('GET', '/-/vaults')).status).toBe(200);
    await admin.advanceClock(60);
    const message = 'The security token included in the request is expired';
    const reply = await client.request('GET', '/-/vaults');
    checkRefusal(reply, 'ExpiredTokenException', message);
  });

  it('a session is refused without its token, or with another', async () => {
    const session = await new Admin(firn.client).createSession();
    const message = 'The security token included in the request is invalid.';
    for (const token of [undefined, `${session.sessionToken}x`]) {
      const reply = await clientFor(firn.server, session, token).request('GET', '/-/vaults');
      checkRefusal(reply, 'UnrecognizedClientException', message);
    }
  });

  it.each(Object.keys(codes) as Code[])('a fault answers %s, once', async (code) => {
    const vaultName = await firn.client.freshVault();
    const fault = { kind: 'error', code, message: 'As ordered.' } as const;
    await new Admin(firn.client).addFault({ operation: 'DescribeVault', vaultName, fault });
    checkRefusal(await describeVault(firn.client, vaultName), code, 'As ordered.');
    expect((await describeVault(firn.client, vaultName)).status).toBe(200);
  });

  it.each<[Code, string]>([
    ['RequestTimeoutException', 'Request timed out.'],
    ['ThrottlingException', 'Rate exceeded'],
    ['ServiceUnavailableException', 'Service is unavailable. Please try again.'],
    [
      'NoLongerSupportedException',
      'This API is no longer supported for new accounts. Please use S3 Glacier storage classes instead. Please contact AWS Support if you believe this is an error.',
    ],
  ])('a fault of %s has Amazon’s words when it has none', async (code, message) => {
    const vaultName = await firn.client.freshVault();
    await new Admin(firn.client).addFault({ vaultName, fault: { kind: 'error', code } });
    checkRefusal(await describeVault(firn.client, vaultName), code, message);
  });
});

it('provokes every code, here or where the catalogue says', () => {
  const rows = [common, messages, conditions].flatMap((part) => Object.values(part)).flat();
  const here: readonly Code[] = [
    'ExpiredTokenException',
    'InsufficientCapacityException',
    'NoLongerSupportedException',
    'ServiceUnavailableException',
    'ThrottlingException',
  ];
  const provoked = new Set([...here, ...rows.map(([, answer]) => answer)]);
  provoked.delete(success);
  expect([...provoked].sort()).toEqual(Object.keys(codes).sort());
});
