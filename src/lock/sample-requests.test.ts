import { expect, test } from 'vitest';
import { parsePolicy } from '../policies/policy-document.ts';
import { sampleRequests } from './sample-requests.ts';

const arn = 'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault';

function samplesOf(statement: object) {
  const everybody = { Effect: 'Deny', Principal: '*', Resource: arn };
  const text = JSON.stringify({ Statement: { ...everybody, ...statement } });
  return sampleRequests(parsePolicy(text, 'vault', arn));
}

function agesOf(statement: object, action = 'DeleteArchive') {
  const samples = samplesOf(statement).filter((it) => it.action === action);
  return samples.map((it) => it.archiveAgeInDays);
}

test.each([
  ['365', [0, 364, 365, 366]],
  [365, [0, 364, 365, 366]],
  [
    ['30', '365'],
    [0, 29, 30, 31, 364, 365, 366],
  ],
  ['0', [0, 1]],
  ['1', [0, 1, 2]],
])('around the age %j', (age, ages) => {
  const Condition = { NumericLessThan: { 'glacier:archiveAgeInDAYS': age } };
  expect(agesOf({ Action: 'glacier:DeleteArchive', Condition })).toEqual(ages);
  expect(agesOf({ Action: 'glacier:DeleteArchive', Condition }, 'InitiateJob')).toEqual(ages);
});

test('without an age in the policy an archive is new', () => {
  expect(agesOf({ Action: 'glacier:DeleteArchive' })).toEqual([0]);
});

test('the actions that the policy denies are among the usual ones, each once', () => {
  const names = samplesOf({ Action: ['glacier:AbortVaultLock', 'glacier:DeleteVault'] }).map(
    (it) => it.action,
  );
  expect(names).toContain('AbortVaultLock');
  expect(names).toContain('UploadArchive');
  expect(new Set(names).size).toBe(names.length);
});
