import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rootArn, userArn } from '../lib/arn.ts';
import { systemClock } from '../lib/clock.ts';
import { JournaledStore } from '../storage/metadata/journaled-store.ts';
import { RowSeal } from '../storage/metadata/row-seal.ts';
import { StoreHealth } from '../storage/store-health.ts';
import { AccessKeys } from './find-access-key.ts';
import { accessKeyBinding, SecretSealer, sealingKeyBytes } from './sealed-secret.ts';

const accountId = '111122223333';
const principalArn = rootArn(accountId);
const id = 'AKIAIOSFODNN7EXAMPLE';
const otherId = 'AKIAI44QH8DHBEXAMPLE';

let directory: string;
let metadata: JournaledStore;
let sealer: SecretSealer;
let keys: AccessKeys;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'firn-keys-'));
  const health = new StoreHealth();
  const seal = new RowSeal(Buffer.alloc(32));
  const options = { directory, asideDirectory: directory, clock: systemClock, health, seal };
  ({ store: metadata } = await JournaledStore.open(options));
  sealer = new SecretSealer(randomBytes(sealingKeyBytes));
  keys = new AccessKeys({ metadata, sealer, clock: systemClock });
});

afterEach(async () => {
  await metadata.close();
  await rm(directory, { recursive: true });
});

const bound = (accessKeyId: string) => accessKeyBinding(accessKeyId, principalArn);

function record(accessKeyId: string, sealedSecret: string) {
  const actor = { accountId, principalArn, requestId: '' };
  const data = { accessKeyId, principalArn, sealedSecret };
  return metadata.write(actor, (tx) => tx.record({ kind: 'AccessKeyCreated', data }));
}

test('a key is found with its secret and whose it is', async () => {
  await record(id, sealer.seal('first secret', bound(id)));
  const expected = {
    principal: { accountId, arn: principalArn },
    secretAccessKey: 'first secret',
    isExpired: false,
  };
  expect(await keys.find(id, undefined)).toEqual(expected);
  expect(await keys.find(id, undefined)).toEqual(expected);
});

test.each(['', id.toLowerCase(), `${id} `, otherId, '%', "' or 1=1 --"])(
  'there is no key %j',
  async (other) => {
    await record(id, sealer.seal('first secret', bound(id)));
    expect(await keys.find(other, undefined)).toBeUndefined();
  },
);

test('a new secret holds at once', async () => {
  await record(id, sealer.seal('first secret', bound(id)));
  await keys.find(id, undefined);
  await record(id, sealer.seal('second secret', bound(id)));
  expect(await keys.find(id, undefined)).toMatchObject({ secretAccessKey: 'second secret' });
});

test('a secret that was sealed with another key is no key', async () => {
  const stranger = new SecretSealer(randomBytes(sealingKeyBytes));
  await record(id, stranger.seal('first secret', id));
  expect(await keys.find(id, undefined)).toBeUndefined();
});

/** It is bound to its id, also when it was opened for that id a moment ago. */
test.each([false, true])(
  'a sealed secret moved to another id is no key (opened before: %j)',
  async (isOpened) => {
    const sealed = sealer.seal('first secret', bound(id));
    await record(id, sealed);
    await record(otherId, sealed);
    if (isOpened) await keys.find(id, undefined);
    expect(await keys.find(otherId, undefined)).toBeUndefined();
  },
);

test("a root's secret of the first release is bound to the id alone", async () => {
  await record(id, sealer.seal('first secret', id));
  expect(await keys.find(id, undefined)).toMatchObject({ secretAccessKey: 'first secret' });
});

test.each([bound(id), id])('a sealed secret is no key of somebody else: %j', async (binding) => {
  const data = {
    accessKeyId: id,
    principalArn: userArn(accountId, 'eve'),
    sealedSecret: sealer.seal('first secret', binding),
  };
  const actor = { accountId, principalArn, requestId: '' };
  await metadata.write(actor, async (tx) => {
    await tx.record({ kind: 'UserCreated', data: { userName: 'eve', userId: 'AIDA' } });
    await tx.record({ kind: 'AccessKeyCreated', data });
  });
  expect(await keys.find(id, undefined)).toBeUndefined();
});

test('more keys than are kept in memory', async () => {
  const ids = Array.from({ length: 1_100 }, (_, index) => `AKIA${String(index).padStart(16, 'A')}`);
  await Promise.all(ids.map((each) => record(each, sealer.seal(`secret of ${each}`, bound(each)))));
  for (const each of [...ids, ...ids.slice(0, 20)]) {
    expect((await keys.find(each, undefined))?.secretAccessKey).toBe(`secret of ${each}`);
  }
});
