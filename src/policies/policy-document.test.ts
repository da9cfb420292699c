// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
import { describe, expect, it } from 'vitest';
import { operations } from '../api/operations.ts';
import { InvalidPolicyError } from './invalid-policy.ts';
import { type PolicyKind, parsePolicy, policyBytes, printPolicy } from './policy-document.ts';

const vaultArn = 'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault';
const otherVault = 'arn:aws:glacier:us-west-2:111122223333:vaults/other';
const good = {
  Sid: 'keep',
  Effect: 'Deny',
  Principal: '*',
  Action: 'glacier:DeleteArchive',
  Resource: vaultArn,
};
const { Effect: _effect, ...withoutEffect } = good;
const { Principal: _principal, ...withoutPrincipal } = good;
const { Action: _action, ...withoutAction } = good;
const { Resource: _resource, ...withoutResource } = good;

const user = 'arn:aws:iam::111122223333:user/alice';

describe('a vault policy is accepted', () => {
  it.each<[string, object]>([
    ['as it is', good],
    ['with an empty Sid', { ...good, Sid: '' }],
    ['with an account', { ...good, Principal: { AWS: '444455556666' } }],
    ['with a root', { ...good, Principal: { AWS: 'arn:aws:iam::444455556666:root' } }],
    ['with everybody, the long way', { ...good, Principal: { AWS: '*' } }],
    ['with several', { ...good, Principal: { AWS: [user, '444455556666'] } }],
    ['with a path', { ...good, Principal: { AWS: 'arn:aws:iam::111122223333:user/a/b/alice' } }],
    ['with a role', { ...good, Principal: { AWS: 'arn:aws:iam::111122223333:role/a/admin' } }],
    [
      'with a session',
      { ...good, Principal: { AWS: 'arn:aws:sts::111122223333:assumed-role/admin/me@x' } },
    ],
    ['of another partition', { ...good, Principal: { AWS: 'arn:aws-cn:iam::444455556666:root' } }],
    ['with NotPrincipal', { ...withoutPrincipal, NotPrincipal: { AWS: user } }],
    ['with all actions', { ...good, Action: '*' }],
    ['with actions in any case', { ...good, Action: ['GLACIER:deletearchive', 'glacier:Get*'] }],
    ['with NotAction', { ...withoutAction, NotAction: 'glacier:Get*' }],
    ['with all resources', { ...good, Resource: '*' }],
    ['with wildcards in the ARN', { ...good, Resource: 'arn:aws:glacier:*:*:vaults/example?ault' }],
    ['with an ARN that is cut short', { ...good, Resource: 'arn:aws:glacier' }],
    ['with NotResource', { ...withoutResource, NotResource: otherVault }],
    ['with an empty Condition', { ...good, Condition: {} }],
  ])('%s', (_name, statement) => {
    expect(placeOf(statement)).toBeUndefined();
  });

  it('with one statement, an Id and an old version', () => {
    const text = JSON.stringify({ Version: '2008-10-17', Id: 'lock', Statement: good });
    expect(parsePolicy(text, 'vault', vaultArn).statements.map((it) => it.name)).toEqual(['keep']);
  });

  it('for each of the 33 actions, but those that no vault policy governs', () => {
    const refused = Object.keys(operations).filter((name) =>
      placeOf({ ...good, Action: `glacier:${name}` }),
    );
    expect(refused).toEqual([
      'CreateVault',
      'ListVaults',
      'SetDataRetrievalPolicy',
      'GetDataRetrievalPolicy',
      'PurchaseProvisionedCapacity',
      'ListProvisionedCapacity',
    ]);
  });
});

describe('a statement of a vault policy is refused', () => {
  const condition = (value: unknown): object => ({ ...good, Condition: value });
  const age = 'glacier:ArchiveAgeInDays';
  const tag = 'glacier:ResourceTag/Hold';

  it.each<[string, unknown]>([
    ['', 'keep'],
    ['', []],
    ['', null],
    ['.Resources', { ...good, Resources: '*' }],
    ['.effect', { ...good, effect: 'Deny' }],
    ['.__proto__', JSON.parse('{"__proto__":{"Effect":"Deny"}}')],
    ['.Sid', { ...good, Sid: 7 }],
    ['.Effect', withoutEffect],
    ['.Effect', { ...good, Effect: 'deny' }],
    ['.Effect', { ...good, Effect: ['Deny'] }],
    ['.Principal', withoutPrincipal],
    ['.Principal', { ...good, Principal: 'alice' }],
    ['.Principal', { ...good, Principal: user }],
    ['.Principal', { ...good, Principal: {} }],
    ['.Principal', { ...good, Principal: ['*'] }],
    ['.Principal', { ...good, Principal: null }],
    ['.Principal.Service', { ...good, Principal: { Service: 'sns.amazonaws.com' } }],
    ['.Principal.Federated', { ...good, Principal: { AWS: '*', Federated: 'x' } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: [] } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: '11112222333' } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: 'arn:aws:iam::111122223333:user/*' } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: 'arn:aws:iam::*:root' } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: 'arn:aws:iam::111122223333:group/g' } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: `${user}${'x'.repeat(64)}` } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: 'arn:aws:iam::1:user/${aws:username}' } }],
    ['.Principal.AWS', { ...good, Principal: { AWS: 'arn:aws:sts::111122223333:assumed-role/a' } }],
    ['.Principal.AWS[1]', { ...good, Principal: { AWS: [user, 'alice'] } }],
    ['.Principal.AWS[0]', { ...good, Principal: { AWS: [7] } }],
    ['.NotPrincipal', { ...good, NotPrincipal: { AWS: user } }],
    ['.NotPrincipal', { ...withoutPrincipal, NotPrincipal: '*' }],
    ['.NotPrincipal', { ...withoutPrincipal, NotPrincipal: { AWS: [user, '*'] } }],
    ['.Action', withoutAction],
    ['.Action', { ...good, Action: [] }],
    ['.Action', { ...good, Action: {} }],
    ['.Action', { ...good, Action: 'DeleteArchive' }],
    ['.Action', { ...good, Action: 'glacier:DeleteArchives' }],
    ['.Action', { ...good, Action: 'glacier:Remove*Archive' }],
    ['.Action', { ...good, Action: 'glacier:' }],
    ['.Action', { ...good, Action: 's3:DeleteObject' }],
    ['.Action', { ...good, Action: 'gl*:DeleteArchive' }],
    ['.Action', { ...good, Action: '*:*' }],
    ['.Action', { ...good, Action: 'glacier:Delete*:x' }],
    ['.Action', { ...good, Action: 'glacier:Create*' }],
    ['.Action[1]', { ...good, Action: ['glacier:DeleteArchive', 'glacier:Purge'] }],
    ['.NotAction', { ...good, NotAction: 'glacier:GetJobOutput' }],
    ['.NotAction', { ...withoutAction, NotAction: '*' }],
    ['.NotAction', { ...withoutAction, NotAction: 'glacier:*' }],
    ['.NotAction', { ...withoutAction, NotAction: 'glacier:Nothing' }],
    ['.Resource', withoutResource],
    ['.Resource', { ...good, Resource: [] }],
    ['.Resource', { ...good, Resource: 7 }],
    ['.Resource', { ...good, Resource: 'examplevault' }],
    ['.Resource', { ...good, Resource: otherVault }],
    ['.Resource', { ...good, Resource: `${vaultArn}/archives/*` }],
    ['.Resource', { ...good, Resource: 'arn:aws:s3:::*' }],
    ['.Resource', { ...good, Resource: 'arn:*:vaults/examplevault' }],
    ['.Resource', { ...good, Resource: vaultArn.toUpperCase() }],
    ['.Resource', { ...good, Resource: '*:examplevault' }],
    ['.Resource', { ...good, Resource: 'arn:aws:glacier:*:*:vaults/${aws:username}' }],
    ['.Resource', { ...good, Resource: 'arn:aws:glacier:*:*:vaults/${x' }],
    ['.Resource[1]', { ...good, Resource: [vaultArn, otherVault] }],
    ['.NotResource', { ...good, NotResource: otherVault }],
    ['.NotResource', { ...withoutResource, NotResource: vaultArn }],
    ['.NotResource[1]', { ...withoutResource, NotResource: [otherVault, '*'] }],
    ['.Condition', condition(null)],
    ['.Condition', condition([])],
    ['.Condition', condition('Bool')],
    ['.Condition.NumericLess', condition({ NumericLess: { [age]: 1 } })],
    ['.Condition.numericlessthan', condition({ numericlessthan: { [age]: 1 } })],
    ['.Condition.BinaryEquals', condition({ BinaryEquals: { [tag]: 'eA==' } })],
    ['.Condition.NullIfExists', condition({ NullIfExists: { [tag]: true } })],
    ['.Condition.ForAnyValue:Null', condition({ 'ForAnyValue:Null': { [tag]: true } })],
    ['.Condition.ForSomeValue:Bool', condition({ 'ForSomeValue:Bool': { [tag]: true } })],
    ['.Condition.IfExists', condition({ IfExists: { [tag]: 'a' } })],
    ['.Condition[""]', condition({ '': { [tag]: 'a' } })],
    ['.Condition.constructor', condition({ constructor: { [tag]: 'a' } })],
    ['.Condition.StringEquals', condition({ StringEquals: {} })],
    ['.Condition.StringEquals', condition({ StringEquals: 'x' })],
    [
      '.Condition.StringEquals',
      condition({ StringEquals: { [tag]: 'a', [tag.toLowerCase()]: 'b' } }),
    ],
    ['.Condition.StringEquals.s3:prefix', condition({ StringEquals: { 's3:prefix': 'a' } })],
    [
      '.Condition.StringEquals.glacier:ResourceTag/',
      condition({ StringEquals: { 'glacier:ResourceTag/': 'a' } }),
    ],
    [
      `.Condition.StringEquals.glacier:ResourceTag/${'x'.repeat(129)}`,
      condition({ StringEquals: { [`glacier:ResourceTag/${'x'.repeat(129)}`]: 'a' } }),
    ],
    ['.Condition.StringEquals["aws:\\nX"]', condition({ StringEquals: { 'aws:\nX': 'a' } })],
    [`.Condition.StringEquals.${tag}`, condition({ StringEquals: { [tag]: [] } })],
    [`.Condition.StringEquals.${tag}`, condition({ StringEquals: { [tag]: null } })],
    [`.Condition.StringEquals.${tag}[0]`, condition({ StringEquals: { [tag]: [['a']] } })],
    [`.Condition.StringEquals.${tag}`, condition({ StringEquals: { [tag]: '${aws:usernam}' } })],
    [`.Condition.StringEquals.${tag}`, condition({ StringEquals: { [tag]: '${aws:username' } })],
    [`.Condition.StringEquals.${tag}`, condition({ StringEquals: { [tag]: '${}' } })],
    [`.Condition.StringEquals.${tag}`, condition({ StringEquals: { [tag]: '${aws:UserAgent}' } })],
    [`.Condition.StringLike.${tag}`, condition({ StringLike: { [tag]: `${'?*'.repeat(1025)}` } })],
    [`.Condition.StringEquals.${tag}`, condition({ StringEquals: { [tag]: '${aws:userid, x}' } })],
    [
      `.Condition.StringEquals.${tag}`,
      condition({ StringEquals: { [tag]: "${aws:userid, 'x''}" } }),
    ],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: 'a year' } })],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: '' } })],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: '0365' } })],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: ' 365' } })],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: '0x16d' } })],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: 'Infinity' } })],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: '1e400' } })],
    [
      `.Condition.NumericLessThan.${age}`,
      condition({ NumericLessThan: { [age]: '9'.repeat(17) } }),
    ],
    [`.Condition.NumericLessThan.${age}`, condition({ NumericLessThan: { [age]: true } })],
    [`.Condition.NumericLessThan.${age}[1]`, condition({ NumericLessThan: { [age]: [1, 'x'] } })],
    [`.Condition.DateLessThan.${age}`, condition({ DateLessThan: { [age]: '2026-01-05' } })],
    ['.Condition.Bool.aws:SourceIp', condition({ Bool: { 'aws:SourceIp': true } })],
    ['.Condition.Bool.aws:SecureTransport', condition({ Bool: { 'aws:SecureTransport': 'yes' } })],
    ['.Condition.Bool.aws:SecureTransport', condition({ Bool: { 'aws:SecureTransport': 1 } })],
    [`.Condition.Null.${tag}`, condition({ Null: { [tag]: 'maybe' } })],
    [
      '.Condition.ArnLike.aws:PrincipalArn',
      condition({ ArnLike: { 'aws:PrincipalArn': 'alice' } }),
    ],
    [
      '.Condition.ArnLike.aws:PrincipalArn',
      condition({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*' } }),
    ],
  ])('at %s: %j', (place, statement) => {
    expect(placeOf(statement)).toBe(`Statement[0]${place}`);
  });

  it.each([
    '2026',
    '20260105',
    '2026-02-29',
    '2026-13-01',
    '2026-01-05T24:00:00Z',
    '2026-1-5',
    '2026-01-05T08:15:30',
    '2026-01-05 08:15:30Z',
    'tomorrow',
    '',
    '2026-01-05T08:15:30+99:00',
    '2026-01-05T08Z',
    '-1',
    '05/01/2026',
  ])('with the date %j', (date) => {
    const place = placeOf(condition({ DateLessThan: { 'aws:CurrentTime': date } }));
    expect(place).toBe('Statement[0].Condition.DateLessThan.aws:CurrentTime');
  });

  it.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0/8',
    '10.0.0.0/8/8',
    '*',
    '010.0.0.1',
    '10.0.0.256',
    '::/129',
    '2001:db8:::/32',
    'fe80::1%eth0',
    'localhost',
    '',
    '/8',
    '::ffff:10.0.0.0/104',
    '::ffff:a00:1',
    '10.0.0.0-10.0.0.9',
  ])('with the address %j', (address) => {
    const place = placeOf(condition({ IpAddress: { 'aws:SourceIp': address } }));
    expect(place).toBe('Statement[0].Condition.IpAddress.aws:SourceIp');
  });
});

describe('a document is refused', () => {
  it.each<[string, string]>([
    ['', 'Policy'],
    ['[]', 'Policy'],
    ['"policy"', 'Policy'],
    ['{"Statement"', 'Statement'],
    ['{}', 'Statement'],
    [policyOf({ Version: '2012-10-18' }), 'Version'],
    [policyOf({ Version: 20121017 }), 'Version'],
    [policyOf({ Version: null }), 'Version'],
    [policyOf({ Id: 7 }), 'Id'],
    [policyOf({ version: '2012-10-17' }), 'version'],
    [policyOf({ Statements: [] }), 'Statements'],
    [policyOf({ Statement: [] }), 'Statement'],
    [policyOf({ Statement: null }), 'Statement'],
    [policyOf({ Statement: { ...good, Effect: 'No' } }), 'Statement.Effect'],
    [policyOf({ Statement: [good, { ...good, Effect: 'No' }] }), 'Statement[1].Effect'],
    [`{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}`, 'Version'],
    [`{"Statement":[{"Effect":"Deny","Effect":"Allow"}]}`, 'Statement[0].Effect'],
  ])('%s at %s', (text, place) => {
    expect(placeOfText(text)).toBe(place);
  });

  it('over 20,480 bytes of UTF-8', () => {
    const text = policyOf({});
    const padded = text + ' '.repeat(policyBytes - Buffer.byteLength(text));
    expect(placeOfText(padded)).toBeUndefined();
    expect(placeOfText(`${padded} `)).toBe('Policy');
    expect(placeOfText(policyOf({ Id: 'é'.repeat(policyBytes / 2) }))).toBe('Policy');
  });
});

describe('an identity policy', () => {
  it.each<[string | undefined, object]>([
    [undefined, withoutPrincipal],
    [undefined, { ...withoutPrincipal, Action: 'glacier:CreateVault', Resource: '*' }],
    [undefined, { ...withoutPrincipal, Resource: [otherVault, 'arn:aws:glacier:*:*:policies/*'] }],
    [undefined, { ...withoutPrincipal, Resource: 'arn:aws:glacier:*:*:vaults/${aws:username}-*' }],
    ['Statement[0].Principal', good],
    ['Statement[0].NotPrincipal', { ...withoutPrincipal, NotPrincipal: { AWS: user } }],
    ['Statement[0].Action', { ...withoutPrincipal, Action: 'sns:Publish' }],
    ['Statement[0].Resource', { ...withoutPrincipal, Resource: 'arn:aws:s3:::bucket' }],
    ['Statement[0].Resource', { ...withoutPrincipal, Resource: 'arn:aws:glacier:${aws:user}' }],
    ['Statement[0].NotResource', { Effect: 'Deny', Action: '*', NotResource: '*' }],
    ['Statement[0].Resource', { Effect: 'Deny', Action: '*' }],
  ])('is refused at %s: %j', (place, statement) => {
    expect(placeOf(statement, 'identity')).toBe(place);
  });
});

it('says what is wrong and where, in one short line', () => {
  const text = policyOf({ Statement: { ...good, Action: `glacier:\n${'x'.repeat(500)}` } });
  const error = errorOf(text);
  expect(error?.message).toMatch(
    /^Statement\.Action: is no action that Glacier has: "glacier:\\nx+…"$/,
  );
  expect(error?.message.length).toBeLessThan(200);
  expect(error?.message).toBe(`${error?.place}: ${error?.reason}`);
});

it('prints what it read, in the order it was written', () => {
  const text = policyOf({ Id: 'é', Statement: { ...good, Condition: {} } });
  expect(printPolicy(parsePolicy(text, 'vault', vaultArn))).toBe(text);
});

function policyOf(members: object): string {
  return JSON.stringify({ Statement: [good], ...members });
}

function placeOf(statement: unknown, kind: PolicyKind = 'vault'): string | undefined {
  return placeOfText(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }), kind);
}

function placeOfText(text: string, kind: PolicyKind = 'vault'): string | undefined {
  return errorOf(text, kind)?.place;
}

function errorOf(text: string, kind: PolicyKind = 'vault'): InvalidPolicyError | undefined {
  try {
    parsePolicy(text, kind, vaultArn);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidPolicyError) return error;
    throw error;
  }
}
