/**
 * From the settings to an open store that somebody can sign in to: its root, its clock, its blobs and
 * metadata, the key that seals its secrets, and at the first start an account with a root key.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type AccessKey, makeAccessKey } from './accounts/access-key.ts';
import {
  accessKeyBinding,
  openAccessKey,
  SecretSealer,
  sealingKeyBytes,
} from './accounts/sealed-secret.ts';
import { type Config, ConfigError } from './config.ts';
import { rootArn, userArn } from './lib/arn.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { TestClock } from './lib/test-clock.ts';
import type { BlobStore } from './storage/blobs/blob-store.ts';
import { DiskBlobStore } from './storage/blobs/disk.ts';
import { durableWrite } from './storage/durable-file.ts';
import { JournaledStore, type OpenedStore } from './storage/metadata/journaled-store.ts';
import type { MetadataStore } from './storage/metadata/metadata-store.ts';
import { listAccessKeys } from './storage/metadata/queries/access-keys.ts';
import { listAccounts } from './storage/metadata/queries/accounts.ts';
import { findClock } from './storage/metadata/queries/clock.ts';
import { RowSeal } from './storage/metadata/row-seal.ts';
import { StoreDamagedError } from './storage/store-errors.ts';
import { StoreHealth } from './storage/store-health.ts';
import { openStoreRoot, type StoreIdentity, type StoreRoot } from './storage/store-root.ts';
import { workerActor } from './workers/worker.ts';

const defaultRegion = 'us-east-1';
const defaultAccountId = '000000000000';

export interface Store {
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly health: StoreHealth;
  readonly clock: Clock;
  /** The same, on a store that was made with a test clock. */
  readonly testClock: TestClock | undefined;
  readonly blobs: BlobStore;
  readonly metadata: MetadataStore;
  readonly sealer: SecretSealer;
  /** The key that was made at this start, to be shown once. */
  readonly firstKey: AccessKey | undefined;
  /** What had to be mended after a crash. */
  readonly recovery: Omit<OpenedStore, 'store'>;
  close(): Promise<void>;
}

/** @throws ConfigError, StoreDamagedError with a sentence for the operator */
export async function openStore(config: Config): Promise<Store> {
  const directory = resolve(config.dataDirectory);
  const root = await openStoreRoot(directory, wantedStore(config), systemClock);
  try {
    return await openRoot(config, root);
  } catch (error) {
    root.release();
    throw error;
  }
}

function wantedStore(config: Config) {
  return {
    region: config.region ?? defaultRegion,
    accountId: config.accountId ?? defaultAccountId,
    ...(config.testClock && { testClock: true as const }),
  };
}

async function openRoot(config: Config, root: StoreRoot): Promise<Store> {
  const { directory, identity } = root;
  checkIdentity(config, identity);
  const health = new StoreHealth();
  const testClock = identity.testClock === true ? new TestClock() : undefined;
  const clock = testClock ?? systemClock;
  const sealingKey = await readSealingKey(config, directory);
  const options = { directory, clock, health, seal: new RowSeal(sealingKey) };
  const blobs = await DiskBlobStore.open(options);
  const { asideDirectory } = root;
  const { store: metadata, ...recovery } = await JournaledStore.open({
    ...options,
    asideDirectory,
  });
  if (recovery.isViewRemade) health.raise({ ...changedView, since: clock.now() });
  const sealer = new SecretSealer(sealingKey);
  await compareIdentity(identity, metadata);
  await restoreClock(testClock, metadata);
  const firstKey = await prepareAccount(config, identity, metadata, sealer);
  return {
    directory,
    identity,
    health,
    clock,
    testClock,
    blobs,
    metadata,
    sealer,
    firstKey,
    recovery,
    close: async () => {
      await metadata.close();
      await blobs.close();
      root.release();
    },
  };
}

const changedView = {
  name: 'records-changed',
  message:
    'At the last start view.sqlite was not as the server had left it, or the sealing key was another one. It was made anew from the journal',
};

/** What stands in ARNs that were given out, and what kind of clock there is, stay for ever. */
function checkIdentity(config: Config, identity: StoreIdentity): void {
  const leaveOut = 'leave the setting out or name another data-dir';
  if (config.region !== undefined && config.region !== identity.region) {
    throw new ConfigError(
      `region: the store was made for ${identity.region}, not ${config.region}; ${leaveOut}`,
    );
  }
  if (config.accountId !== undefined && config.accountId !== identity.accountId) {
    throw new ConfigError(
      `account-id: the store was made for ${identity.accountId}, not ${config.accountId}; ${leaveOut}`,
    );
  }
  if (config.testClock && !identity.testClock) {
    throw new ConfigError(
      `test-clock: the store was made without one, and no store is switched over; ${leaveOut}`,
    );
  }
}

/** The key that seals secrets: from the configuration, or from a file beside the store, made once. */
async function readSealingKey(config: Config, dataDirectory: string): Promise<Buffer> {
  if (config.sealingKey !== undefined) return Buffer.from(config.sealingKey, 'hex');
  const path = `${dataDirectory}.key`;
  try {
    const text = await readFile(path, 'utf8');
    const key = Buffer.from(text.trim(), 'hex');
    if (key.length === sealingKeyBytes) return key;
    throw new ConfigError(`${path} must hold 64 hex digits, the key that seals secrets`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = randomBytes(sealingKeyBytes);
  try {
    await durableWrite(path, Buffer.from(`${key.toString('hex')}\n`), 0o400);
  } catch (error) {
    throw new ConfigError(
      `The key that seals secrets cannot be kept in ${dirname(path)} (${(error as Error).message}): give it by FIRN_SEALING_KEY_FILE or FIRN_SEALING_KEY`,
    );
  }
  return key;
}

/** Makes what a store begins with, and sees to it that somebody can sign in. */
async function prepareAccount(
  config: Config,
  identity: StoreIdentity,
  metadata: MetadataStore,
  sealer: SecretSealer,
): Promise<AccessKey | undefined> {
  const { accountId, storeId, region, testClock } = identity;
  const accounts = await metadata.read((tx) => tx.all(listAccounts, {}));
  const keys = await metadata.read((tx) => tx.all(listAccessKeys, { accountId }));
  const openKeys = keys.flatMap((row) => {
    const { access_key_id: accessKeyId, status, user_name: userName } = row;
    const arn = userName === null ? rootArn(accountId) : userArn(accountId, userName);
    const secretAccessKey = openAccessKey(sealer, row.sealed_secret, accessKeyId, arn);
    return secretAccessKey === undefined ? [] : [{ accessKeyId, secretAccessKey, status }];
  });
  if (!config.rootKey && keys.length > 0 && openKeys.length === 0) {
    throw new ConfigError(
      'The secrets in the store were sealed with another key: put back the file that was beside the store, or set FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY to give the root a new key',
    );
  }
  // The one in the configuration signs, whatever was done to it meanwhile.
  const rootKey = config.rootKey ?? (keys.length === 0 ? makeAccessKey() : undefined);
  const isNewKey =
    rootKey !== undefined &&
    !openKeys.some(
      (key) =>
        key.accessKeyId === rootKey.accessKeyId &&
        key.secretAccessKey === rootKey.secretAccessKey &&
        key.status === 'Active',
    );
  await metadata.write(workerActor('setup', accountId), async (tx) => {
    if (accounts.length === 0) {
      const data = { storeId, region, ...(testClock && { testClock }) };
      await tx.record({ kind: 'StoreCreated', data });
      await tx.record({ kind: 'AccountCreated', data: {} });
    }
    if (!isNewKey) return;
    const { accessKeyId, secretAccessKey } = rootKey;
    const principalArn = rootArn(accountId);
    const binding = accessKeyBinding(accessKeyId, principalArn);
    const sealedSecret = sealer.seal(secretAccessKey, binding);
    await tx.record({
      kind: 'AccessKeyCreated',
      data: { accessKeyId, principalArn, sealedSecret },
    });
  });
  return isNewKey && !config.rootKey ? rootKey : undefined;
}

/**
 * What a store is stands in the journal as well: nobody frees anything, or makes a test clock, by a
 * word in `store.json`.
 */
async function compareIdentity(identity: StoreIdentity, metadata: MetadataStore): Promise<void> {
  for await (const { entry } of metadata.entries(0)) {
    if (entry.kind !== 'StoreCreated') return; // the first start has not come so far
    const { storeId, region, testClock } = entry.data;
    const recorded = { storeId, region, accountId: entry.accountId, testClock: testClock ?? false };
    const found = { ...identity, testClock: identity.testClock ?? false };
    for (const [name, value] of Object.entries(recorded)) {
      const said = found[name as keyof typeof recorded];
      if (said === value) continue;
      throw new StoreDamagedError(
        `store.json says ${name} ${JSON.stringify(said)}, and the journal ${JSON.stringify(value)}: put back a good copy of store.json, it never changes`,
      );
    }
    return;
  }
}

/** Sets a test clock to where it was. */
async function restoreClock(
  testClock: TestClock | undefined,
  metadata: MetadataStore,
): Promise<void> {
  const row = await metadata.read((tx) => tx.first(findClock, {}));
  if (row) testClock?.restore({ offsetMs: row.offset_ms, frozenAt: row.frozen_at ?? undefined });
}
