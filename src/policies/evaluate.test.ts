// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
import { describe, expect, it } from 'vitest';
import type { OperationName } from '../api/operations.ts';
import { accessDeniedMessage, type Decision, evaluate } from './evaluate.ts';
import { parsePolicy } from './policy-document.ts';

const own = '111122223333';
const partner = '444455556666';
const arnOf = (name: string): string => `arn:aws:glacier:us-west-2:${own}:vaults/${name}`;
const vaultArn = arnOf('examplevault');
const iam = (account: string, rest: string): string => `arn:aws:iam::${account}:${rest}`;
const sts = (account: string, rest: string): string =>
  `arn:aws:sts::${account}:assumed-role/${rest}`;

const callers = {
  root: { accountId: own, arn: iam(own, 'root') },
  alice: { accountId: own, arn: iam(own, 'user/alice') },
  bob: { accountId: own, arn: iam(own, 'user/staff/bob') },
  session: { accountId: own, arn: sts(own, 'admin/alice') },
  partnerRoot: { accountId: partner, arn: iam(partner, 'root') },
  partnerUser: { accountId: partner, arn: iam(partner, 'user/carol') },
};
type Caller = keyof typeof callers;

interface Request {
  readonly by?: Caller;
  readonly action?: OperationName;
  readonly on?: string;
  readonly context?: Record<string, string>;
  readonly identity?: readonly object[];
  readonly access?: readonly object[];
  readonly lock?: readonly object[];
}

const allowAll = { Sid: 'all', Effect: 'Allow', Action: '*', Resource: '*' };
const denyAll = { Sid: 'none', Effect: 'Deny', Action: '*', Resource: '*' };
const inVault = (effect: string, more: object): object => ({
  Effect: effect,
  Principal: '*',
  Action: '*',
  Resource: vaultArn,
  ...more,
});
const allowIn = (more: object = {}): object => inVault('Allow', more);
const denyIn = (more: object = {}): object => inVault('Deny', more);
const aws = (...names: string[]): object => ({ Principal: { AWS: names } });
const notAws = (...names: string[]): object => ({
  Principal: undefined,
  NotPrincipal: { AWS: names },
});

type Row = [expected: string, request: Request];

const rules: Row[] = [
  ['allowed by root', { by: 'root' }],
  ['allowed by root', { by: 'root', access: [allowIn()] }],
  ['explicit-deny by vault-access', { by: 'root', access: [denyIn()] }],
  ['explicit-deny by vault-lock', { by: 'root', lock: [denyIn()], access: [allowIn()] }],
  ['explicit-deny by vault-lock', { by: 'root', lock: [denyIn()], access: [denyIn()] }],
  ['no-allow by identity', {}],
  ['allowed by identity', { identity: [allowAll] }],
  ['explicit-deny by identity', { identity: [allowAll, denyAll] }],
  ['explicit-deny by identity', { identity: [denyAll, allowAll] }],
  ['explicit-deny by identity', { identity: [denyAll], access: [allowIn()] }],
  ['allowed by vault-access', { access: [allowIn()] }],
  ['allowed by vault-lock', { lock: [allowIn()] }],
  ['allowed by identity', { identity: [allowAll], access: [allowIn()] }],
  ['explicit-deny by vault-access', { identity: [allowAll], access: [allowIn(), denyIn()] }],
  ['explicit-deny by vault-access', { lock: [allowIn()], access: [denyIn()] }],
  ['explicit-deny by vault-lock', { identity: [allowAll], lock: [denyIn()] }],
  ['no-allow by identity', { by: 'partnerUser' }],
  ['no-allow by vault-access', { by: 'partnerUser', identity: [allowAll] }],
  ['no-allow by identity', { by: 'partnerUser', access: [allowIn()] }],
  ['allowed by vault-access', { by: 'partnerUser', identity: [allowAll], access: [allowIn()] }],
  ['allowed by vault-lock', { by: 'partnerUser', identity: [allowAll], lock: [allowIn()] }],
  [
    'explicit-deny by vault-lock',
    { by: 'partnerUser', identity: [allowAll], access: [allowIn()], lock: [denyIn()] },
  ],
  [
    'explicit-deny by identity',
    { by: 'partnerUser', identity: [allowAll, denyAll], access: [allowIn()] },
  ],
  ['no-allow by vault-access', { by: 'partnerRoot' }],
  ['allowed by vault-access', { by: 'partnerRoot', access: [allowIn()] }],
  ['explicit-deny by vault-access', { by: 'partnerRoot', access: [allowIn(), denyIn()] }],
];

const ungoverned: Row[] = [
  ['allowed by root', { by: 'root', action: 'CreateVault', access: [denyIn()] }],
  ['no-allow by identity', { action: 'CreateVault', access: [allowIn()] }],
  ['allowed by identity', { action: 'CreateVault', identity: [allowAll], lock: [denyIn()] }],
  ['allowed by identity', { action: 'ListVaults', on: arnOf(''), identity: [allowAll] }],
  ['no-allow by identity', { action: 'ListVaults', on: arnOf(''), access: [allowIn()] }],
  ['allowed by root', { by: 'root', action: 'PurchaseProvisionedCapacity', lock: [denyIn()] }],
  ['explicit-deny by vault-lock', { by: 'root', action: 'DeleteVault', lock: [denyIn()] }],
  [
    'explicit-deny by vault-access',
    {
      by: 'root',
      action: 'SetVaultAccessPolicy',
      access: [denyIn({ Action: 'glacier:Set*Policy' })],
    },
  ],
];

const principals: Row[] = [
  ['allowed by vault-access', { access: [allowIn(aws('*'))] }],
  ['allowed by vault-access', { access: [allowIn(aws(own))] }],
  ['allowed by vault-access', { access: [allowIn(aws(iam(own, 'root')))] }],
  ['allowed by vault-access', { access: [allowIn(aws(iam(own, 'user/alice')))] }],
  ['no-allow by identity', { access: [allowIn(aws(iam(own, 'user/Alice')))] }],
  ['no-allow by identity', { access: [allowIn(aws(iam(own, 'user/staff/alice')))] }],
  ['no-allow by identity', { access: [allowIn(aws(iam(own, 'role/alice')))] }],
  ['no-allow by identity', { access: [allowIn(aws(partner))] }],
  ['allowed by vault-access', { access: [allowIn(aws(partner, own))] }],
  ['allowed by vault-access', { by: 'bob', access: [allowIn(aws(iam(own, 'user/staff/bob')))] }],
  ['no-allow by identity', { by: 'bob', access: [allowIn(aws(iam(own, 'user/bob')))] }],
  ['allowed by vault-access', { by: 'session', access: [allowIn(aws(iam(own, 'role/admin')))] }],
  ['allowed by vault-access', { by: 'session', access: [allowIn(aws(iam(own, 'role/x/admin')))] }],
  ['no-allow by identity', { by: 'session', access: [allowIn(aws(iam(own, 'role/adm')))] }],
  ['no-allow by identity', { by: 'session', access: [allowIn(aws(iam(partner, 'role/admin')))] }],
  ['allowed by vault-access', { by: 'session', access: [allowIn(aws(sts(own, 'admin/alice')))] }],
  ['no-allow by identity', { by: 'session', access: [allowIn(aws(sts(own, 'admin/bob')))] }],
  ['no-allow by identity', { by: 'session', access: [allowIn(aws(iam(own, 'user/alice')))] }],
  ['allowed by vault-access', { by: 'session', access: [allowIn(aws(iam(own, 'root')))] }],
  ['explicit-deny by vault-access', { by: 'root', access: [denyIn(aws(own))] }],
  ['allowed by root', { by: 'root', access: [denyIn(aws(iam(own, 'user/alice')))] }],
  // NotPrincipal: all but those listed.
  ['allowed by vault-access', { access: [allowIn(notAws(iam(own, 'user/staff/bob')))] }],
  ['no-allow by identity', { by: 'bob', access: [allowIn(notAws(iam(own, 'user/staff/bob')))] }],
  ['no-allow by identity', { access: [allowIn(notAws(own))] }],
  ['no-allow by identity', { access: [allowIn(notAws(own, iam(own, 'user/staff/bob')))] }],
  ['allowed by identity', { identity: [allowAll], lock: [denyIn(notAws(iam(own, 'user/alice')))] }],
  [
    'explicit-deny by vault-lock',
    { by: 'bob', identity: [allowAll], lock: [denyIn(notAws(iam(own, 'user/alice')))] },
  ],
  ['allowed by identity', { identity: [allowAll], lock: [denyIn(notAws(iam(own, 'root')))] }],
  [
    'explicit-deny by vault-lock',
    { by: 'bob', identity: [allowAll], lock: [denyIn(notAws(iam(own, 'user/alice'), own))] },
  ],
  [
    'allowed by identity',
    { identity: [allowAll], lock: [denyIn(notAws(iam(own, 'user/alice'), iam(own, 'root')))] },
  ],
  ['allowed by root', { by: 'root', lock: [denyIn(notAws(iam(own, 'user/alice'), own))] }],
  ['explicit-deny by vault-lock', { by: 'root', lock: [denyIn(notAws(iam(own, 'user/alice')))] }],
  [
    'allowed by identity',
    { by: 'session', identity: [allowAll], lock: [denyIn(notAws(iam(own, 'role/admin'), own))] },
  ],
  [
    'explicit-deny by vault-lock',
    { by: 'partnerUser', identity: [allowAll], access: [allowIn()], lock: [denyIn(notAws(own))] },
  ],
];

const allowOn = (more: object): object => ({ ...allowAll, ...more });
const actionsAndResources: Row[] = [
  ['allowed by identity', { identity: [allowOn({ Action: 'glacier:DeleteArchive' })] }],
  ['allowed by identity', { identity: [allowOn({ Action: 'GLACIER:deletearchive' })] }],
  ['allowed by identity', { identity: [allowOn({ Action: 'glacier:Delete*' })] }],
  ['allowed by identity', { identity: [allowOn({ Action: 'glacier:?eleteArchive' })] }],
  [
    'allowed by identity',
    { identity: [allowOn({ Action: ['glacier:Get*', 'glacier:*Archive'] })] },
  ],
  ['no-allow by identity', { identity: [allowOn({ Action: 'glacier:UploadArchive' })] }],
  [
    'no-allow by identity',
    { identity: [allowOn({ Action: undefined, NotAction: 'glacier:Delete*' })] },
  ],
  [
    'allowed by identity',
    { identity: [allowOn({ Action: undefined, NotAction: 'glacier:Get*' })] },
  ],
  ['allowed by identity', { identity: [allowOn({ Resource: vaultArn })] }],
  ['allowed by identity', { identity: [allowOn({ Resource: arnOf('example*') })] }],
  ['allowed by identity', { identity: [allowOn({ Resource: [arnOf('a'), arnOf('*vault')] })] }],
  ['allowed by identity', { identity: [allowOn({ Resource: 'arn:aws:glacier:us-west-2' })] }],
  ['no-allow by identity', { identity: [allowOn({ Resource: 'arn:aws:glacier:us-east-1' })] }],
  ['no-allow by identity', { identity: [allowOn({ Resource: arnOf('other') })] }],
  ['no-allow by identity', { identity: [allowOn({ Resource: arnOf('Examplevault') })] }],
  [
    'no-allow by identity',
    { identity: [allowOn({ Resource: undefined, NotResource: arnOf('ex*') })] },
  ],
  [
    'allowed by identity',
    { identity: [allowOn({ Resource: undefined, NotResource: arnOf('x*') })] },
  ],
  [
    'allowed by identity',
    {
      identity: [allowOn({ Resource: arnOf('${aws:username}*') })],
      context: { 'aws:username': 'example' },
    },
  ],
  [
    'no-allow by identity',
    {
      identity: [allowOn({ Resource: arnOf('${aws:username}') })],
      context: { 'aws:username': '*' },
    },
  ],
  ['no-allow by identity', { identity: [allowOn({ Resource: arnOf('${aws:username}') })] }],
  [
    'no-allow by identity',
    { identity: [allowOn({ Resource: undefined, NotResource: arnOf('${aws:username}') })] },
  ],
  [
    'explicit-deny by identity',
    {
      identity: [
        allowAll,
        { ...denyAll, Resource: undefined, NotResource: arnOf('${aws:username}') },
      ],
    },
  ],
  [
    'allowed by identity',
    {
      action: 'GetDataRetrievalPolicy',
      on: `arn:aws:glacier:us-west-2:${own}:policies/retrieval-limit-policy`,
      identity: [allowOn({ Resource: `arn:aws:glacier:*:${own}:policies/retrieval-limit-policy` })],
    },
  ],
  [
    'explicit-deny by vault-lock',
    { by: 'root', lock: [denyIn({ Resource: undefined, NotResource: arnOf('other') })] },
  ],
];

const yearLock = denyIn({
  Sid: 'deny-based-on-archive-age',
  Action: ['glacier:DeleteArchive'],
  Condition: { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } },
});
const legalHold = denyIn({
  Sid: 'deny-when-tagged',
  Action: ['glacier:DeleteArchive', 'glacier:DeleteVault'],
  Condition: { StringLike: { 'glacier:ResourceTag/LegalHold': ['true', ''] } },
});
const deleteForSome = allowIn({
  Sid: 'you-can-delete',
  Action: 'glacier:DeleteArchive',
  ...aws(iam(own, 'root')),
});
const partnerUpload = allowIn({
  Sid: 'cross-account-upload',
  ...aws(iam(partner, 'root')),
  Action: [
    'glacier:UploadArchive',
    'glacier:InitiateMultipartUpload',
    'glacier:AbortMultipartUpload',
    'glacier:CompleteMultipartUpload',
  ],
});
const mfaOnly = allowIn({
  Sid: 'add-mfa-delete-requirement',
  Action: 'glacier:Delete*',
  Condition: { Bool: { 'aws:MultiFactorAuthPresent': true } },
});
const aged = (days: string): Record<string, string> => ({ 'glacier:archiveageindays': days });
const held = (value: string): Record<string, string> => ({
  'glacier:resourcetag/legalhold': value,
});

const guide: Row[] = [
  ['explicit-deny by vault-lock', { by: 'root', lock: [yearLock], context: aged('364') }],
  ['explicit-deny by vault-lock', { by: 'root', lock: [yearLock], context: aged('0') }],
  ['allowed by root', { by: 'root', lock: [yearLock], context: aged('365') }],
  ['allowed by root', { by: 'root', lock: [yearLock], context: aged('1000') }],
  [
    'allowed by root',
    { by: 'root', action: 'UploadArchive', lock: [yearLock], context: aged('0') },
  ],
  [
    'explicit-deny by vault-lock',
    { identity: [allowAll], access: [allowIn()], lock: [yearLock], context: aged('1') },
  ],
  ['explicit-deny by vault-lock', { by: 'root', lock: [legalHold], context: held('true') }],
  ['explicit-deny by vault-lock', { by: 'root', lock: [legalHold], context: held('') }],
  ['allowed by root', { by: 'root', lock: [legalHold], context: held('false') }],
  ['allowed by root', { by: 'root', lock: [legalHold] }],
  [
    'explicit-deny by vault-lock',
    { by: 'root', action: 'DeleteVault', lock: [legalHold], context: held('true') },
  ],
  [
    'explicit-deny by vault-lock',
    { lock: [legalHold, deleteForSome], context: { ...held('true'), ...aged('900') } },
  ],
  ['allowed by vault-lock', { lock: [legalHold, deleteForSome], context: held('no') }],
  [
    'allowed by vault-access',
    { by: 'partnerUser', action: 'UploadArchive', identity: [allowAll], access: [partnerUpload] },
  ],
  [
    'allowed by vault-access',
    { by: 'partnerRoot', action: 'CompleteMultipartUpload', access: [partnerUpload] },
  ],
  [
    'no-allow by vault-access',
    { by: 'partnerUser', action: 'DeleteArchive', identity: [allowAll], access: [partnerUpload] },
  ],
  ['no-allow by identity', { by: 'partnerUser', action: 'UploadArchive', access: [partnerUpload] }],
  ['no-allow by identity', { action: 'UploadArchive', access: [partnerUpload] }],
  ['no-allow by identity', { access: [mfaOnly] }],
  [
    'allowed by vault-access',
    { access: [mfaOnly], context: { 'aws:multifactorauthpresent': 'true' } },
  ],
];

describe.each([
  ['rules of evaluation', rules],
  ['operations that vault policies do not govern', ungoverned],
  ['principals', principals],
  ['actions and resources', actionsAndResources],
  ['examples of the guide', guide],
])('%s', (_name, rows) => {
  it.each(rows)('%s: %j', (expected, request) => {
    const { reason, source, isAllowed } = decide(request);
    expect(`${reason} by ${source}`).toBe(expected);
    expect(isAllowed).toBe(reason === 'allowed');
  });
});

describe('the statement that decided', () => {
  it.each<[string | undefined, Request]>([
    ['all', { identity: [allowAll] }],
    ['none', { identity: [allowAll, denyAll] }],
    ['Statement[1]', { access: [partnerUpload, allowIn()] }],
    ['deny-based-on-archive-age', { by: 'root', lock: [yearLock], context: aged('3') }],
    [undefined, { by: 'root' }],
    [undefined, {}],
  ])('is %s', (expected, request) => {
    expect(decide(request).statementId).toBe(expected);
  });
});

describe('the text of a refusal', () => {
  const start = `User: ${callers.alice.arn} is not authorized to perform: glacier:DeleteArchive on resource: ${vaultArn}`;
  it.each<[string, Request]>([
    [' because no identity-based policy allows the glacier:DeleteArchive action', {}],
    [' with an explicit deny in an identity-based policy', { identity: [denyAll] }],
    [' with an explicit deny in a resource-based policy', { access: [denyIn()] }],
    [' with an explicit deny in a resource-based policy', { lock: [denyIn()] }],
  ])('ends in %j', (end, request) => {
    expect(messageOf(request)).toBe(start + end);
  });

  it('names the policy that another account lacks', () => {
    expect(messageOf({ by: 'partnerUser', identity: [allowAll] })).toBe(
      `User: ${callers.partnerUser.arn} is not authorized to perform: glacier:DeleteArchive on resource: ${vaultArn} because no resource-based policy allows the glacier:DeleteArchive action`,
    );
  });
});

function decide(request: Request): Decision {
  return evaluate(accessRequest(request));
}

function messageOf(request: Request): string {
  return accessDeniedMessage(accessRequest(request), decide(request));
}

function accessRequest(request: Request): Parameters<typeof evaluate>[0] {
  const { by = 'alice', action = 'DeleteArchive', on = vaultArn, context = {} } = request;
  const { identity, access, lock } = request;
  const document = (Statement: readonly object[]): string =>
    JSON.stringify({ Version: '2012-10-17', Statement });
  return {
    principal: callers[by],
    action,
    resourceArn: on,
    context: new Map(Object.entries(context).map(([key, value]) => [key, [value]])),
    policies: {
      identity: identity ? [parsePolicy(document(identity), 'identity')] : [],
      vaultAccess: access && parsePolicy(document(access), 'vault', vaultArn),
      vaultLock: lock && parsePolicy(document(lock), 'vault', vaultArn),
    },
  };
}
