/** Access keys of the root and of users, and temporary ones. What is changed here acts at once. */
import { z } from '@hono/zod-openapi';
import {
  type AccessKey,
  hashToken,
  makeAccessKey,
  makeTemporaryAccessKey,
  sessionSeconds,
} from '../accounts/access-key.ts';
import { isRoot } from '../accounts/principal.ts';
import { accessKeyBinding } from '../accounts/sealed-secret.ts';
import { invalidParameter, notFound } from '../api/errors.ts';
import { rootArn, userArn } from '../lib/arn.ts';
import { toIsoDate } from '../lib/clock.ts';
import type { Reader, Writer } from '../storage/metadata/metadata-store.ts';
import { findAccessKey, listAccessKeys } from '../storage/metadata/queries/access-keys.ts';
import type { AccessKeyRow } from '../storage/metadata/schema.ts';
import { requireUser } from './accounts.ts';
import {
  type AdminCall,
  type AdminRow,
  accountField,
  adminRow,
  answer,
  noContent,
  notAuthorized,
} from './route.ts';

const status = z.enum(['Active', 'Inactive']);
const keyShape = z
  .object({
    accessKeyId: z.string(),
    arn: z.string(),
    userName: z.string().nullable(),
    status,
    createdAt: z.string(),
    /** Of temporary keys. */
    expiresAt: z.string().nullable(),
  })
  .openapi('AccessKey');
const newKeyShape = keyShape.extend({ secretAccessKey: z.string() }).openapi('NewAccessKey');
const sessionShape = z
  .object({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string(),
    expiresAt: z.string(),
    arn: z.string(),
  })
  .openapi('Session');

const keysPath = '/_/accounts/{account}/access-keys';
const keyField = accountField.extend({ accessKeyId: z.string() });
const ofUser = z.object({ userName: z.string().optional() });

export const accessKeyRows: readonly AdminRow[] = [
  adminRow({
    name: 'ListAccessKeys',
    method: 'get',
    path: keysPath,
    summary: 'The access keys of an account, or of one of its users.',
    permitted: 'root',
    pathFields: accountField,
    query: ofUser,
    answer: answer(z.object({ accessKeys: z.array(keyShape) })),
    handle: async ({ query }, { service, accountId }) => {
      const { userName } = query;
      const rows = await service.metadata.read(async (tx) => {
        if (userName !== undefined) await requireUser(tx, accountId, userName);
        return tx.all(listAccessKeys, { accountId });
      });
      const wanted = rows.filter((row) => userName === undefined || row.user_name === userName);
      return { accessKeys: wanted.map(describeKey) };
    },
  }),
  adminRow({
    name: 'CreateAccessKey',
    method: 'post',
    path: keysPath,
    givesKeys: true,
    summary: 'Makes an access key for a user, or without one for the root.',
    permitted: 'root',
    pathFields: accountField,
    body: ofUser,
    answer: answer(newKeyShape, 201),
    handle: ({ body }, call) =>
      call.service.metadata.write(call.actor, async (tx) => {
        if (body.userName !== undefined) await requireUser(tx, call.accountId, body.userName);
        return createKey(tx, call, body.userName ?? null);
      }),
  }),
  adminRow({
    name: 'UpdateAccessKey',
    method: 'patch',
    path: `${keysPath}/{accessKeyId}`,
    summary: 'Lets an access key sign, or lets it no longer.',
    permitted: 'root',
    pathFields: keyField,
    body: z.object({ status }),
    answer: answer(keyShape),
    handle: ({ accessKeyId, body }, call) =>
      call.service.metadata.write(call.actor, async (tx) => {
        await requireKey(tx, call, accessKeyId);
        await tx.record({ kind: 'AccessKeyStatusSet', data: { accessKeyId, ...body } });
        return describeKey(await requireKey(tx, call, accessKeyId));
      }),
  }),
  adminRow({
    name: 'RotateAccessKey',
    method: 'post',
    path: `${keysPath}/{accessKeyId}/rotate`,
    givesKeys: true,
    summary: 'Makes a new key for the same principal; the old one signs no longer.',
    permitted: 'root',
    pathFields: keyField,
    answer: answer(newKeyShape, 201),
    handle: ({ accessKeyId }, call) =>
      call.service.metadata.write(call.actor, async (tx) => {
        const old = await requireKey(tx, call, accessKeyId);
        const data = { accessKeyId, status: 'Inactive' as const };
        await tx.record({ kind: 'AccessKeyStatusSet', data });
        return createKey(tx, call, old.user_name);
      }),
  }),
  adminRow({
    name: 'DeleteAccessKey',
    method: 'delete',
    path: `${keysPath}/{accessKeyId}`,
    summary: 'Removes an access key.',
    permitted: 'root',
    pathFields: keyField,
    answer: noContent,
    handle: ({ accessKeyId }, call) =>
      call.service.metadata.write(call.actor, async (tx) => {
        await requireKey(tx, call, accessKeyId);
        await tx.record({ kind: 'AccessKeyDeleted', data: { accessKeyId } });
      }),
  }),
  adminRow({
    name: 'CreateSession',
    method: 'post',
    path: '/_/accounts/{account}/sessions',
    givesKeys: true,
    summary: 'Makes temporary credentials: for oneself, or as the root for a user.',
    permitted: 'anybody',
    pathFields: accountField,
    body: ofUser.extend({
      durationSeconds: z.int().positive().max(sessionSeconds.longest).optional(),
    }),
    answer: answer(sessionShape, 201),
    handle: ({ body }, call) => createSession(call, body),
  }),
];

/** @throws GlacierError 404 for a key of another account too */
async function requireKey(
  tx: Reader,
  { accountId }: AdminCall,
  accessKeyId: string,
): Promise<AccessKeyRow> {
  const row = await tx.first(findAccessKey, { accessKeyId });
  if (row?.account_id === accountId) return row;
  throw notFound(`The access key was not found: ${accessKeyId}`);
}

async function createKey(tx: Writer, call: AdminCall, userName: string | null) {
  const { accessKeyId, secretAccessKey } = makeAccessKey();
  const data = keyData(call, userName, { accessKeyId, secretAccessKey });
  await tx.record({ kind: 'AccessKeyCreated', data });
  return { ...describeKey(await requireKey(tx, call, accessKeyId)), secretAccessKey };
}

function keyData({ sealer, accountId }: AdminCall, userName: string | null, key: AccessKey) {
  const { accessKeyId, secretAccessKey } = key;
  const principalArn = userName === null ? rootArn(accountId) : userArn(accountId, userName);
  const sealedSecret = sealer.seal(secretAccessKey, accessKeyBinding(accessKeyId, principalArn));
  return { accessKeyId, principalArn, sealedSecret };
}

async function createSession(
  call: AdminCall,
  wanted: { userName?: string | undefined; durationSeconds?: number | undefined },
) {
  const userName = sessionOwner(call, wanted.userName);
  const seconds = wanted.durationSeconds ?? sessionSeconds.usual;
  // On a test clock a session may be as short as a test wants it.
  if (!call.testClock && seconds < sessionSeconds.shortest) {
    throw invalidParameter(
      `Invalid durationSeconds: ${seconds} is less than ${sessionSeconds.shortest}`,
    );
  }
  const key = makeTemporaryAccessKey();
  const data = keyData(call, userName, key);
  const expiresAt = toIsoDate(call.service.clock.now() + seconds * 1000);
  const session = { tokenHash: hashToken(key.sessionToken), expiresAt };
  await call.service.metadata.write(call.actor, async (tx) => {
    if (userName !== null) await requireUser(tx, call.accountId, userName);
    await tx.record({ kind: 'AccessKeyCreated', data: { ...data, session } });
  });
  return { ...key, expiresAt, arn: data.principalArn };
}

/** A user makes sessions for itself; the root for itself and its users. null: the root. */
function sessionOwner({ principal, accountId }: AdminCall, userName: string | undefined) {
  if (isRoot(principal)) return userName ?? null;
  const own = principal.user?.userName ?? null;
  if (accountId === principal.accountId && (userName ?? own) === own) return own;
  throw notAuthorized(principal, 'CreateSession', 'not for another user');
}

function describeKey(row: AccessKeyRow) {
  const { account_id: accountId, user_name: userName, expires_at: expiresAt } = row;
  return {
    accessKeyId: row.access_key_id,
    arn: userName === null ? rootArn(accountId) : userArn(accountId, userName),
    userName,
    status: row.status,
    createdAt: toIsoDate(row.created_at),
    expiresAt: expiresAt === null ? null : toIsoDate(expiresAt),
  };
}
