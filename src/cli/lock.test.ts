import { expect, test } from 'vitest';
import { explain, type Verdict } from './lock.ts';

const verdict: Verdict = {
  principal: 'root',
  action: 'glacier:DeleteArchive',
  archiveAgeInDays: null,
  decision: 'denied',
  reason: 'explicit-deny',
  source: 'vault-lock',
  statement: 'deny-young',
};

test.each<[Partial<Verdict>, string]>([
  [{}, 'the vault lock, statement deny-young, denies it'],
  [{ statement: null }, 'the vault lock denies it'],
  [{ statement: 0 }, 'the vault lock, statement 0, denies it'],
  [{ reason: 'no-allow', source: 'identity', statement: null }, 'nothing allows it'],
  [{ reason: 'allowed', source: 'root', statement: null }, 'root may, unless something denies it'],
  [
    { reason: 'allowed', source: 'identity' },
    'an identity policy, statement deny-young, allows it',
  ],
  [
    { reason: 'allowed', source: 'vault-access', statement: null },
    "the vault's access policy allows it",
  ],
])('%j: %s', (changes, text) => {
  expect(explain({ ...verdict, ...changes })).toBe(text);
});
