/** Accounts and their users. */
import { randomInt } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { makeAccessKey } from '../accounts/access-key.ts';
import { accessKeyBinding } from '../accounts/sealed-secret.ts';
import { isUserName, makeUserId } from '../accounts/user.ts';
import { invalidParameter, notFound } from '../api/errors.ts';
import { rootArn, userArn } from '../lib/arn.ts';
import { toIsoDate } from '../lib/clock.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import {
  findAccount,
  findUser,
  listAccounts,
  listUsers,
} from '../storage/metadata/queries/accounts.ts';
import type { UserRow } from '../storage/metadata/schema.ts';
import {
  type AdminCall,
  type AdminRow,
  accountField,
  adminRow,
  answer,
  noContent,
} from './route.ts';

const accountId = z.string().regex(/^[0-9]{12}$/, 'must be 12 digits');
const accountShape = z.object({ accountId, createdAt: z.string() }).openapi('Account');
const newAccountShape = z
  .object({ accountId, accessKeyId: z.string(), secretAccessKey: z.string() })
  .openapi('NewAccount');

const userShape = z
  .object({ userName: z.string(), userId: z.string(), arn: z.string(), createdAt: z.string() })
  .openapi('User');

export const userField = accountField.extend({ userName: z.string() });

export const accountRows: readonly AdminRow[] = [
  adminRow({
    name: 'ListAccounts',
    method: 'get',
    path: '/_/accounts',
    summary: 'The accounts of the store.',
    permitted: 'operator',
    answer: answer(z.object({ accounts: z.array(accountShape) })),
    handle: async (_input, { service }) => {
      const rows = await service.metadata.read((tx) => tx.all(listAccounts, {}));
      const accounts = rows.map((row) => ({
        accountId: row.account_id,
        createdAt: toIsoDate(row.created_at),
      }));
      return { accounts };
    },
  }),
  adminRow({
    name: 'CreateAccount',
    method: 'post',
    path: '/_/accounts',
    givesKeys: true,
    summary: 'Makes an account with a root key, which is shown this once.',
    permitted: 'operator',
    body: z.object({ accountId: accountId.optional() }),
    answer: answer(newAccountShape, 201),
    handle: ({ body }, call) => createAccount(call, body.accountId ?? randomAccountId()),
  }),
  adminRow({
    name: 'ListUsers',
    method: 'get',
    path: '/_/accounts/{account}/users',
    summary: 'The users of an account.',
    permitted: 'root',
    pathFields: accountField,
    answer: answer(z.object({ users: z.array(userShape) })),
    handle: async (_input, { service, accountId }) => {
      const rows = await service.metadata.read((tx) => tx.all(listUsers, { accountId }));
      return { users: rows.map(describeUser) };
    },
  }),
  adminRow({
    name: 'CreateUser',
    method: 'post',
    path: '/_/accounts/{account}/users',
    summary: 'Makes a user, who may do nothing until a policy allows it.',
    permitted: 'root',
    pathFields: accountField,
    body: z.object({ userName: z.string() }),
    answer: answer(userShape, 201),
    handle: ({ body }, call) => createUser(call, body.userName),
  }),
  adminRow({
    name: 'DeleteUser',
    method: 'delete',
    path: '/_/accounts/{account}/users/{userName}',
    summary: 'Removes a user with its access keys, sessions and policies.',
    permitted: 'root',
    pathFields: userField,
    answer: noContent,
    handle: ({ userName }, { service, accountId, actor }) =>
      service.metadata.write(actor, async (tx) => {
        await requireUser(tx, accountId, userName);
        await tx.record({ kind: 'UserDeleted', data: { userName } });
      }),
  }),
];

/** @throws GlacierError 404 */
export async function requireUser(
  tx: Reader,
  accountId: string,
  userName: string,
): Promise<UserRow> {
  const user = await tx.first(findUser, { accountId, userName });
  if (user) return user;
  throw notFound(`The user was not found: ${userName}`);
}

function randomAccountId(): string {
  return String(randomInt(10 ** 11, 10 ** 12));
}

async function createAccount(call: AdminCall, accountId: string) {
  const { accessKeyId, secretAccessKey } = makeAccessKey();
  const principalArn = rootArn(accountId);
  const binding = accessKeyBinding(accessKeyId, principalArn);
  const sealedSecret = call.sealer.seal(secretAccessKey, binding);
  await call.service.metadata.write({ ...call.actor, accountId }, async (tx) => {
    if (await tx.first(findAccount, { accountId })) {
      throw invalidParameter(`The account exists already: ${accountId}`);
    }
    await tx.record({ kind: 'AccountCreated', data: {} });
    await tx.record({
      kind: 'AccessKeyCreated',
      data: { accessKeyId, principalArn, sealedSecret },
    });
  });
  return { accountId, accessKeyId, secretAccessKey };
}

async function createUser({ service, accountId, actor }: AdminCall, userName: string) {
  if (!isUserName(userName)) throw invalidParameter(`Invalid userName: ${userName}`);
  return service.metadata.write(actor, async (tx) => {
    if (await tx.first(findUser, { accountId, userName })) {
      throw invalidParameter(`The user exists already: ${userName}`);
    }
    await tx.record({ kind: 'UserCreated', data: { userName, userId: makeUserId() } });
    return describeUser(await requireUser(tx, accountId, userName));
  });
}

function describeUser(row: UserRow) {
  return {
    userName: row.user_name,
    userId: row.user_id,
    arn: userArn(row.account_id, row.user_name),
    createdAt: toIsoDate(row.created_at),
  };
}
