import { expect, test } from 'vitest';
import { rootArn } from '../lib/arn.ts';
import { isRoot } from './principal.ts';

const accountId = '111122223333';

test('the root of an account is root in it and nowhere else', () => {
  expect(isRoot({ accountId, arn: rootArn(accountId) })).toBe(true);
  expect(isRoot({ accountId, arn: 'arn:aws:iam::111122223333:root' })).toBe(true);
  expect(isRoot({ accountId, arn: rootArn('444455556666') })).toBe(false);
});

test.each([
  '',
  'root',
  'arn:aws:iam::111122223333:user/root',
  'arn:aws:iam::111122223333:root/x',
  'arn:aws:iam::111122223333:ROOT',
])('%j is not root', (arn) => {
  expect(isRoot({ accountId, arn })).toBe(false);
});
