import { describe, expect, it } from 'vitest';
import type { RetrievalPolicyParameters } from '../api/shapes.ts';
import {
  type DataRetrievalPolicy,
  enforceRetrievalPolicy,
  type RetrievalUsage,
  readDataRetrievalPolicy,
} from './data-retrieval-policy.ts';

type Rule = NonNullable<
  NonNullable<NonNullable<RetrievalPolicyParameters['Policy']>['Rules']>[number]
>;

const ruleOf = (rule: Rule): RetrievalPolicyParameters => ({ Policy: { Rules: [rule] } });
const missing = (name: string) =>
  expect.objectContaining({
    code: 'MissingParameterValueException',
    message: `Required parameter missing: ${name}`,
  });
const invalid = (message: string) =>
  expect.objectContaining({ code: 'InvalidParameterValueException', message });

describe('a policy', () => {
  it.each<[rule: Rule, policy: DataRetrievalPolicy]>([
    [{ Strategy: 'None' }, { strategy: 'None' }],
    [{ Strategy: 'FreeTier' }, { strategy: 'FreeTier' }],
    [{ Strategy: 'FreeTier', BytesPerHour: null }, { strategy: 'FreeTier' }],
    [
      { Strategy: 'BytesPerHour', BytesPerHour: 10_737_418_240 },
      { strategy: 'BytesPerHour', bytesPerHour: '10737418240' },
    ],
    [
      { Strategy: 'BytesPerHour', BytesPerHour: 1 },
      { strategy: 'BytesPerHour', bytesPerHour: '1' },
    ],
    [
      { Strategy: 'BytesPerHour', BytesPerHour: '9007199254740993' },
      { strategy: 'BytesPerHour', bytesPerHour: '9007199254740993' },
    ],
    [
      { Strategy: 'BytesPerHour', BytesPerHour: '9223372036854775807' },
      { strategy: 'BytesPerHour', bytesPerHour: '9223372036854775807' },
    ],
  ])('of the rule %j', (rule, policy) => {
    expect(readDataRetrievalPolicy(ruleOf(rule))).toEqual(policy);
  });

  it.each<[parameters: RetrievalPolicyParameters | undefined, name: string]>([
    [undefined, 'Policy'],
    [{}, 'Policy'],
    [{ Policy: null }, 'Policy'],
    [{ Policy: {} }, 'Rules'],
    [{ Policy: { Rules: null } }, 'Rules'],
    [ruleOf({}), 'Strategy'],
    [ruleOf({ Strategy: null }), 'Strategy'],
    [ruleOf({ Strategy: '' }), 'Strategy'],
    [ruleOf({ BytesPerHour: 1 }), 'Strategy'],
    [ruleOf({ Strategy: 'BytesPerHour' }), 'BytesPerHour'],
    [ruleOf({ Strategy: 'BytesPerHour', BytesPerHour: null }), 'BytesPerHour'],
  ])('%j lacks %s', (parameters, name) => {
    expect(() => readDataRetrievalPolicy(parameters)).toThrow(missing(name));
  });

  it.each([0, 2, 3])('with %i rules is refused', (count) => {
    const Rules = Array.from({ length: count }, () => ({ Strategy: 'None' }));
    expect(() => readDataRetrievalPolicy({ Policy: { Rules } })).toThrow(
      invalid(`Invalid Rules: exactly one is allowed, not ${count}`),
    );
  });

  it.each(['none', 'Free', 'bytesPerHour', ' None'])(
    'of the strategy %j is refused',
    (Strategy) => {
      expect(() => readDataRetrievalPolicy(ruleOf({ Strategy }))).toThrow(
        invalid(`Invalid Strategy: ${Strategy}`),
      );
    },
  );

  it.each([
    0,
    -1,
    1.5,
    1e21,
    2 ** 63,
    '0',
    '-1',
    '+1',
    '01',
    '1.0',
    '1e3',
    '',
    ' 1',
    '0x1',
    '9223372036854775808',
    '99999999999999999999',
  ])('of %j bytes per hour is refused', (bytes) => {
    const rule = { Strategy: 'BytesPerHour', BytesPerHour: bytes };
    expect(() => readDataRetrievalPolicy(ruleOf(rule))).toThrow(
      invalid(`Invalid BytesPerHour: ${bytes}`),
    );
  });

  it.each(['None', 'FreeTier'])('of the strategy %s has no bytes per hour', (Strategy) => {
    for (const BytesPerHour of [0, 1, '1']) {
      expect(() => readDataRetrievalPolicy(ruleOf({ Strategy, BytesPerHour }))).toThrow(
        invalid(`Invalid BytesPerHour: not allowed with the strategy ${Strategy}`),
      );
    }
  });
});

describe('a retrieval', () => {
  const most = Number.MAX_SAFE_INTEGER;
  /** 10 GiB / 30. */
  const freeBytes = 357_913_941;
  const free: DataRetrievalPolicy = { strategy: 'FreeTier' };
  const rate = (bytesPerHour: string): DataRetrievalPolicy => ({
    strategy: 'BytesPerHour',
    bytesPerHour,
  });
  const used = (inProgressBytes: number, todayBytes: number): RetrievalUsage => ({
    inProgressBytes,
    todayBytes,
  });

  it.each<[policy: DataRetrievalPolicy, usage: RetrievalUsage, size: number, isAllowed: boolean]>([
    [{ strategy: 'None' }, used(most, most), most, true],
    [free, used(0, 0), freeBytes, true],
    [free, used(0, 0), freeBytes + 1, false],
    [free, used(0, freeBytes - 1), 1, true],
    [free, used(0, freeBytes), 1, false],
    [free, used(most, 0), 1, true],
    [rate('1000'), used(0, 0), 4000, true],
    [rate('1000'), used(0, 0), 4001, false],
    [rate('1000'), used(3999, 0), 1, true],
    [rate('1000'), used(4000, 0), 1, false],
    [rate('1000'), used(0, most), 4000, true],
    [rate('1'), used(0, 0), 4, true],
    [rate('1'), used(0, 0), 5, false],
    [rate('9223372036854775807'), used(most, most), most, true],
    [rate('4503599627370495'), used(most, 0), most - 2, true],
    [rate('4503599627370495'), used(most, 0), most - 1, false],
  ])('%j, %j: %i bytes more: %s', (policy, usage, size, isAllowed) => {
    const attempt = () => enforceRetrievalPolicy(policy, usage, size);
    if (isAllowed) return expect(attempt).not.toThrow();
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'PolicyEnforcedException',
        message: 'InitiateJob request denied by current data retrieval policy.',
        status: 400,
      }),
    );
  });
});
