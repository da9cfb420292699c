/**
 * The vault lock: a policy that is tried for 24 hours and then cannot be changed any more.
 *
 * It is in full force from the beginning of the trial. The trial is judged by the lock clock: nobody
 * ends one by moving the wall clock. Once Locked, nothing changes or removes it but the deletion of
 * the empty vault, where no policy denies that (documented).
 */
import { GlacierError, notFound } from '../api/errors.ts';
import type { LockDescription } from '../api/shapes.ts';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';

const trialMs = 24 * 60 * 60 * 1000;

export interface VaultLock {
  readonly state: 'InProgress' | 'Locked';
  readonly policy: string;
  readonly lockId: string;
  /** On the wall clock. */
  readonly createdAt: Milliseconds;
}

/** The lock that is in force; undefined when there is none, or its trial has passed. */
export function lockOf(vault: VaultRow, lockNow: Milliseconds): VaultLock | undefined {
  const { lock_state: state, lock_policy: policy, lock_id: lockId } = vault;
  if (state === null || policy === null || lockId === null) return undefined;
  const hasPassed = (vault.lock_created_lock_time ?? 0) + trialMs <= lockNow;
  if (state === 'InProgress' && hasPassed) return undefined;
  return { state, policy, lockId, createdAt: vault.lock_created_at ?? 0 };
}

/** By analogy with the text for access policies (chosen: Amazon's was never seen). */
export function noLock(vault: VaultRow): GlacierError {
  return notFound(`No vault lock policy is set for: ${vault.vault_name}`);
}

/** The state forbids it (the code is documented, the text chosen). */
export function lockedRefusal(vault: VaultRow): GlacierError {
  return new GlacierError('AccessDeniedException', `The vault is locked: ${vault.vault_name}`);
}

export function inProgressRefusal(vault: VaultRow): GlacierError {
  return new GlacierError(
    'AccessDeniedException',
    `A vault lock is already in progress for vault: ${vault.vault_name}`,
  );
}

/** A lock in force never shows its id again (documented). */
export function describeLock(lock: VaultLock): LockDescription {
  const isLocked = lock.state === 'Locked';
  return {
    CreationDate: toIsoDate(lock.createdAt),
    ExpirationDate: isLocked ? null : toIsoDate(lock.createdAt + trialMs),
    Policy: lock.policy,
    State: lock.state,
  };
}
