import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { hashHeaders, type JsonObject, uniqueName } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const LIMIT_BYTES = 20_480;
const OTHER_ACCOUNT = '444455556666';
/** The id of nothing. */
const NO_ARCHIVE = `${'n'.repeat(137)}A`;
const NO_JOB = 'n'.repeat(92);

function putText(vault: string, body: string) {
  return firn.client.request('PUT', `/-/vaults/${vault}/access-policy`, { body });
}

function setPolicy(vault: string, policy: string) {
  return putText(vault, JSON.stringify({ Policy: policy }));
}

function getPolicy(vault: string) {
  return firn.client.request('GET', `/-/vaults/${vault}/access-policy`);
}

/** A Deny of DeleteArchive for everybody, but for what is given otherwise; undefined leaves out. */
function statement(vault: string, more: JsonObject = {}): JsonObject {
  return {
    Effect: 'Deny',
    Principal: '*',
    Action: 'glacier:DeleteArchive',
    Resource: firn.client.arn(vault),
    ...more,
  };
}

function policyOf(...statements: unknown[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

/** A good policy of so many bytes. */
function policyOfBytes(vault: string, sizeBytes: number, filler: string): string {
  const shape = (id: string): string =>
    JSON.stringify({ Version: '2012-10-17', Id: id, Statement: [statement(vault)] });
  const room = sizeBytes - Buffer.byteLength(shape(''));
  const count = Math.floor(room / Buffer.byteLength(filler));
  const left = room - count * Buffer.byteLength(filler);
  return shape(filler.repeat(count) + 'x'.repeat(left));
}

function checkNone(reply: Reply, vault: string): void {
  const message = `No vault access policy is set for: ${vault}`;
  checkError(reply, 'ResourceNotFoundException', message);
}

function checkDenied(reply: Reply, action: string, vault: string): void {
  const { client, server } = firn;
  const message =
    `User: arn:aws:iam::${server.accountId}:root is not authorized to perform: ` +
    `glacier:${action} on resource: ${client.arn(vault)} ` +
    'with an explicit deny in a resource-based policy';
  checkError(reply, 'AccessDeniedException', message);
}

/** A vault with one archive and a policy of one statement, made for that vault. */
async function governed(more: (vault: string) => JsonObject) {
  const vault = await firn.client.freshVault();
  const archiveId = await firn.client.uploadArchive(vault, 'hello');
  checkNoContent(await setPolicy(vault, policyOf(statement(vault, more(vault)))));
  return { vault, archiveId };
}

/** Whether the root may delete a fresh archive beside a statement. */
async function checkDelete(more: (vault: string) => JsonObject, isRefused: boolean) {
  const { vault, archiveId } = await governed(more);
  const reply = await firn.client.deleteArchive(vault, archiveId);
  if (isRefused) checkDenied(reply, 'DeleteArchive', vault);
  else checkNoContent(reply);
}

const invalidDocuments: readonly (readonly [string, string])[] = [
  ['', 'Policy: is not JSON: the end at character 0'],
  [' ', 'Policy: is not JSON: the end at character 1'],
  ['nonsense', 'Policy: is not JSON: "n" at character 0'],
  ['{', 'Policy: is not JSON: the end at character 1'],
  ["{'Statement':[]}", 'Policy: is not JSON: "\'" at character 1'],
  ['{"Statement":[],}', 'Policy: is not JSON: "}" at character 16'],
  ['{} {}', 'Policy: is not JSON: "{" at character 3'],
  ['null', 'Policy: is not an object'],
  ['[]', 'Policy: is not an object'],
  ['"x"', 'Policy: is not an object'],
  ['5', 'Policy: is not an object'],
  ['{}', 'Statement: is missing'],
  ['{"Version":"2012-10-17"}', 'Statement: is missing'],
  ['{"Statement":[]}', 'Statement: is empty'],
  ['{"Statement":null}', 'Statement: is not an object'],
  ['{"Statement":"all"}', 'Statement: is not an object'],
  ['{"Statement":[[]]}', 'Statement[0]: is not an object'],
  ['{"Statement":[],"Statement":[]}', 'Statement: is given twice'],
  ['{"Version":"2013-10-17","Statement":[]}', 'Version: is not known: "2013-10-17"'],
  ['{"Version":2012,"Statement":[]}', 'Version: is not a string'],
  ['{"Id":5,"Statement":[]}', 'Id: is not a string'],
  ['{"statement":[]}', 'statement: is not known'],
  ['{"Statement":[],"Comment":"x"}', 'Comment: is not known'],
];

const age = 'glacier:ArchiveAgeInDays';
const inCondition = 'Statement[0].Condition';

const invalidStatements: readonly (readonly [string, JsonObject, string])[] = [
  ['an unknown element', { Actions: [] }, 'Statement[0].Actions: is not known'],
  ['a Sid that is no string', { Sid: 5 }, 'Statement[0].Sid: is not a string'],
  ['no Effect', { Effect: undefined }, 'Statement[0].Effect: is missing'],
  [
    'an Effect in lower case',
    { Effect: 'deny' },
    'Statement[0].Effect: is neither "Allow" nor "Deny": "deny"',
  ],
  ['no Principal', { Principal: undefined }, 'Statement[0].Principal: is missing'],
  [
    'a Principal beside its opposite',
    { NotPrincipal: { AWS: OTHER_ACCOUNT } },
    'Statement[0].NotPrincipal: is given beside "Principal"',
  ],
  [
    'a Principal without AWS',
    { Principal: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
    'Statement[0].Principal: is a string other than "*"',
  ],
  ['a Principal of nobody', { Principal: {} }, 'Statement[0].Principal: names nobody'],
  ['a Principal of no values', { Principal: { AWS: [] } }, 'Statement[0].Principal.AWS: is empty'],
  [
    'a service as Principal',
    { Principal: { Service: 'sns.amazonaws.com' } },
    'Statement[0].Principal.Service: is not known',
  ],
  [
    'a Principal that is none',
    { Principal: { AWS: ['*', 'bob'] } },
    'Statement[0].Principal.AWS[1]: is not a principal: "bob"',
  ],
  [
    'a wildcard in a user',
    { Principal: { AWS: 'arn:aws:iam::111122223333:user/*' } },
    'Statement[0].Principal.AWS: is not a principal: "arn:aws:iam::111122223333:user/*"',
  ],
  [
    'a NotPrincipal of everybody',
    { Principal: undefined, NotPrincipal: '*' },
    'Statement[0].NotPrincipal: leaves nobody',
  ],
  ['no Action', { Action: undefined }, 'Statement[0].Action: is missing'],
  ['no actions', { Action: [] }, 'Statement[0].Action: is empty'],
  ['an Action that is no string', { Action: [5] }, 'Statement[0].Action[0]: is not a string'],
  [
    'an Action beside its opposite',
    { NotAction: 'glacier:DeleteVault' },
    'Statement[0].NotAction: is given beside "Action"',
  ],
  [
    'an action of another service',
    { Action: ['glacier:DeleteArchive', 's3:DeleteObject'] },
    'Statement[0].Action[1]: is not an action of glacier: "s3:DeleteObject"',
  ],
  [
    'an action without its service',
    { Action: 'DeleteArchive' },
    'Statement[0].Action: is not an action of glacier: "DeleteArchive"',
  ],
  [
    'an action that Glacier has not got',
    { Action: 'glacier:DeleteArchives' },
    'Statement[0].Action: is no action that Glacier has: "glacier:DeleteArchives"',
  ],
  [
    'a wildcard that is no action',
    { Action: 'glacier:Erase*' },
    'Statement[0].Action: is no action that Glacier has: "glacier:Erase*"',
  ],
  [
    'an operation that no vault policy governs',
    { Action: ['glacier:CreateVault', 'glacier:ListVaults'] },
    'Statement[0].Action: has no action that a vault policy governs',
  ],
  [
    'a NotAction of everything',
    { Action: undefined, NotAction: 'glacier:*' },
    'Statement[0].NotAction: leaves no action',
  ],
  ['no Resource', { Resource: undefined }, 'Statement[0].Resource: is missing'],
  ['no resources', { Resource: [] }, 'Statement[0].Resource: is empty'],
  [
    'a Resource that is no ARN',
    { Resource: 'examplevault' },
    'Statement[0].Resource: is not an ARN: "examplevault"',
  ],
  [
    'a Resource of another service',
    { Resource: 'arn:aws:s3:::examplebucket' },
    'Statement[0].Resource: is not a resource of glacier: "arn:aws:s3:::examplebucket"',
  ],
  ['a Condition that is no object', { Condition: [] }, 'Statement[0].Condition: is not an object'],
  [
    'an unknown operator',
    { Condition: { NumericLess: { [age]: '365' } } },
    `${inCondition}.NumericLess: is not a condition operator`,
  ],
  [
    'an operator in lower case',
    { Condition: { numericlessthan: { [age]: '365' } } },
    `${inCondition}.numericlessthan: is not a condition operator`,
  ],
  [
    'an operator without a key',
    { Condition: { NumericLessThan: {} } },
    `${inCondition}.NumericLessThan: names no condition key`,
  ],
  [
    'an unknown key',
    { Condition: { NumericLessThan: { 'glacier:ArchiveAge': '365' } } },
    `${inCondition}.NumericLessThan.glacier:ArchiveAge: is not a condition key of Glacier requests`,
  ],
  [
    'a key twice, in two cases',
    { Condition: { NumericLessThan: { [age]: '365', 'glacier:ArchiveAgeinDays': '5' } } },
    `${inCondition}.NumericLessThan: has the key "glacier:archiveageindays" twice`,
  ],
  [
    'a key without values',
    { Condition: { NumericLessThan: { [age]: [] } } },
    `${inCondition}.NumericLessThan.${age}: is empty`,
  ],
  [
    'a value of no fitting type',
    { Condition: { NumericLessThan: { [age]: null } } },
    `${inCondition}.NumericLessThan.${age}: is not a string, a number or a boolean`,
  ],
  [
    'a value that is no number',
    { Condition: { NumericLessThan: { [age]: 'a year' } } },
    `${inCondition}.NumericLessThan.${age}: is not a number: "a year"`,
  ],
  [
    'a value that is no date',
    { Condition: { DateLessThan: { 'aws:CurrentTime': 'tomorrow' } } },
    `${inCondition}.DateLessThan.aws:CurrentTime: is not a date: "tomorrow"`,
  ],
  [
    'a value that is no boolean',
    { Condition: { Bool: { 'aws:SecureTransport': 'maybe' } } },
    `${inCondition}.Bool.aws:SecureTransport: is not true or false: "maybe"`,
  ],
  [
    'a value that is no address',
    { Condition: { IpAddress: { 'aws:SourceIp': 'localhost' } } },
    `${inCondition}.IpAddress.aws:SourceIp: is not an IP address or block: "localhost"`,
  ],
  [
    'an operator that never fits the key',
    { Condition: { IpAddress: { [age]: '10.0.0.0/8' } } },
    `${inCondition}.IpAddress.${age}: has no value of the kind that the operator compares`,
  ],
  [
    'an unknown variable',
    { Condition: { StringEquals: { 'aws:username': `$${'{aws:nobody}'}` } } },
    `${inCondition}.StringEquals.aws:username: has an unknown variable: "aws:nobody"`,
  ],
];

describe('SetVaultAccessPolicy', () => {
  describe('malformed', () => {
    it.each(['', '{}', '{"Policy":null}', '{"policy":"{}"}', '{"policy":{"Policy":"{}"}}'])(
      'refuses a missing policy: %j',
      async (body) => {
        const vault = await firn.client.freshVault();
        const message = 'Required parameter missing: Policy';
        checkError(await putText(vault, body), 'MissingParameterValueException', message);
        checkNone(await getPolicy(vault), vault);
      },
    );

    it.each([
      '{',
      'nonsense',
      'null',
      '[]',
      '"{}"',
      '{"Policy":5}',
      '{"Policy":{"Version":"2012-10-17","Statement":[]}}',
      '{"Policy":["{}"]}',
      '{"Policy":"{}",}',
    ])('refuses a body that is no JSON or of wrong types: %s', async (body) => {
      const vault = await firn.client.freshVault();
      checkError(await putText(vault, body), 'SerializationException', /^Invalid JSON: /);
      checkNone(await getPolicy(vault), vault);
    });

    const invalid = 'The specified vault access policy is invalid. Provide a valid policy.';

    it.each(invalidDocuments)('refuses the policy %j', async (policy, place) => {
      const vault = await firn.client.freshVault();
      const reply = await setPolicy(vault, policy);
      checkError(reply, 'InvalidParameterValueException', `${invalid} ${place}`);
      checkNone(await getPolicy(vault), vault);
    });

    it.each(invalidStatements)('refuses a statement with %s', async (_, more, place) => {
      const vault = await firn.client.freshVault();
      const reply = await setPolicy(vault, policyOf(statement(vault, more)));
      checkError(reply, 'InvalidParameterValueException', `${invalid} ${place}`);
      checkNone(await getPolicy(vault), vault);
    });

    it('names the statement that is at fault', async () => {
      const vault = await firn.client.freshVault();
      const policy = policyOf(
        statement(vault),
        statement(vault),
        statement(vault, { Effect: 'No' }),
      );
      const place = 'Statement[2].Effect: is neither "Allow" nor "Deny": "No"';
      const reply = await setPolicy(vault, policy);
      checkError(reply, 'InvalidParameterValueException', `${invalid} ${place}`);
      checkNone(await getPolicy(vault), vault);
    });

    it.each([
      ['of another name', (arn: string) => `${arn}x`],
      ['in another case', (arn: string) => arn.replace('vault-', 'Vault-')],
      ['of another account', (arn: string) => arn.replace(/:\d{12}:/, `:${OTHER_ACCOUNT}:`)],
      ['of another region', (arn: string) => arn.replace(/glacier:[^:]+/, 'glacier:eu-west-1')],
      ['that a wildcard names', (arn: string) => arn.replace(/vaults\/.*/, 'vaults/examp*')],
      ['that stands for an archive', (arn: string) => `${arn}/archives/*`],
    ])('refuses a policy for a vault %s', async (_, change) => {
      const vault = await firn.client.freshVault();
      const arn = firn.client.arn(vault);
      const other = change(arn);
      for (const [Resource, place] of [
        [other, 'Statement[0].Resource'],
        [[arn, other], 'Statement[0].Resource[1]'],
      ] as const) {
        const reply = await setPolicy(vault, policyOf(statement(vault, { Resource })));
        const fault = `${place}: does not cover the vault ${arn}: ${JSON.stringify(other)}`;
        const cut = fault.replace(/: "(.{80}).+"$/, ': "$1…"');
        checkError(reply, 'InvalidParameterValueException', `${invalid} ${cut}`);
      }
      checkNone(await getPolicy(vault), vault);
    });

    it('refuses a NotResource that is the vault', async () => {
      const vault = await firn.client.freshVault();
      const arn = firn.client.arn(vault);
      const policy = policyOf(statement(vault, { Resource: undefined, NotResource: arn }));
      const cut = JSON.stringify(arn).replace(/^"(.{80}).+"$/, '"$1…"');
      const place = `Statement[0].NotResource: covers the vault ${arn}: ${cut}`;
      const reply = await setPolicy(vault, policy);
      checkError(reply, 'InvalidParameterValueException', `${invalid} ${place}`);
    });

    it.each(['x', '€', '𝄞'])('refuses one byte more than 20 KiB, of "%s"', async (filler) => {
      const vault = await firn.client.freshVault();
      const policy = policyOfBytes(vault, LIMIT_BYTES + 1, filler);
      expect(Buffer.byteLength(policy)).toBe(LIMIT_BYTES + 1);
      const place = 'Policy: is longer than 20480 bytes';
      const reply = await setPolicy(vault, policy);
      checkError(reply, 'InvalidParameterValueException', `${invalid} ${place}`);
      checkNone(await getPolicy(vault), vault);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist, before anything about the body', async () => {
      const vault = uniqueName();
      const whole = JSON.stringify({ Policy: policyOf(statement(vault)) });
      for (const body of [whole, '', '{}', 'nonsense', '{"Policy":"{}"}']) {
        checkNoVault(await putText(vault, body), firn.client, vault);
      }
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await setPolicy('my%20vault', '{}');
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const body = JSON.stringify({ Policy: policyOf(statement(vault)) });
      const target = `/999999999999/vaults/${vault}/access-policy`;
      const reply = await firn.client.request('PUT', target, { body });
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      checkNone(await getPolicy(vault), vault);
    });

    it('for an unsigned request', async () => {
      const vault = await firn.client.freshVault();
      const body = JSON.stringify({ Policy: policyOf(statement(vault)) });
      const target = `/-/vaults/${vault}/access-policy`;
      const reply = await firn.client.request('PUT', target, { body, signing: 'none' });
      checkError(reply, 'MissingAuthenticationTokenException');
      checkNone(await getPolicy(vault), vault);
    });

    it('and what was set before stays, in force', async () => {
      const vault = await firn.client.freshVault();
      const archiveId = await firn.client.uploadArchive(vault, 'hello');
      const policy = policyOf(statement(vault));
      checkNoContent(await setPolicy(vault, policy));
      for (const other of ['', '{}', policyOf(statement(vault, { Effect: 'No' }))]) {
        checkError(await setPolicy(vault, other), 'InvalidParameterValueException');
      }
      checkJson(await getPolicy(vault), { Policy: policy });
      checkDenied(await firn.client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    });

    it('where the policy itself denies it, before anything about the body', async () => {
      const { vault } = await governed(() => ({ Action: 'glacier:SetVaultAccessPolicy' }));
      for (const body of [JSON.stringify({ Policy: policyOf(statement(vault)) }), '', '{']) {
        checkDenied(await putText(vault, body), 'SetVaultAccessPolicy', vault);
      }
      await firn.client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
      checkNoContent(await setPolicy(vault, policyOf(statement(vault))));
    });
  });

  describe('works', () => {
    it.each([
      ['as it is', (policy: string) => policy],
      ['with spaces', (policy: string) => JSON.stringify(JSON.parse(policy), undefined, 4)],
      ['with space around', (policy: string) => ` \r\n\t${policy}\n `],
      ['with escapes', (policy: string) => policy.replace('Deny', '\\u0044en\\u0079')],
      [
        'with letters of all kinds',
        (policy: string) =>
          policy.replace('{', '{"Id":"\u00e9 e\u0301 € 𝄞 \u2028 \\ud834\\udd1e \\/",'),
      ],
    ])('and gives the policy back byte for byte, %s', async (_, change) => {
      const vault = await firn.client.freshVault();
      const policy = change(policyOf(statement(vault, { Sid: 'keep' })));
      checkNoContent(await setPolicy(vault, policy));
      checkJson(await getPolicy(vault), { Policy: policy });
    });

    it.each(['x', '€', '𝄞'])('with 20 KiB of "%s"', async (filler) => {
      const vault = await firn.client.freshVault();
      const policy = policyOfBytes(vault, LIMIT_BYTES, filler);
      expect(Buffer.byteLength(policy)).toBe(LIMIT_BYTES);
      checkNoContent(await setPolicy(vault, policy));
      checkJson(await getPolicy(vault), { Policy: policy });
    });

    it('with 20 KiB of which every character is escaped', async () => {
      const vault = await firn.client.freshVault();
      const policy = policyOfBytes(vault, LIMIT_BYTES, 'x');
      const inHex = (character: string): string =>
        `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      const body = `{"Policy":"${Array.from(policy, inHex).join('')}"}`;
      checkNoContent(await putText(vault, body));
      checkJson(await getPolicy(vault), { Policy: policy });
    });

    it.each<[string, (vault: string) => unknown]>([
      ['one statement without an array', (vault) => ({ Statement: statement(vault) })],
      ['the old version', (vault) => ({ Version: '2008-10-17', Statement: [statement(vault)] })],
      ['an Id', (vault) => ({ Id: 'keep', Statement: [statement(vault)] })],
      ['an empty Sid', (vault) => ({ Statement: [statement(vault, { Sid: '' })] })],
      [
        'equal Sids',
        (vault) => {
          const one = statement(vault, { Sid: 'x' });
          return { Statement: [one, one] };
        },
      ],
    ])('with %s', async (_, document) => {
      const vault = await firn.client.freshVault();
      const archiveId = await firn.client.uploadArchive(vault, 'hello');
      const policy = JSON.stringify(document(vault));
      checkNoContent(await setPolicy(vault, policy));
      checkJson(await getPolicy(vault), { Policy: policy });
      checkDenied(await firn.client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    });

    it('with the example of the guide, for another account', async () => {
      const vault = await firn.client.freshVault();
      const policy = policyOf({
        Sid: 'partner-upload',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
        Action: ['glacier:UploadArchive', 'glacier:InitiateMultipartUpload'],
        Resource: firn.client.arn(vault),
      });
      checkNoContent(await setPolicy(vault, policy));
      checkJson(await getPolicy(vault), { Policy: policy });
    });

    it('again, and in the place of the one before', async () => {
      const vault = await firn.client.freshVault();
      const archiveId = await firn.client.uploadArchive(vault, 'hello');
      const first = policyOf(statement(vault));
      const second = policyOf(statement(vault, { Action: 'glacier:UploadArchive' }));
      for (const one of [first, first, second, second]) {
        checkNoContent(await setPolicy(vault, one));
        checkJson(await getPolicy(vault), { Policy: one });
      }
      const upload = await firn.client.postArchive(vault, Buffer.from('more'));
      checkDenied(upload, 'UploadArchive', vault);
      checkNoContent(await firn.client.deleteArchive(vault, archiveId));
    });

    it('with the account written out, unknown fields and any content type', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const policy = policyOf(statement(vault));
      const target = `/${server.accountId}/vaults/${vault}/access-policy`;
      const reply = await client.request('PUT', target, {
        body: JSON.stringify({ Colour: ['red'], policy: 5, Policy: policy }),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      });
      checkNoContent(reply);
      checkJson(await getPolicy(vault), { Policy: policy });
    });

    it('only for the vault that is named', async () => {
      const { vault, archiveId } = await governed(() => ({ Resource: '*' }));
      const other = await firn.client.freshVault();
      const otherId = await firn.client.uploadArchive(other, 'hello');
      checkDenied(await firn.client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
      checkNone(await getPolicy(other), other);
      checkNoContent(await firn.client.deleteArchive(other, otherId));
    });
  });
});

/** Every operation that names a vault, but CreateVault: method, path behind the vault, body. */
const governedOperations: readonly (readonly [string, string, string, string])[] = [
  ['DescribeVault', 'GET', '', ''],
  ['DeleteVault', 'DELETE', '', ''],
  ['AddTagsToVault', 'POST', '/tags?operation=add', '{"Tags":{"a":"b"}}'],
  ['ListTagsForVault', 'GET', '/tags', ''],
  ['RemoveTagsFromVault', 'POST', '/tags?operation=remove', '{"TagKeys":["a"]}'],
  ['UploadArchive', 'POST', '/archives', 'hello'],
  ['DeleteArchive', 'DELETE', `/archives/${NO_ARCHIVE}`, ''],
  ['InitiateMultipartUpload', 'POST', '/multipart-uploads', ''],
  ['UploadMultipartPart', 'PUT', `/multipart-uploads/${NO_JOB}`, 'hello'],
  ['CompleteMultipartUpload', 'POST', `/multipart-uploads/${NO_JOB}`, ''],
  ['AbortMultipartUpload', 'DELETE', `/multipart-uploads/${NO_JOB}`, ''],
  ['ListMultipartUploads', 'GET', '/multipart-uploads', ''],
  ['ListParts', 'GET', `/multipart-uploads/${NO_JOB}`, ''],
  ['InitiateJob', 'POST', '/jobs', '{"Type":"inventory-retrieval"}'],
  ['DescribeJob', 'GET', `/jobs/${NO_JOB}`, ''],
  ['ListJobs', 'GET', '/jobs', ''],
  ['GetJobOutput', 'GET', `/jobs/${NO_JOB}/output`, ''],
  ['SetVaultNotifications', 'PUT', '/notification-configuration', '{}'],
  ['GetVaultNotifications', 'GET', '/notification-configuration', ''],
  ['DeleteVaultNotifications', 'DELETE', '/notification-configuration', ''],
  ['SetVaultAccessPolicy', 'PUT', '/access-policy', '{}'],
  ['GetVaultAccessPolicy', 'GET', '/access-policy', ''],
  ['DeleteVaultAccessPolicy', 'DELETE', '/access-policy', ''],
  ['InitiateVaultLock', 'POST', '/lock-policy', '{}'],
  ['CompleteVaultLock', 'POST', `/lock-policy/${'n'.repeat(24)}`, ''],
  ['AbortVaultLock', 'DELETE', '/lock-policy', ''],
  ['GetVaultLock', 'GET', '/lock-policy', ''],
];

function ask(vault: string, method: string, path: string, body: string): Promise<Reply> {
  return firn.client.request(method, `/-/vaults/${vault}${path}`, {
    body,
    ...(body === 'hello' && { headers: hashHeaders(Buffer.from(body)) }),
  });
}

describe('The vault access policy', () => {
  it.each(governedOperations)('denies %s to the root', async (action, method, path, body) => {
    const { vault } = await governed(() => ({ Action: `glacier:${action}` }));
    checkDenied(await ask(vault, method, path, body), action, vault);
  });

  it('denies everything at once, and for good, but no other vault', async () => {
    const { client } = firn;
    const { vault, archiveId } = await governed(() => ({ Action: '*' }));
    for (const [action, method, path, body] of governedOperations) {
      checkDenied(await ask(vault, method, path, body), action, vault);
    }
    checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    await client.expect(201, 'PUT', `/-/vaults/${vault}`);
    await client.expect(200, 'GET', '/-/vaults');
    await client.expect(200, 'GET', '/-/policies/data-retrieval');
    await client.expect(200, 'GET', '/-/provisioned-capacity');
    await client.freshVault();
  });

  it('denies what NotAction leaves', async () => {
    const { client } = firn;
    const { vault, archiveId } = await governed(() => ({
      Action: undefined,
      NotAction: ['glacier:Get*', 'glacier:DeleteVaultAccessPolicy'],
    }));
    const isSpared = (action: string): boolean =>
      action.startsWith('Get') || action === 'DeleteVaultAccessPolicy';
    for (const [action, method, path, body] of governedOperations) {
      if (isSpared(action)) continue;
      checkDenied(await ask(vault, method, path, body), action, vault);
    }
    await client.expect(200, 'GET', `/-/vaults/${vault}/access-policy`);
    await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it.each<[unknown, boolean]>([
    ['glacier:DeleteArchive', true],
    ['GLACIER:deletearchive', true],
    ['glacier:Delete*', true],
    ['glacier:*Archive', true],
    ['glacier:DeleteArchiv?', true],
    ['glacier:*', true],
    ['*', true],
    [['glacier:UploadArchive', 'glacier:DeleteArchive'], true],
    ['glacier:UploadArchive', false],
    ['glacier:?eleteVault', false],
    ['glacier:*Vault*', false],
  ])('reads the action %j', async (Action, isRefused) => {
    await checkDelete(() => ({ Action }), isRefused);
  });

  it.each<[string, (arn: string) => unknown]>([
    ['the vault', (arn) => arn],
    ['everything', () => '*'],
    ['all vaults', (arn) => arn.replace(/vaults\/.*/, 'vaults/*')],
    ['a part of the name and a wildcard', (arn) => `${arn.slice(0, -4)}*`],
    ['single wildcards', (arn) => `${arn.slice(0, -2)}??`],
    ['wildcards for region and account', (arn) => arn.replace(/glacier:[^:]*:\d*/, 'glacier:*:*')],
    ['several that cover it', (arn) => [arn, '*']],
  ])('covers the vault with %s as resource', async (_, resource) => {
    await checkDelete((vault) => ({ Resource: resource(firn.client.arn(vault)) }), true);
  });

  it('covers the vault with a NotResource that is another', async () => {
    await checkDelete(
      (vault) => ({ Resource: undefined, NotResource: `${firn.client.arn(vault)}x` }),
      true,
    );
  });

  it.each<[string, (account: string) => JsonObject, boolean]>([
    ['everybody', () => ({ Principal: '*' }), true],
    ['everybody of AWS', () => ({ Principal: { AWS: '*' } }), true],
    ['the account', (account) => ({ Principal: { AWS: account } }), true],
    ['its root', (account) => ({ Principal: { AWS: [`arn:aws:iam::${account}:root`] } }), true],
    ['several', (account) => ({ Principal: { AWS: [OTHER_ACCOUNT, account] } }), true],
    ['another account', () => ({ Principal: { AWS: OTHER_ACCOUNT } }), false],
    ['a user', (account) => ({ Principal: { AWS: `arn:aws:iam::${account}:user/bob` } }), false],
    [
      'all but another account',
      () => ({ Principal: undefined, NotPrincipal: { AWS: OTHER_ACCOUNT } }),
      true,
    ],
    [
      'all but the account',
      (account) => ({ Principal: undefined, NotPrincipal: { AWS: account } }),
      false,
    ],
  ])('denies %s: %#', async (_, more, isRefused) => {
    await checkDelete(() => more(firn.server.accountId), isRefused);
  });

  it.each<[JsonObject, boolean]>([
    [{ NumericLessThan: { [age]: '365' } }, true],
    [{ NumericLessThan: { [age]: 365 } }, true],
    [{ NumericLessThan: { [age]: '1' } }, true],
    [{ NumericLessThan: { [age]: '0.5' } }, true],
    [{ NumericLessThan: { [age]: '0' } }, false],
    [{ NumericLessThanEquals: { [age]: '0' } }, true],
    [{ NumericEquals: { [age]: '0' } }, true],
    [{ NumericEquals: { [age]: ['5', '0'] } }, true],
    [{ NumericEquals: { [age]: '1' } }, false],
    [{ NumericNotEquals: { [age]: '0' } }, false],
    [{ NumericNotEquals: { [age]: '1' } }, true],
    [{ NumericGreaterThan: { [age]: '0' } }, false],
    [{ NumericGreaterThanEquals: { [age]: '0' } }, true],
    [{ NumericLessThan: { 'GLACIER:archiveageINdays': '365' } }, true],
    [{ NumericLessThanIfExists: { [age]: '365' } }, true],
    [{ Null: { [age]: 'false' } }, true],
    [{ Null: { [age]: true } }, false],
    [{ StringEquals: { [age]: '0' } }, true],
  ])('judges the age of the archive to be deleted: %j', async (Condition, isRefused) => {
    await checkDelete(() => ({ Condition }), isRefused);
  });

  it.each<[JsonObject, boolean]>([
    [{ StringEquals: { 'aws:PrincipalType': 'Account' } }, true],
    [{ StringNotEquals: { 'aws:PrincipalType': 'Account' } }, false],
    [{ StringEqualsIgnoreCase: { 'aws:PrincipalType': 'ACCOUNT' } }, true],
    [{ StringEquals: { 'aws:PrincipalType': 'ACCOUNT' } }, false],
    [{ StringEquals: { 'aws:PrincipalAccount': OTHER_ACCOUNT } }, false],
    [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:root' } }, true],
    [{ ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:root' } }, false],
    [{ StringLike: { 'aws:username': '*' } }, false],
    [{ StringLikeIfExists: { 'aws:username': 'bob' } }, true],
    [{ StringNotLike: { 'aws:username': 'bob' } }, true],
    [{ Null: { 'aws:username': true } }, true],
    [{ Bool: { 'aws:MultiFactorAuthPresent': false } }, false],
    [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': false } }, true],
    [{ DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, true],
    [{ DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, false],
    [{ NumericGreaterThan: { 'aws:EpochTime': 1_577_836_800 } }, true],
    [
      {
        NumericLessThan: { [age]: '365' },
        DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' },
      },
      true,
    ],
    [
      {
        NumericLessThan: { [age]: '365' },
        DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' },
      },
      false,
    ],
    [{ StringEquals: { 'aws:PrincipalType': 'Account', [age]: '0' } }, true],
    [{ StringEquals: { 'aws:PrincipalType': 'User', [age]: '0' } }, false],
    [{}, true],
  ])('judges the caller and the time: %j', async (Condition, isRefused) => {
    await checkDelete(() => ({ Condition }), isRefused);
  });

  it('fills in variables, in the new version only', async () => {
    const Condition = { StringEquals: { 'aws:userid': `$${'{aws:PrincipalAccount}'}` } };
    await checkDelete(() => ({ Condition }), true);
    const vault = await firn.client.freshVault();
    const archiveId = await firn.client.uploadArchive(vault, 'hello');
    const Statement = [statement(vault, { Condition })];
    checkNoContent(await setPolicy(vault, JSON.stringify({ Version: '2008-10-17', Statement })));
    checkNoContent(await firn.client.deleteArchive(vault, archiveId));
  });

  it('judges the user agent', async () => {
    const { client } = firn;
    const { vault, archiveId } = await governed(() => ({
      Condition: { StringLike: { 'aws:UserAgent': 'backup/*' } },
    }));
    const target = `/-/vaults/${vault}/archives/${archiveId}`;
    const deleteAs = (agent: string) =>
      client.request('DELETE', target, { headers: { 'User-Agent': agent } });
    checkDenied(await deleteAs('backup/1.0'), 'DeleteArchive', vault);
    checkNoContent(await deleteAs('operator/1.0'));
  });

  it('judges tags as they are at the request', async () => {
    const { client } = firn;
    const { vault, archiveId } = await governed(() => ({
      Condition: { StringLike: { 'glacier:ResourceTag/LegalHold': ['true', ''] } },
    }));
    const second = await client.uploadArchive(vault, 'second');
    const tag = (value: string) =>
      client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=add`, {
        body: JSON.stringify({ Tags: { LegalHold: value } }),
      });
    for (const value of ['true', '']) {
      await tag(value);
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    }
    await tag('false');
    checkNoContent(await client.deleteArchive(vault, archiveId));
    await tag('true');
    checkDenied(await client.deleteArchive(vault, second), 'DeleteArchive', vault);
    await client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=remove`, {
      body: JSON.stringify({ TagKeys: ['LegalHold'] }),
    });
    checkNoContent(await client.deleteArchive(vault, second));
  });

  it('finds a tag whatever the case of its key, and its value by the operator', async () => {
    const { client } = firn;
    const { vault, archiveId } = await governed(() => ({
      Condition: { StringEquals: { 'glacier:resourcetag/legalhold': 'true' } },
    }));
    const tag = (value: string) =>
      client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=add`, {
        body: JSON.stringify({ Tags: { LegalHold: value } }),
      });
    await tag('true');
    checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    await tag('TRUE');
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it.each(governedOperations)('offers the tags to %s', async (action, method, path, body) => {
    const { client } = firn;
    const vault = await client.freshVault();
    await client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=add`, {
      body: JSON.stringify({ Tags: { stage: 'frozen' } }),
    });
    const policy = policyOf(
      statement(vault, {
        Action: 'glacier:*',
        Condition: { StringEquals: { 'glacier:ResourceTag/stage': 'frozen' } },
      }),
    );
    checkNoContent(await setPolicy(vault, policy));
    checkDenied(await ask(vault, method, path, body), action, vault);
  });

  it('denies before anything is said of an archive, a job or an upload', async () => {
    const { client } = firn;
    const { vault } = await governed(() => ({ Action: 'glacier:DeleteArchive' }));
    for (const id of [NO_ARCHIVE, 'x']) {
      checkDenied(await client.deleteArchive(vault, id), 'DeleteArchive', vault);
    }
    const elsewhere = await client.freshVault();
    const foreign = await client.uploadArchive(elsewhere, 'hello');
    checkDenied(await client.deleteArchive(vault, foreign), 'DeleteArchive', vault);
  });

  it('finds no age where there is no archive', async () => {
    const { client } = firn;
    const { vault } = await governed(() => ({ Condition: { NumericLessThan: { [age]: 365 } } }));
    const message = `The archive ID was not found: ${NO_ARCHIVE}`;
    const reply = await client.deleteArchive(vault, NO_ARCHIVE);
    checkError(reply, 'ResourceNotFoundException', message);
    const elsewhere = await client.freshVault();
    const foreign = await client.uploadArchive(elsewhere, 'hello');
    checkError(
      await client.deleteArchive(vault, foreign),
      'InvalidParameterValueException',
      `Invalid vault name: ${client.arn(vault)}`,
    );
  });

  describe('and retrievals of young archives', () => {
    async function young() {
      return await governed(() => ({
        Action: 'glacier:InitiateJob',
        Condition: { NumericLessThan: { [age]: '30' } },
      }));
    }

    it('denies them, but no inventory', async () => {
      const { client } = firn;
      const { vault, archiveId } = await young();
      const job = { Type: 'archive-retrieval', ArchiveId: archiveId };
      checkDenied(await client.postJob(vault, job), 'InitiateJob', vault);
      const { ArchiveList } = await client.inventory(vault);
      expect(ArchiveList).toHaveLength(1);
      const list = (await client.expect(200, 'GET', `/-/vaults/${vault}/jobs`)).json();
      expect(list).toMatchObject({ JobList: [{ Action: 'InventoryRetrieval' }] });
    });

    it('answers 404 for an archive that is not there', async () => {
      const { vault } = await young();
      const job = { Type: 'archive-retrieval', ArchiveId: NO_ARCHIVE };
      const message = `The archive ID was not found: ${NO_ARCHIVE}`;
      checkError(await firn.client.postJob(vault, job), 'ResourceNotFoundException', message);
    });

    it('allows old ones only', async () => {
      const { client } = firn;
      const { vault, archiveId } = await governed(() => ({
        Action: 'glacier:InitiateJob',
        Condition: { NumericGreaterThan: { [age]: '30' } },
      }));
      const jobId = await client.retrievedArchive(vault, archiveId);
      expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    });

    const escaped = (text: string): string =>
      `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}${text.slice(1)}`;
    it.each<[string, (id: string) => string]>([
      ['an escape in the name', (id) => `{"Type":"archive-retrieval","\\u0041rchiveId":"${id}"}`],
      ['an escape in the id', (id) => `{"Type":"archive-retrieval","ArchiveId":"${escaped(id)}"}`],
      [
        'another id before it',
        (id) => `{"ArchiveId":"${NO_ARCHIVE}","Type":"archive-retrieval","ArchiveId":"${id}"}`,
      ],
      [
        'another id in a field that is not known',
        (id) =>
          `{"x":{"ArchiveId":"${NO_ARCHIVE}"},"Type":"archive-retrieval","ArchiveId":"${id}"}`,
      ],
      [
        'white space of all kinds',
        (id) => `\r\n{\t"Type" : "archive-retrieval" ,"ArchiveId"\r\n:\t "${id}" }\n`,
      ],
    ])('denies them also when asked with %s', async (_, bodyFor) => {
      const { vault, archiveId } = await young();
      const body = bodyFor(archiveId);
      const reply = await firn.client.request('POST', `/-/vaults/${vault}/jobs`, { body });
      checkDenied(reply, 'InitiateJob', vault);
      const list = (await firn.client.expect(200, 'GET', `/-/vaults/${vault}/jobs`)).json();
      expect(list).toMatchObject({ JobList: [] });
    });
  });

  it('of an Allow takes nothing away, and gives nothing back that a Deny takes', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const narrow = statement(vault, { Effect: 'Allow', Principal: { AWS: OTHER_ACCOUNT } });
    checkNoContent(await setPolicy(vault, policyOf(narrow)));
    await client.describeVault(vault);
    const wide = statement(vault, { Effect: 'Allow', Action: '*', Resource: '*' });
    for (const statements of [
      [wide, statement(vault)],
      [statement(vault), wide],
    ]) {
      checkNoContent(await setPolicy(vault, policyOf(...statements)));
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    }
    checkNoContent(await setPolicy(vault, policyOf(wide)));
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it('refuses DeleteArchive to the root, and no longer when it is removed', async () => {
    const { client } = firn;
    const { vault, archiveId } = await governed(() => ({}));
    checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    const jobId = await client.retrievedArchive(vault, archiveId);
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it('denies the rest of an upload that has begun', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, 1_048_576);
    const part = Buffer.from('hello');
    await client.uploadPart(vault, uploadId, 0, part);
    const Action = ['glacier:UploadMultipartPart', 'glacier:CompleteMultipartUpload'];
    checkNoContent(await setPolicy(vault, policyOf(statement(vault, { Action }))));
    const again = await client.putPart(vault, uploadId, 0, part);
    checkDenied(again, 'UploadMultipartPart', vault);
    const hash = hashHeaders(part)['x-amz-sha256-tree-hash'] ?? '';
    const done = await client.completeUpload(vault, uploadId, part.length, hash);
    checkDenied(done, 'CompleteMultipartUpload', vault);
    await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
    expect((await client.completeUpload(vault, uploadId, part.length, hash)).status).toBe(201);
  });

  it('goes with the vault', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    checkNoContent(await setPolicy(vault, policyOf(statement(vault, { Action: '*' }))));
    checkDenied(await ask(vault, 'DELETE', '', ''), 'DeleteVault', vault);
    const other = await client.freshVault();
    checkNoContent(await setPolicy(other, policyOf(statement(other))));
    checkNoContent(await ask(other, 'DELETE', '', ''));
    await client.createVault(other);
    checkNone(await getPolicy(other), other);
    const archiveId = await client.uploadArchive(other, 'hello');
    checkNoContent(await client.deleteArchive(other, archiveId));
  });
});

describe.skipIf(isRemote)('The vault access policy of a server on the loopback address', () => {
  it.each<[JsonObject, boolean]>([
    [{ IpAddress: { 'aws:SourceIp': '127.0.0.1' } }, true],
    [{ IpAddress: { 'aws:SourceIp': '127.0.0.1/32' } }, true],
    [{ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, true],
    [{ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '127.0.0.1'] } }, true],
    [{ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '2001:db8::/32'] } }, false],
    [{ IpAddress: { 'aws:sourceip': '0.0.0.0/0' } }, true],
    [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, true],
    [{ NotIpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '127.0.0.0/8'] } }, false],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, true],
    [{ Bool: { 'aws:SecureTransport': true } }, false],
  ])('judges where the caller is: %j', async (Condition, isRefused) => {
    await checkDelete(() => ({ Condition }), isRefused);
  });

  it.each(['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])('believes no %s', async (name) => {
    const { vault, archiveId } = await governed(() => ({
      Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.1' } },
    }));
    const value = name === 'Forwarded' ? 'for=10.1.2.3' : '10.1.2.3';
    const target = `/-/vaults/${vault}/archives/${archiveId}`;
    const reply = await firn.client.request('DELETE', target, { headers: { [name]: value } });
    checkDenied(reply, 'DeleteArchive', vault);
  });

  it.each([
    ['a restart', (): Promise<unknown> => firn.server.stop()],
    ['a kill', (): Promise<unknown> => firn.server.kill()],
    [
      'the loss of the view',
      async (): Promise<void> => {
        await firn.server.stop();
        rmSync(join(firn.server.dataDirectory, 'view.sqlite'));
      },
    ],
  ])('lasts over %s', async (_, end) => {
    const { vault, archiveId } = await governed(() => ({ Action: 'glacier:UploadArchive' }));
    const policy = `\n${policyOf(statement(vault, { Sid: '€' }))} `;
    checkNoContent(await setPolicy(vault, policy));
    await end();
    await firn.server.restart();
    checkJson(await getPolicy(vault), { Policy: policy });
    checkDenied(await firn.client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
  });
});
