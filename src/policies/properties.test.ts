/** What must hold for all policies and all requests, drawn from a small world so that they meet. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { OperationName } from '../api/operations.ts';
import { type ApplicablePolicies, type Decision, evaluate } from './evaluate.ts';
import { type PolicyKind, parsePolicy, printPolicy } from './policy-document.ts';

const own = '111122223333';
const partner = '444455556666';
const vaultArn = `arn:aws:glacier:us-west-2:${own}:vaults/examplevault`;
const runs = { numRuns: 500 };

type Effect = 'Allow' | 'Deny';
type Statement = object;
/** The statements of the three places. */
interface World {
  readonly identity: readonly (readonly Statement[])[];
  readonly access: readonly Statement[];
  readonly lock: readonly Statement[];
}

const oneOrMore = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | Value[]> =>
  fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 2 }));
const either = (name: string, value: fc.Arbitrary<unknown>, odds = 4): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: odds, arbitrary: value.map((it) => ({ [name]: it })) },
    { weight: 1, arbitrary: value.map((it) => ({ [`Not${name}`]: it })) },
  );

const principalNames = fc.constantFrom(
  own,
  partner,
  `arn:aws:iam::${own}:root`,
  `arn:aws:iam::${own}:user/alice`,
  `arn:aws:iam::${own}:role/admin`,
  `arn:aws:sts::${own}:assumed-role/admin/alice`,
  `arn:aws:iam::${partner}:user/carol`,
);
const listedPrincipals = oneOrMore(principalNames).map((AWS) => ({ AWS }));
const principalElement = fc.oneof(
  fc.constant({ Principal: '*' }),
  either('Principal', listedPrincipals, 2),
);
const actionElement = either(
  'Action',
  oneOrMore(
    fc.constantFrom('glacier:DeleteArchive', 'glacier:Delete*', 'glacier:*Job', 'glacier:Get*'),
  ),
);
const identityResource = either(
  'Resource',
  oneOrMore(fc.constantFrom(vaultArn, `${vaultArn.slice(0, -3)}*`, vaultArn.replace(own, partner))),
);
const tag = 'glacier:ResourceTag/Hold';
const scalars = fc.constantFrom('', 'true', 'alice', '1', '*');
const textOperators = fc.constantFrom(
  'StringEquals',
  'StringNotEquals',
  'StringLike',
  'StringNotLikeIfExists',
  'ForAllValues:StringEquals',
  'ForAnyValue:StringNotEquals',
  'ForAnyValue:StringLikeIfExists',
);
const textValues = oneOrMore(fc.oneof(scalars, fc.constant(`\${aws:username}`)));
const conditions = fc.oneof(
  fc.constant({}),
  fc.tuple(textOperators, textValues).map(([it, values]) => ({ [it]: { [tag]: values } })),
  fc
    .tuple(fc.constantFrom('NumericLessThan', 'NumericNotEquals'), fc.nat(3))
    .map(([it, value]) => ({ [it]: { 'glacier:ArchiveAgeInDays': value } })),
  fc.boolean().map((value) => ({ Null: { [tag]: value } })),
);

function statement(kind: PolicyKind, effects: Effect[]): fc.Arbitrary<Statement> {
  const own = kind === 'vault' ? principalElement : fc.constant({});
  const resource = kind === 'vault' ? fc.constant({ Resource: vaultArn }) : identityResource;
  return fc
    .tuple(fc.constantFrom(...effects), own, actionElement, resource, conditions)
    .map(([Effect, who, what, where, Condition]) => ({
      Effect,
      ...who,
      ...what,
      ...where,
      Condition,
    }));
}

const both: Effect[] = ['Allow', 'Deny'];
const some = (kind: PolicyKind): fc.Arbitrary<Statement[]> =>
  fc.array(statement(kind, both), { maxLength: 3 });
const worlds: fc.Arbitrary<World> = fc.record({
  identity: fc.array(some('identity'), { maxLength: 2 }),
  access: some('vault'),
  lock: some('vault'),
});
const requests = fc.record({
  principal: fc.constantFrom(
    { accountId: own, arn: `arn:aws:iam::${own}:root` },
    { accountId: own, arn: `arn:aws:iam::${own}:user/alice` },
    { accountId: own, arn: `arn:aws:sts::${own}:assumed-role/admin/alice` },
    { accountId: partner, arn: `arn:aws:iam::${partner}:root` },
    { accountId: partner, arn: `arn:aws:iam::${partner}:user/carol` },
  ),
  action: fc.constantFrom<OperationName[]>('DeleteArchive', 'InitiateJob', 'GetJobOutput'),
  resourceArn: fc.constant(vaultArn),
  context: fc
    .record({
      'glacier:resourcetag/hold': fc.array(scalars, { maxLength: 2 }),
      'glacier:archiveageindays': fc.array(fc.nat(4).map(String), { maxLength: 1 }),
      'aws:username': fc.array(fc.constantFrom('alice', '*'), { maxLength: 1 }),
    })
    .map((values) => new Map(Object.entries(values))),
});
type Request = typeof requests extends fc.Arbitrary<infer Value> ? Value : never;
const places = fc.constantFrom<('identity' | 'access' | 'lock')[]>('identity', 'access', 'lock');

it('adding a Deny never allows more', () => {
  fc.assert(
    fc.property(worlds, requests, additions(['Deny']), (world, request, addition) => {
      const before = decide(world, request);
      const after = decide(addition.addTo(world), request);
      if (!before.isAllowed) expect(after.isAllowed).toBe(false);
      if (before.reason === 'explicit-deny') expect(after.reason).toBe('explicit-deny');
    }),
    runs,
  );
});

it('adding an Allow never denies more', () => {
  fc.assert(
    fc.property(worlds, requests, additions(['Allow']), (world, request, addition) => {
      const before = decide(world, request);
      const after = decide(addition.addTo(world), request);
      if (before.isAllowed) expect(after.isAllowed).toBe(true);
      expect(after.reason === 'explicit-deny').toBe(before.reason === 'explicit-deny');
    }),
    runs,
  );
});

it('the order of statements and of policies is irrelevant', () => {
  const shuffled = worlds.chain((world) =>
    fc.record({ world: fc.constant(world), other: shuffle(world) }),
  );
  fc.assert(
    fc.property(shuffled, requests, ({ world, other }, request) => {
      expect(verdict(decide(other, request))).toEqual(verdict(decide(world, request)));
    }),
    runs,
  );
});

it('statements of one identity policy decide as policies of their own', () => {
  fc.assert(
    fc.property(worlds, requests, (world, request) => {
      const split = { ...world, identity: world.identity.flat().map((it) => [it]) };
      expect(verdict(decide(split, request))).toEqual(verdict(decide(world, request)));
    }),
    runs,
  );
});

it('a policy that was printed and parsed again decides the same', () => {
  fc.assert(
    fc.property(worlds, requests, (world, request) => {
      const policies = compile(world);
      const again: ApplicablePolicies = {
        identity: policies.identity.map((it) => parsePolicy(printPolicy(it), 'identity')),
        vaultAccess:
          policies.vaultAccess && parsePolicy(printPolicy(policies.vaultAccess), 'vault', vaultArn),
        vaultLock:
          policies.vaultLock && parsePolicy(printPolicy(policies.vaultLock), 'vault', vaultArn),
      };
      expect(evaluate({ ...request, policies: again })).toEqual(evaluate({ ...request, policies }));
    }),
    runs,
  );
});

it('the world holds all kinds of decisions', () => {
  const seen = new Set<string>();
  for (const [world, request] of fc.sample(fc.tuple(worlds, requests), {
    numRuns: 2_000,
    seed: 1,
  })) {
    const { reason, source } = decide(world, request);
    seen.add(`${reason} by ${source}`);
  }
  expect([...seen].sort()).toEqual([
    'allowed by identity',
    'allowed by root',
    'allowed by vault-access',
    'allowed by vault-lock',
    'explicit-deny by identity',
    'explicit-deny by vault-access',
    'explicit-deny by vault-lock',
    'no-allow by identity',
    'no-allow by vault-access',
  ]);
});

/** One more statement, to be put somewhere. */
function additions(effects: Effect[]): fc.Arbitrary<{ addTo(world: World): World }> {
  return places.chain((place) =>
    statement(place === 'identity' ? 'identity' : 'vault', effects).map((added) => ({
      addTo: (world) =>
        place === 'identity'
          ? { ...world, identity: [...world.identity, [added]] }
          : { ...world, [place]: [...world[place], added] },
    })),
  );
}

function shuffle(world: World): fc.Arbitrary<World> {
  const mixed = <Item>(items: readonly Item[]): fc.Arbitrary<Item[]> =>
    fc.shuffledSubarray([...items], { minLength: items.length });
  const identity = mixed(world.identity).chain((policies) => fc.tuple(...policies.map(mixed)));
  return fc.record({ identity, access: mixed(world.access), lock: mixed(world.lock) });
}

function decide(world: World, request: Request): Decision {
  return evaluate({ ...request, policies: compile(world) });
}

function compile({ identity, access, lock }: World): ApplicablePolicies {
  const text = (Statement: readonly Statement[]): string =>
    JSON.stringify({ Version: '2012-10-17', Statement });
  const written = identity.filter((it) => it.length > 0);
  return {
    identity: written.map((it) => parsePolicy(text(it), 'identity')),
    vaultAccess: access.length > 0 ? parsePolicy(text(access), 'vault', vaultArn) : undefined,
    vaultLock: lock.length > 0 ? parsePolicy(text(lock), 'vault', vaultArn) : undefined,
  };
}

/** Which of several matching statements is named may depend on the order. */
function verdict({ isAllowed, reason, source }: Decision): Omit<Decision, 'statementId'> {
  return { isAllowed, reason, source };
}
