/**
 * The question whether a principal may do a thing to a vault, asked with all that policies may want
 * to know. It is asked before a request is handled, for the answer, and again inside the change that
 * deletes, for the promise: between the two a lock may have been completed.
 */
import type { Principal } from '../accounts/principal.ts';
import { GlacierError } from '../api/errors.ts';
import type { OperationName } from '../api/operations.ts';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import { lockOf } from '../lock/lock.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { listTags } from '../storage/metadata/queries/tags.ts';
import type { ArchiveRow, VaultRow } from '../storage/metadata/schema.ts';
import { accessDeniedMessage, type Decision, evaluate } from './evaluate.ts';
import { findIdentityPolicies } from './find-identity-policies.ts';
import type { Policy } from './policy-document.ts';
import { compileVaultPolicy } from './vault-policy.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Who asks, and from where. */
export interface Caller {
  readonly principal: Principal;
  readonly sourceIp: string;
  readonly userAgent: string;
}

export interface PermissionQuestion {
  readonly caller: Caller;
  readonly action: OperationName;
  readonly resourceArn: string;
  /** Undefined when the action is not about a vault, or there is no such vault. */
  readonly vault: VaultRow | undefined;
  /** The archive that is to be deleted or retrieved. */
  readonly archive: Pick<ArchiveRow, 'created_lock_time'> | undefined;
  readonly now: Milliseconds;
  readonly lockNow: Milliseconds;
  /** In the place of the lock in force: what would be if it were this. */
  readonly triedLockPolicy?: Policy<'vault'>;
  /** In the place of the lock clock, where a lock policy asks what time it is. */
  readonly lockTimeTried?: Milliseconds;
  /** In the place of the vault's tags. */
  readonly triedTags?: Readonly<Record<string, string>>;
}

/** @throws GlacierError AccessDeniedException in Amazon's words */
export async function requirePermission(tx: Reader, question: PermissionQuestion): Promise<void> {
  const decision = await judgePermission(tx, question);
  if (decision.isAllowed) return;
  const request = { ...question, principal: question.caller.principal };
  throw new GlacierError('AccessDeniedException', accessDeniedMessage(request, decision));
}

/** The answer itself, and where it comes from. */
export async function judgePermission(tx: Reader, question: PermissionQuestion): Promise<Decision> {
  const { caller, action, resourceArn, vault, lockNow, triedLockPolicy } = question;
  const { principal } = caller;
  const lockInForce = vault && lockOf(vault, lockNow)?.policy;
  const policies = {
    identity: await findIdentityPolicies(tx, principal),
    vaultAccess: compileVaultPolicy(vault?.access_policy ?? null),
    vaultLock: triedLockPolicy ?? compileVaultPolicy(lockInForce ?? null),
  };
  const hasPolicies =
    policies.identity.length > 0 || policies.vaultAccess !== undefined || policies.vaultLock;
  const context = hasPolicies ? await contextOf(tx, question) : new Map<string, string[]>();
  const request = { principal, action, resourceArn, policies, context };
  if (!policies.vaultLock) return evaluate(request);
  const lockContext = new Map([...context, ...timesOf(question.lockTimeTried ?? lockNow)]);
  return evaluate({ ...request, lockContext });
}

/** The condition keys of a request, in lower case. */
async function contextOf(
  tx: Reader,
  { caller, vault, archive, now, lockNow, triedTags }: PermissionQuestion,
): Promise<Map<string, string[]>> {
  const { principal, sourceIp, userAgent } = caller;
  const context = new Map([
    ...timesOf(now),
    ['aws:sourceip', [sourceIp]],
    ['aws:securetransport', ['false']],
    ['aws:useragent', [userAgent]],
    ['aws:principalarn', [principal.arn]],
    ['aws:principalaccount', [principal.accountId]],
    ['aws:userid', [principal.user?.userId ?? principal.accountId]],
    ['aws:principaltype', [principal.user ? 'User' : 'Account']],
  ]);
  if (principal.user) context.set('aws:username', [principal.user.userName]);
  if (archive) {
    // Whole days on the clock that nobody can wind forward, rounded down (chosen).
    const ageDays = Math.floor((lockNow - archive.created_lock_time) / dayMs);
    context.set('glacier:archiveageindays', [String(Math.max(0, ageDays))]);
  }
  const tags = triedTags ? Object.entries(triedTags) : await tagsOf(tx, vault);
  for (const [tagKey, tagValue] of tags) {
    // Keys that differ by their case alone are one key to a policy, with several values.
    const key = `glacier:resourcetag/${tagKey.toLowerCase()}`;
    context.set(key, [...(context.get(key) ?? []), tagValue]);
  }
  return context;
}

function timesOf(time: Milliseconds): [string, string[]][] {
  return [
    ['aws:currenttime', [toIsoDate(time)]],
    ['aws:epochtime', [String(Math.floor(time / 1000))]],
  ];
}

async function tagsOf(tx: Reader, vault: VaultRow | undefined): Promise<[string, string][]> {
  const rows = await tx.all(listTags, { vaultSequence: vault?.sequence ?? 0 });
  return rows.map((row) => [row.tag_key, row.tag_value]);
}
