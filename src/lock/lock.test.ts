import { describe, expect, it } from 'vitest';
import { vaultRow } from '../../test/support/vault-row.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';
import { describeLock, inProgressRefusal, lockedRefusal, lockOf, noLock } from './lock.ts';

const dayMs = 24 * 60 * 60 * 1000;
const createdAt = Date.parse('2026-01-05T08:15:30.123Z');
/** The lock clock has a time of its own. */
const lockTime = 5_000_000;
const policy = '{"Version":"2012-10-17","Statement":[]}';
const lockId = 'AE863rKkWZU53SLW5be4DUcW';

function vaultOf(changes: Partial<VaultRow> = {}): VaultRow {
  return vaultRow({
    access_policy: '{}',
    lock_policy: policy,
    lock_state: 'InProgress',
    lock_id: lockId,
    lock_created_at: createdAt,
    lock_created_lock_time: lockTime,
    ...changes,
  });
}

const none = {
  lock_policy: null,
  lock_state: null,
  lock_id: null,
  lock_created_at: null,
  lock_created_lock_time: null,
};

describe('the lock in force', () => {
  it('is none where none was initiated', () => {
    expect(lockOf(vaultOf(none), 0)).toBeUndefined();
    expect(lockOf(vaultOf(none), Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  it.each<[afterMs: number, isInForce: boolean]>([
    [0, true],
    [1, true],
    [dayMs - 1, true],
    [dayMs, false],
    [dayMs + 1, false],
    [365 * dayMs, false],
  ])('is a trial %i ms after its beginning: %s', (afterMs, isInForce) => {
    const lock = { state: 'InProgress', policy, lockId, createdAt };
    const expected = isInForce ? lock : undefined;
    expect(lockOf(vaultOf(), lockTime + afterMs)).toEqual(expected);
  });

  it('is a completed one for ever', () => {
    const vault = vaultOf({ lock_state: 'Locked' });
    for (const afterMs of [0, dayMs, 100 * 365 * dayMs]) {
      const lock = { state: 'Locked', policy, lockId, createdAt };
      expect(lockOf(vault, lockTime + afterMs)).toEqual(lock);
    }
  });

  it('does not depend on the wall clock', () => {
    for (const lock_created_at of [0, createdAt, createdAt + 100 * dayMs]) {
      const vault = vaultOf({ lock_created_at });
      expect(lockOf(vault, lockTime + dayMs - 1)?.createdAt).toBe(lock_created_at);
      expect(lockOf(vault, lockTime + dayMs)).toBeUndefined();
    }
  });

  it('stays when the lock clock is behind its beginning', () => {
    expect(lockOf(vaultOf(), 0)?.state).toBe('InProgress');
  });
});

describe('what a lock shows', () => {
  it('expires a day after its beginning while it is on trial', () => {
    expect(describeLock({ state: 'InProgress', policy, lockId, createdAt })).toEqual({
      CreationDate: '2026-01-05T08:15:30.123Z',
      ExpirationDate: '2026-01-06T08:15:30.123Z',
      Policy: policy,
      State: 'InProgress',
    });
  });

  it('never expires once it is locked', () => {
    expect(describeLock({ state: 'Locked', policy, lockId, createdAt })).toEqual({
      CreationDate: '2026-01-05T08:15:30.123Z',
      ExpirationDate: null,
      Policy: policy,
      State: 'Locked',
    });
  });

  it.each(['InProgress', 'Locked'] as const)('is never its id (%s)', (state) => {
    const shown = describeLock({ state, policy, lockId, createdAt });
    expect(JSON.stringify(shown)).not.toContain(lockId);
  });

  it('is the policy to the letter', () => {
    const spaced = ' { "Version" : "2012-10-17" }\n';
    const shown = describeLock({ state: 'Locked', policy: spaced, lockId, createdAt });
    expect(shown.Policy).toBe(spaced);
  });
});

it.each([
  [noLock, 'ResourceNotFoundException', 'No vault lock policy is set for: examplevault'],
  [lockedRefusal, 'AccessDeniedException', 'The vault is locked: examplevault'],
  [
    inProgressRefusal,
    'AccessDeniedException',
    'A vault lock is already in progress for vault: examplevault',
  ],
] as const)('%o answers %s', (refuse, code, message) => {
  expect(refuse(vaultOf())).toMatchObject({ code, message });
});
