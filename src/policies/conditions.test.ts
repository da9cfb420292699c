// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
import { describe, expect, it } from 'vitest';
import type { RequestContext } from './condition-keys.ts';
import { evaluate } from './evaluate.ts';
import { parsePolicy } from './policy-document.ts';

const vaultArn = 'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault';
const principal = { accountId: '111122223333', arn: 'arn:aws:iam::111122223333:user/alice' };
const role = 'arn:aws:sts::111122223333:assumed-role/admin/alice';

type Values = Record<string, string | string[]>;
type Row = [condition: unknown, context: Values, expected: boolean];

const age = 'glacier:ArchiveAgeInDays';
const ageKey = 'glacier:archiveageindays';
const tag = 'glacier:ResourceTag/Level';
const tagKey = 'glacier:resourcetag/level';
const now = 'aws:CurrentTime';
const nowKey = 'aws:currenttime';
const ip = 'aws:SourceIp';
const ipKey = 'aws:sourceip';

const texts: Row[] = [
  [{ StringEquals: { [tag]: 'gold' } }, { [tagKey]: 'gold' }, true],
  [{ StringEquals: { [tag]: 'gold' } }, { [tagKey]: 'Gold' }, false],
  [{ StringEquals: { [tag]: 'gold' } }, {}, false],
  [{ StringEquals: { [tag]: '' } }, { [tagKey]: '' }, true],
  [{ StringEquals: { [tag]: '' } }, {}, false],
  [{ StringEquals: { [tag]: 'g*' } }, { [tagKey]: 'gold' }, false],
  [{ StringEquals: { [tag]: 'g*' } }, { [tagKey]: 'g*' }, true],
  [{ StringEquals: { [tag]: ['silver', 'gold'] } }, { [tagKey]: 'gold' }, true],
  [{ StringEquals: { [tag]: 7 } }, { [tagKey]: '7' }, true],
  [{ StringEquals: { [tag]: 1.5 } }, { [tagKey]: '1.5' }, true],
  [{ StringEquals: { [tag]: true } }, { [tagKey]: 'true' }, true],
  [{ StringEquals: { 'GLACIER:resourcetag/LEVEL': 'gold' } }, { [tagKey]: 'gold' }, true],
  [{ StringEquals: { [age]: '365' } }, { [ageKey]: '365' }, true],
  [{ StringNotEquals: { [tag]: 'gold' } }, { [tagKey]: 'silver' }, true],
  [{ StringNotEquals: { [tag]: 'gold' } }, { [tagKey]: 'gold' }, false],
  [{ StringNotEquals: { [tag]: 'gold' } }, {}, true],
  [{ StringNotEquals: { [tag]: ['gold', 'silver'] } }, { [tagKey]: 'silver' }, false],
  [{ StringEqualsIgnoreCase: { [tag]: 'GOLD' } }, { [tagKey]: 'gOld' }, true],
  [{ StringEqualsIgnoreCase: { [tag]: 'ÄÖ' } }, { [tagKey]: 'äö' }, true],
  [{ StringEqualsIgnoreCase: { [tag]: 'G*' } }, { [tagKey]: 'gold' }, false],
  [{ StringNotEqualsIgnoreCase: { [tag]: 'GOLD' } }, { [tagKey]: 'gold' }, false],
  [{ StringNotEqualsIgnoreCase: { [tag]: 'GOLD' } }, { [tagKey]: 'lead' }, true],
  [{ StringNotEqualsIgnoreCase: { [tag]: 'GOLD' } }, {}, true],
  [{ StringLike: { [tag]: 'g*d' } }, { [tagKey]: 'gold' }, true],
  [{ StringLike: { [tag]: 'g?d' } }, { [tagKey]: 'gold' }, false],
  [{ StringLike: { [tag]: ['true', ''] } }, { [tagKey]: '' }, true],
  [{ StringLike: { [tag]: '*' } }, {}, false],
  [{ StringLike: { [ip]: '10.*' } }, { [ipKey]: '10.1.2.3' }, true],
  [{ StringNotLike: { [tag]: 'g*' } }, { [tagKey]: 'gold' }, false],
  [{ StringNotLike: { [tag]: 'g*' } }, { [tagKey]: 'lead' }, true],
  [{ StringNotLike: { [tag]: 'g*' } }, {}, true],
  [{ StringEquals: { [tag]: 'a', 'aws:username': 'b' } }, { [tagKey]: 'a' }, false],
  [
    { StringEquals: { [tag]: 'a', 'aws:username': 'b' } },
    { [tagKey]: 'a', 'aws:username': 'b' },
    true,
  ],
  [
    { StringEquals: { [tag]: 'a' }, Bool: { 'aws:SecureTransport': true } },
    { [tagKey]: 'a' },
    false,
  ],
  [{}, {}, true],
];

const longAgent = 'a'.repeat(16_000);
const longTexts: Row[] = [
  [{ StringLike: { 'aws:UserAgent': 'a*' } }, { 'aws:useragent': longAgent }, true],
  [{ StringLike: { 'aws:UserAgent': '*b*' } }, { 'aws:useragent': `${longAgent}b` }, false],
  [
    { StringEquals: { 'aws:UserAgent': longAgent.slice(0, 1024) } },
    { 'aws:useragent': longAgent },
    true,
  ],
  [{ StringLike: { 'aws:UserAgent': '?*'.repeat(1024) } }, { 'aws:useragent': longAgent }, true],
];

const numbers: Row[] = [
  [{ NumericEquals: { [age]: '365' } }, { [ageKey]: '365' }, true],
  [{ NumericEquals: { [age]: 365 } }, { [ageKey]: '365' }, true],
  [{ NumericEquals: { [age]: '365.0' } }, { [ageKey]: '365' }, true],
  [{ NumericEquals: { [age]: '3.65e2' } }, { [ageKey]: '365' }, true],
  [{ NumericEquals: { [age]: [1, 2] } }, { [ageKey]: '2' }, true],
  [{ NumericEquals: { [age]: 1 } }, {}, false],
  [{ NumericNotEquals: { [age]: 1 } }, { [ageKey]: '1' }, false],
  [{ NumericNotEquals: { [age]: 1 } }, { [ageKey]: '2' }, true],
  [{ NumericNotEquals: { [age]: 1 } }, {}, true],
  [{ NumericLessThan: { [age]: 365 } }, { [ageKey]: '364' }, true],
  [{ NumericLessThan: { [age]: 365 } }, { [ageKey]: '365' }, false],
  [{ NumericLessThan: { [age]: 365 } }, {}, false],
  [{ NumericLessThan: { 'glacier:ArchiveAgeinDays': 365 } }, { [ageKey]: '9' }, true],
  [{ NumericLessThan: { [age]: 100 } }, { [ageKey]: '9' }, true],
  [{ NumericLessThanEquals: { [age]: 365 } }, { [ageKey]: '365' }, true],
  [{ NumericLessThanEquals: { [age]: 365 } }, { [ageKey]: '366' }, false],
  [{ NumericGreaterThan: { [age]: 365 } }, { [ageKey]: '366' }, true],
  [{ NumericGreaterThan: { [age]: 365 } }, { [ageKey]: '365' }, false],
  [{ NumericGreaterThanEquals: { [age]: 365 } }, { [ageKey]: '365' }, true],
  [{ NumericGreaterThanEquals: { [age]: 365 } }, { [ageKey]: '364' }, false],
  [{ NumericGreaterThan: { [tag]: -3 } }, { [tagKey]: '-2.5' }, true],
  [{ NumericLessThan: { [tag]: 3 } }, { [tagKey]: 'few' }, false],
  [{ NumericGreaterThan: { [tag]: 3 } }, { [tagKey]: 'many' }, false],
  [{ NumericNotEquals: { [tag]: 3 } }, { [tagKey]: 'many' }, true],
  [{ NumericLessThan: { [tag]: 3 } }, { [tagKey]: '' }, false],
  [
    { NumericGreaterThan: { 'aws:EpochTime': 1700000000 } },
    { 'aws:epochtime': '1700000001' },
    true,
  ],
  [
    { NumericLessThan: { 'aws:MultiFactorAuthAge': 3600 } },
    { 'aws:multifactorauthage': '60' },
    true,
  ],
];

const at = (text: string): Values => ({ [nowKey]: text });
const dates: Row[] = [
  [{ DateEquals: { [now]: '2026-01-05T08:15:30Z' } }, at('2026-01-05T08:15:30.000Z'), true],
  [{ DateEquals: { [now]: '2026-01-05T10:15:30+02:00' } }, at('2026-01-05T08:15:30Z'), true],
  [{ DateEquals: { [now]: '2026-01-05T06:15:30-0200' } }, at('2026-01-05T08:15:30Z'), true],
  [{ DateEquals: { [now]: '2026-01-05T08:15Z' } }, at('2026-01-05T08:15:00Z'), true],
  [{ DateEquals: { [now]: '1767600930' } }, at('2026-01-05T08:15:30Z'), true],
  [{ DateEquals: { [now]: 1767600930 } }, at('2026-01-05T08:15:30Z'), true],
  [{ DateEquals: { [now]: '2026-01-05' } }, at('2026-01-05T08:15:30Z'), false],
  [{ DateNotEquals: { [now]: '2026-01-05' } }, at('2026-01-05T00:00:00Z'), false],
  [{ DateNotEquals: { [now]: '2026-01-05' } }, at('2026-01-06T00:00:00Z'), true],
  [{ DateNotEquals: { [now]: '2026-01-05' } }, {}, true],
  [{ DateLessThan: { [now]: '2026-01-05' } }, at('2026-01-04T23:59:59.999Z'), true],
  [{ DateLessThan: { [now]: '2026-01-05' } }, at('2026-01-05T00:00:00Z'), false],
  [{ DateLessThan: { [now]: '2026-01-05' } }, {}, false],
  [{ DateLessThan: { [now]: '2026-01-05' } }, at('yesterday'), false],
  [{ DateLessThanEquals: { [now]: '2026-01-05' } }, at('2026-01-05T00:00:00Z'), true],
  [{ DateLessThanEquals: { [now]: '2026-01-05' } }, at('2026-01-05T00:00:01Z'), false],
  [{ DateGreaterThan: { [now]: '2024-02-29' } }, at('2024-02-29T00:00:00.001Z'), true],
  [{ DateGreaterThan: { [now]: '2024-02-29' } }, at('2024-02-29T00:00:00Z'), false],
  [{ DateGreaterThanEquals: { [now]: '2024-02-29' } }, at('2024-02-29T00:00:00Z'), true],
  [{ DateGreaterThanEquals: { [now]: '2024-02-29' } }, at('2024-02-28T00:00:00Z'), false],
  [{ DateLessThan: { 'aws:EpochTime': '2026-01-05' } }, { 'aws:epochtime': '1000' }, true],
];

const flags: Row[] = [
  [{ Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:securetransport': 'true' }, true],
  [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:securetransport': 'true' }, false],
  [{ Bool: { 'aws:SecureTransport': 'False' } }, { 'aws:securetransport': 'false' }, true],
  [{ Bool: { 'aws:SecureTransport': [true, false] } }, { 'aws:securetransport': 'true' }, true],
  [{ Bool: { 'aws:MultiFactorAuthPresent': 'false' } }, {}, false],
  [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } }, {}, true],
  [{ Bool: { [tag]: true } }, { [tagKey]: 'yes' }, false],
  [{ Null: { [tag]: 'true' } }, {}, true],
  [{ Null: { [tag]: true } }, { [tagKey]: '' }, false],
  [{ Null: { [tag]: 'false' } }, { [tagKey]: 'x' }, true],
  [{ Null: { [tag]: false } }, {}, false],
  [{ Null: { [tag]: [true, false] } }, {}, true],
  [{ Null: { 'aws:MultiFactorAuthAge': true } }, { 'aws:multifactorauthage': '1' }, false],
];

const from = (address: string): Values => ({ [ipKey]: address });
const addresses: Row[] = [
  [{ IpAddress: { [ip]: '192.0.2.0/24' } }, from('192.0.2.200'), true],
  [{ IpAddress: { [ip]: '192.0.2.0/24' } }, from('192.0.3.1'), false],
  [{ IpAddress: { [ip]: '192.0.2.1' } }, from('192.0.2.1'), true],
  [{ IpAddress: { [ip]: '192.0.2.1' } }, from('192.0.2.2'), false],
  [{ IpAddress: { [ip]: '192.0.2.77/24' } }, from('192.0.2.1'), true],
  [{ IpAddress: { [ip]: '0.0.0.0/0' } }, from('203.0.113.9'), true],
  [{ IpAddress: { [ip]: '0.0.0.0/0' } }, from('2001:db8::1'), false],
  [{ IpAddress: { [ip]: '192.0.2.0/24' } }, from('::ffff:192.0.2.9'), true],
  [{ IpAddress: { [ip]: '2001:db8::/32' } }, from('2001:db8:ffff::1'), true],
  [{ IpAddress: { [ip]: '2001:db8::/32' } }, from('2001:db9::1'), false],
  [{ IpAddress: { [ip]: '2001:DB8:0:0::1' } }, from('2001:db8::1'), true],
  [{ IpAddress: { [ip]: '::/0' } }, from('2001:db8::1'), true],
  [{ IpAddress: { [ip]: '::/0' } }, from('192.0.2.1'), false],
  [{ IpAddress: { [ip]: ['10.0.0.0/8', '192.0.2.0/24'] } }, from('192.0.2.1'), true],
  [{ IpAddress: { [ip]: '10.0.0.0/8' } }, {}, false],
  [{ IpAddress: { [ip]: '10.0.0.0/8' } }, from('not an address'), false],
  [{ NotIpAddress: { [ip]: '10.0.0.0/8' } }, from('10.9.9.9'), false],
  [{ NotIpAddress: { [ip]: '10.0.0.0/8' } }, from('11.0.0.1'), true],
  [{ NotIpAddress: { [ip]: '10.0.0.0/8' } }, {}, true],
  [{ NotIpAddress: { [ip]: ['10.0.0.0/8', '11.0.0.0/8'] } }, from('11.0.0.1'), false],
];

const caller = 'aws:PrincipalArn';
const by = (arn: string): Values => ({ 'aws:principalarn': arn });
const arns: Row[] = [
  [{ ArnEquals: { [caller]: principal.arn } }, by(principal.arn), true],
  [{ ArnEquals: { [caller]: 'arn:aws:iam::111122223333:user/*' } }, by(principal.arn), true],
  [{ ArnLike: { [caller]: 'arn:aws:iam::*:user/al?ce' } }, by(principal.arn), true],
  [{ ArnLike: { [caller]: 'arn:aws:iam::*:alice' } }, by(principal.arn), false],
  [{ ArnLike: { [caller]: 'arn:aws:iam::*:user/*' } }, by(role), false],
  [{ ArnLike: { [caller]: 'arn:aws:*::*:*/alice' } }, by(role), true],
  [{ ArnLike: { [caller]: 'arn:aws:iam:*:user/alice:*' } }, by(principal.arn), false],
  [{ ArnLike: { [caller]: '*' } }, by(role), true],
  [{ ArnLike: { [caller]: '*' } }, {}, false],
  [{ ArnLike: { [caller]: 'arn:*:*:*:*:*' } }, by('alice'), false],
  [{ ArnNotEquals: { [caller]: principal.arn } }, by(principal.arn), false],
  [{ ArnNotEquals: { [caller]: principal.arn } }, by(role), true],
  [{ ArnNotLike: { [caller]: 'arn:aws:iam::111122223333:*' } }, by(principal.arn), false],
  [{ ArnNotLike: { [caller]: 'arn:aws:iam::111122223333:*' } }, by(role), true],
  [{ ArnNotLike: { [caller]: 'arn:aws:iam::111122223333:*' } }, {}, true],
];

const name = 'aws:username';
const suffixes: Row[] = [
  [{ StringEqualsIfExists: { [tag]: 'a' } }, {}, true],
  [{ StringEqualsIfExists: { [tag]: 'a' } }, { [tagKey]: 'b' }, false],
  [{ StringNotEqualsIfExists: { [tag]: 'a' } }, { [tagKey]: 'a' }, false],
  [{ NumericLessThanIfExists: { [age]: 1 } }, {}, true],
  [{ NumericLessThanIfExists: { [age]: 1 } }, { [ageKey]: '2' }, false],
  [{ DateLessThanIfExists: { [now]: '2026-01-05' } }, {}, true],
  [{ IpAddressIfExists: { [ip]: '10.0.0.0/8' } }, {}, true],
  [{ IpAddressIfExists: { [ip]: '10.0.0.0/8' } }, from('11.0.0.1'), false],
  [{ ArnLikeIfExists: { [caller]: 'arn:aws:iam::1:user/x' } }, {}, true],
  [{ 'ForAllValues:StringEquals': { [tag]: ['a', 'b'] } }, { [tagKey]: ['a', 'b'] }, true],
  [{ 'ForAllValues:StringEquals': { [tag]: ['a', 'b'] } }, { [tagKey]: ['a', 'c'] }, false],
  [{ 'ForAllValues:StringEquals': { [tag]: 'a' } }, {}, true],
  [{ 'ForAllValues:StringEquals': { [tag]: 'a' } }, { [tagKey]: [] }, true],
  [{ 'ForAllValues:StringNotEquals': { [tag]: 'a' } }, { [tagKey]: ['b', 'c'] }, true],
  [{ 'ForAllValues:StringNotEquals': { [tag]: 'a' } }, { [tagKey]: ['a', 'c'] }, false],
  [{ 'ForAnyValue:StringEquals': { [tag]: 'a' } }, { [tagKey]: ['b', 'a'] }, true],
  [{ 'ForAnyValue:StringEquals': { [tag]: 'a' } }, { [tagKey]: ['b', 'c'] }, false],
  [{ 'ForAnyValue:StringEquals': { [tag]: 'a' } }, {}, false],
  [{ 'ForAnyValue:StringNotEquals': { [tag]: 'a' } }, { [tagKey]: ['a', 'b'] }, true],
  [{ 'ForAnyValue:StringNotEquals': { [tag]: 'a' } }, { [tagKey]: ['a'] }, false],
  [{ 'ForAnyValue:StringNotEquals': { [tag]: 'a' } }, {}, false],
  [{ 'ForAnyValue:StringEqualsIfExists': { [tag]: 'a' } }, {}, true],
  [{ 'ForAllValues:StringLikeIfExists': { [tag]: 'a*' } }, { [tagKey]: ['ab', 'b'] }, false],
  [{ 'ForAnyValue:NumericLessThan': { [tag]: 3 } }, { [tagKey]: ['9', '2'] }, true],
  [{ StringEquals: { [tag]: 'a' } }, { [tagKey]: ['b', 'a'] }, true],
  [{ StringNotEquals: { [tag]: 'a' } }, { [tagKey]: ['b', 'a'] }, false],
];

const both = (level: string, username: string): Values => ({ [tagKey]: level, [name]: username });
const variables: Row[] = [
  [{ StringEquals: { [tag]: '${aws:username}' } }, both('alice', 'alice'), true],
  [{ StringEquals: { [tag]: '${aws:username}' } }, both('bob', 'alice'), false],
  [{ StringEquals: { [tag]: '${AWS:UserName}' } }, both('alice', 'alice'), true],
  [{ StringEqualsIgnoreCase: { [tag]: 'X${aws:username}' } }, both('xALICE', 'Alice'), true],
  [{ StringLike: { [tag]: '${aws:username}-*' } }, both('alice-1', 'alice'), true],
  [{ StringLike: { [tag]: '${aws:username}' } }, both('alice', '*'), false],
  [{ StringLike: { [tag]: '${aws:username}' } }, both('*', '*'), true],
  [{ StringLike: { [tag]: 'a${*}b' } }, { [tagKey]: 'a*b' }, true],
  [{ StringLike: { [tag]: 'a${*}b' } }, { [tagKey]: 'axb' }, false],
  [{ StringLike: { [tag]: 'a${?}b' } }, { [tagKey]: 'a?b' }, true],
  [{ StringLike: { [tag]: 'a${?}b' } }, { [tagKey]: 'axb' }, false],
  [{ StringEquals: { [tag]: '${$}{x}' } }, { [tagKey]: '${x}' }, true],
  [{ StringEquals: { [tag]: '$5 {x}' } }, { [tagKey]: '$5 {x}' }, true],
  [{ StringEquals: { [tag]: '${aws:username}' } }, { [tagKey]: 'alice' }, false],
  [{ StringEquals: { [tag]: '${aws:username}' } }, { [tagKey]: '${aws:username}' }, false],
  [{ StringEquals: { [tag]: ['${aws:username}', 'b'] } }, { [tagKey]: 'b' }, true],
  [{ StringEquals: { [tag]: "${aws:username, 'none'}" } }, { [tagKey]: 'none' }, true],
  [{ StringEquals: { [tag]: "${aws:username, 'none'}" } }, both('alice', 'alice'), true],
  [{ StringLike: { [tag]: "${aws:username,'*'}" } }, { [tagKey]: 'x' }, false],
  [{ StringEquals: { [tag]: '${aws:username}' } }, { [tagKey]: 'a', [name]: ['a', 'b'] }, false],
  // An Allow does not open through a variable without a value, negated or not.
  [{ StringNotEquals: { [tag]: '${aws:username}' } }, { [tagKey]: 'a' }, false],
  [{ StringNotEquals: { [tag]: '${aws:username}' } }, both('a', 'b'), true],
  [
    { ArnLike: { [caller]: 'arn:aws:iam::${aws:PrincipalAccount}:user/*' } },
    { ...by(principal.arn), 'aws:principalaccount': '111122223333' },
    true,
  ],
  [
    { ArnLike: { [caller]: 'arn:aws:iam::${aws:PrincipalAccount}:user/*' } },
    by(principal.arn),
    false,
  ],
  [
    { StringEquals: { [tag]: '${aws:PrincipalTag/Team}' } },
    { [tagKey]: 'ice', 'aws:principaltag/team': 'ice' },
    true,
  ],
];

describe.each([
  ['texts', texts],
  ['texts that are longer than is compared', longTexts],
  ['numbers', numbers],
  ['dates', dates],
  ['flags and presence', flags],
  ['addresses', addresses],
  ['ARNs', arns],
  ['suffixes and quantifiers', suffixes],
  ['variables', variables],
])('conditions on %s', (_name, rows) => {
  it.each(rows)('%j on %j: %s', (condition, context, expected) => {
    expect(holds(condition, context)).toBe(expected);
  });
});

describe('versions', () => {
  it.each<[object, string, boolean]>([
    [{ Version: '2012-10-17' }, 'alice', true],
    [{ Version: '2008-10-17' }, 'alice', false],
    [{ Version: '2008-10-17' }, '${aws:username}', true],
    [{}, 'alice', false],
    [{}, '${aws:username}', true],
  ])('%j reads a variable against %j: %s', (version, level, expected) => {
    const condition = { StringEquals: { [tag]: '${aws:username}' } };
    expect(holds(condition, both(level, 'alice'), { version })).toBe(expected);
  });

  it('of 2008 has no escapes either: the asterisk is a run', () => {
    const condition = { StringLike: { [tag]: '${*}' } };
    expect(
      holds(condition, { [tagKey]: '${anything}' }, { version: { Version: '2008-10-17' } }),
    ).toBe(true);
  });
});

describe('a Deny with a variable that has no value', () => {
  it.each([
    ['StringEquals', false],
    ['StringNotEquals', true],
  ])('%s: matches %s, as if it named nothing', (operator, expected) => {
    const condition = { [operator]: { [tag]: '${aws:username}' } };
    expect(holds(condition, { [tagKey]: 'a' }, { effect: 'Deny' })).toBe(expected);
  });
});

/** Whether a statement with this condition matches the request. */
function holds(
  condition: unknown,
  values: Values,
  {
    version = { Version: '2012-10-17' },
    effect = 'Allow',
  }: { version?: object; effect?: string } = {},
): boolean {
  const statement = { Effect: effect, Action: '*', Resource: '*', Condition: condition };
  const text = JSON.stringify({ ...version, Statement: statement });
  const context: RequestContext = new Map(
    Object.entries(values).map(([key, it]) => [key, Array.isArray(it) ? it : [it]]),
  );
  const policies = { identity: [parsePolicy(text, 'identity')] };
  const decision = evaluate({
    principal,
    action: 'DeleteArchive',
    resourceArn: vaultArn,
    context,
    policies,
  });
  return decision.reason === (effect === 'Allow' ? 'allowed' : 'explicit-deny');
}
