/** What a lock policy would allow and deny, before it is for ever. Nothing is changed. */
import { z } from '@hono/zod-openapi';
import { isRoot, type Principal } from '../accounts/principal.ts';
import { invalidParameter } from '../api/errors.ts';
import { type OperationName, operations } from '../api/operations.ts';
import { rootArn, userArn, userNameOf } from '../lib/arn.ts';
import { lockOf, noLock } from '../lock/lock.ts';
import { sampleRequests } from '../lock/sample-requests.ts';
import { judgePermission } from '../policies/require-permission.ts';
import { compileVaultPolicy, readVaultPolicy } from '../policies/vault-policy.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { findUser, listUsers } from '../storage/metadata/queries/accounts.ts';
import { findVault } from '../storage/metadata/queries/vaults.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';
import { arnOfVault, vaultNotFound } from '../vaults/vault.ts';
import {
  type AdminCall,
  type AdminRow,
  accountField,
  adminRow,
  answer,
  vaultNameField,
} from './route.ts';

const dayMs = 24 * 60 * 60 * 1000;
const mostRequests = 1_000;
/** Users that samples are made for. */
const mostUsers = 20;

const requestShape = z
  .object({
    principal: z.string().optional(),
    action: z.string(),
    archiveAgeInDays: z.int().nonnegative().nullish(),
    sourceIp: z.union([z.ipv4(), z.ipv6()]).optional(),
    time: z.iso.datetime({ offset: true }).optional(),
    tags: z.record(z.string(), z.string()).optional(),
  })
  .openapi('SimulatedRequest');
type SimulatedRequest = z.output<typeof requestShape>;

const resultShape = z
  .object({
    principal: z.string(),
    action: z.string(),
    archiveAgeInDays: z.number().nullable(),
    decision: z.enum(['allowed', 'denied']),
    reason: z.enum(['explicit-deny', 'no-allow', 'allowed']),
    source: z.enum(['identity', 'vault-access', 'vault-lock', 'root']),
    /** Sid, or place, of the statement that decided. */
    statement: z.string().nullable(),
  })
  .openapi('SimulatedResult');

export const lockSimulationRows: readonly AdminRow[] = [
  adminRow({
    name: 'SimulateVaultLock',
    method: 'post',
    path: '/_/accounts/{account}/vaults/{vaultName}/lock-simulation',
    summary: 'Says which requests a lock policy would allow or deny.',
    permitted: 'root',
    pathFields: accountField.extend({ vaultName: vaultNameField }),
    body: z.object({
      policy: z.string().optional(),
      requests: z.array(requestShape).max(mostRequests).optional(),
    }),
    answer: answer(z.object({ policy: z.string(), results: z.array(resultShape) })),
    handle: ({ vaultName, body }, call) =>
      call.service.metadata.read((tx) => simulate(tx, call, vaultName, body)),
  }),
];

async function simulate(
  tx: Reader,
  call: AdminCall,
  vaultName: string,
  wanted: { policy?: string | undefined; requests?: SimulatedRequest[] | undefined },
) {
  const vault = await requireVaultNamed(tx, call, vaultName);
  const policy = lockPolicyOf(call, vault, wanted.policy);
  const requests = wanted.requests ?? (await samplesFor(tx, call, policy));
  const results = [];
  for (const request of requests) results.push(await judge(tx, call, { vault, policy }, request));
  return { policy, results };
}

async function requireVaultNamed(tx: Reader, call: AdminCall, vaultName: string) {
  const { accountId, service } = call;
  const place = { region: service.settings.region, accountId, vaultName };
  const vault = await tx.first(findVault, place);
  if (!vault) throw vaultNotFound(place);
  return vault;
}

/** The one given, judged as if it were set; or the one in force. */
function lockPolicyOf({ service }: AdminCall, vault: VaultRow, given: string | undefined): string {
  if (given !== undefined) {
    return readVaultPolicy({ Policy: given }, 'lock', arnOfVault(vault, service.settings.region));
  }
  const lock = lockOf(vault, service.metadata.lockNow());
  if (!lock) throw noLock(vault);
  return lock.policy;
}

/** For the root and the first users: what people who lock a vault want to know. */
async function samplesFor(tx: Reader, { accountId }: AdminCall, policyText: string) {
  const policy = compileVaultPolicy(policyText);
  const users = (await tx.all(listUsers, { accountId })).slice(0, mostUsers);
  const principals = ['root', ...users.map((user) => user.user_name)];
  const samples = policy ? sampleRequests(policy) : [];
  return principals.flatMap((principal) => samples.map((sample) => ({ principal, ...sample })));
}

async function judge(
  tx: Reader,
  call: AdminCall,
  tried: { readonly vault: VaultRow; readonly policy: string },
  request: SimulatedRequest,
) {
  const { metadata, clock, settings } = call.service;
  const principal = await principalNamed(tx, call, request.principal ?? 'root');
  const action = actionNamed(request.action);
  const { archiveAgeInDays: age, tags } = request;
  const lockNow = metadata.lockNow();
  const triedLockPolicy = compileVaultPolicy(tried.policy);
  const time = request.time === undefined ? undefined : Date.parse(request.time);
  const decision = await judgePermission(tx, {
    caller: { principal, sourceIp: request.sourceIp ?? call.sourceIp, userAgent: '' },
    action,
    resourceArn: arnOfVault(tried.vault, settings.region),
    vault: tried.vault,
    archive: typeof age === 'number' ? { created_lock_time: lockNow - age * dayMs } : undefined,
    now: time ?? clock.now(),
    lockNow,
    ...(time !== undefined && { lockTimeTried: time }),
    ...(triedLockPolicy && { triedLockPolicy }),
    ...(tags && { triedTags: tags }),
  });
  return {
    principal: principal.arn,
    action: `glacier:${action}`,
    archiveAgeInDays: age ?? null,
    decision: decision.isAllowed ? 'allowed' : 'denied',
    reason: decision.reason,
    source: decision.source,
    statement: decision.statementId ?? null,
  };
}

/** An ARN, a user of the account, or `root`. Nobody needs to exist to be asked about. */
async function principalNamed(tx: Reader, { accountId }: AdminCall, name: string) {
  const isArn = name.startsWith('arn:');
  const arn = name === 'root' ? rootArn(accountId) : isArn ? name : userArn(accountId, name);
  const account = /^arn:aws:(?:iam|sts)::([0-9]{12}):.+$/.exec(arn)?.[1];
  if (account === undefined) throw invalidParameter(`Invalid principal: ${name}`);
  const principal: Principal = { accountId: account, arn };
  const userName = userNameOf(arn);
  if (isRoot(principal) || userName === undefined) return principal;
  const user = await tx.first(findUser, { accountId: account, userName });
  return { ...principal, user: { userName, userId: user?.user_id ?? '' } };
}

function actionNamed(text: string): OperationName {
  const name = text.replace(/^glacier:/i, '');
  const found = Object.keys(operations).find((it) => it.toLowerCase() === name.toLowerCase());
  if (found) return found as OperationName;
  throw invalidParameter(`Invalid action: ${text}`);
}
