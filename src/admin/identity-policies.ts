/** The identity policies of users. */
import { z } from '@hono/zod-openapi';
import { isUserName, policiesPerUser } from '../accounts/user.ts';
import { GlacierError, invalidParameter, notFound } from '../api/errors.ts';
import { InvalidPolicyError } from '../policies/invalid-policy.ts';
import { parsePolicy } from '../policies/policy-document.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { listUserPolicies } from '../storage/metadata/queries/accounts.ts';
import type { UserPolicyRow } from '../storage/metadata/schema.ts';
import { requireUser, userField } from './accounts.ts';
import { type AdminCall, type AdminRow, adminRow, answer, noContent } from './route.ts';

const policyShape = z
  .object({ policyName: z.string(), policy: z.string() })
  .openapi('IdentityPolicy');
const policyField = userField.extend({ policyName: z.string() });
const policiesPath = '/_/accounts/{account}/users/{userName}/policies';

export const identityPolicyRows: readonly AdminRow[] = [
  adminRow({
    name: 'ListUserPolicies',
    method: 'get',
    path: policiesPath,
    summary: 'The identity policies of a user.',
    permitted: 'root',
    pathFields: userField,
    answer: answer(z.object({ policies: z.array(policyShape) })),
    handle: async ({ userName }, { service, accountId }) => {
      const policies = await service.metadata.read((tx) => policiesOf(tx, accountId, userName));
      return { policies: policies.map(describePolicy) };
    },
  }),
  adminRow({
    name: 'GetUserPolicy',
    method: 'get',
    path: `${policiesPath}/{policyName}`,
    summary: 'One identity policy of a user, as it was set.',
    permitted: 'root',
    pathFields: policyField,
    answer: answer(policyShape),
    handle: async ({ userName, policyName }, { service, accountId }) => {
      const policies = await service.metadata.read((tx) => policiesOf(tx, accountId, userName));
      return describePolicy(namedPolicy(policies, policyName));
    },
  }),
  adminRow({
    name: 'PutUserPolicy',
    method: 'put',
    path: `${policiesPath}/{policyName}`,
    summary: 'Sets an identity policy of a user; one of the same name is replaced.',
    permitted: 'root',
    pathFields: policyField,
    body: z.object({ policy: z.string() }),
    answer: noContent,
    handle: ({ userName, policyName, body }, call) =>
      putPolicy(call, userName, policyName, body.policy),
  }),
  adminRow({
    name: 'DeleteUserPolicy',
    method: 'delete',
    path: `${policiesPath}/{policyName}`,
    summary: 'Removes an identity policy of a user.',
    permitted: 'root',
    pathFields: policyField,
    answer: noContent,
    handle: ({ userName, policyName }, { service, accountId, actor }) =>
      service.metadata.write(actor, async (tx) => {
        namedPolicy(await policiesOf(tx, accountId, userName), policyName);
        await tx.record({ kind: 'UserPolicyDeleted', data: { userName, policyName } });
      }),
  }),
];

async function policiesOf(tx: Reader, accountId: string, userName: string) {
  await requireUser(tx, accountId, userName);
  return tx.all(listUserPolicies, { accountId, userName });
}

/** @throws GlacierError 404 */
function namedPolicy(policies: readonly UserPolicyRow[], name: string): UserPolicyRow {
  const found = policies.find((it) => it.policy_name === name);
  if (found) return found;
  throw notFound(`The policy was not found: ${name}`);
}

async function putPolicy(call: AdminCall, userName: string, policyName: string, policy: string) {
  if (!isUserName(policyName)) throw invalidParameter(`Invalid policyName: ${policyName}`);
  judgeIdentityPolicy(policy);
  const { service, accountId, actor } = call;
  await service.metadata.write(actor, async (tx) => {
    const others = (await policiesOf(tx, accountId, userName)).filter(
      (it) => it.policy_name !== policyName,
    );
    if (others.length >= policiesPerUser) {
      throw new GlacierError(
        'LimitExceededException',
        `A user has at most ${policiesPerUser} policies: ${userName}`,
      );
    }
    await tx.record({ kind: 'UserPolicySet', data: { userName, policyName, policy } });
  });
}

function judgeIdentityPolicy(text: string): void {
  try {
    parsePolicy(text, 'identity');
  } catch (error) {
    if (!(error instanceof InvalidPolicyError)) throw error;
    throw invalidParameter(`The specified policy is invalid. ${error.message}`);
  }
}

function describePolicy({ policy_name: policyName, policy }: UserPolicyRow) {
  return { policyName, policy };
}
