/**
 * The server put together: configuration -> store -> workers -> listener; and taken down again. The
 * only file that knows everybody.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type AccessKey, makeAccessKey } from './accounts/access-key.ts';
import { AccessKeys } from './accounts/find-access-key.ts';
import { SecretSealer, sealingKeyBytes } from './accounts/sealed-secret.ts';
import { createAdmin } from './admin/app.ts';
import { type Config, ConfigError } from './config.ts';
import { Listener } from './http/listener.ts';
import { rootArn } from './lib/arn.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { createIds } from './lib/ids.ts';
import type { Log } from './lib/log.ts';
import { SigningKeys } from './sigv4/signing-keys.ts';
import { DiskBlobStore } from './storage/blobs/disk.ts';
import { durableWrite } from './storage/durable-file.ts';
import { JournaledStore, type OpenedStore } from './storage/metadata/journaled-store.ts';
import type { MetadataStore } from './storage/metadata/metadata-store.ts';
import { listAccessKeys } from './storage/metadata/queries/access-keys.ts';
import { listAccounts } from './storage/metadata/queries/accounts.ts';
import { StoreHealth } from './storage/store-health.ts';
import { openStoreRoot, type StoreIdentity } from './storage/store-root.ts';
import { JobRunner } from './workers/run-jobs.ts';
import { Sweep } from './workers/sweep.ts';
import { InventoryTaker } from './workers/take-inventories.ts';
import { type Worker, WorkerLoop, workerActor } from './workers/worker.ts';

const defaultRegion = 'us-east-1';
const defaultAccountId = '000000000000';

/** InitiateJob waits this long for a job that can be ready at once. */
const jobPatienceMs = 250;
/** On the way down, what is running gets this long. */
const drainMs = 30_000;

export interface RunningServer {
  /** `http://host:port` */
  readonly address: string;
  readonly dataDirectory: string;
  readonly identity: StoreIdentity;
  /** The key that was made at this start, to be shown once. */
  readonly firstKey: AccessKey | undefined;
  /** What had to be mended after a crash. */
  readonly recovery: Omit<OpenedStore, 'store'>;
  /** Accepts nothing new, finishes what is running, and closes the store. */
  stop(): Promise<void>;
}

/** @throws ConfigError, StoreDamagedError with a sentence for the operator */
export async function startServer(
  config: Config,
  { version, log }: { readonly version: string; readonly log: Log },
): Promise<RunningServer> {
  const clock: Clock = systemClock;
  const dataDirectory = resolve(config.dataDirectory);
  const health = new StoreHealth();
  const wanted = {
    region: config.region ?? defaultRegion,
    accountId: config.accountId ?? defaultAccountId,
  };
  const root = await openStoreRoot(dataDirectory, wanted, clock);
  const { identity } = root;
  checkIdentity(config, identity);
  const storeOptions = { directory: dataDirectory, clock, health };
  const blobs = await DiskBlobStore.open(storeOptions);
  const { store: metadata, ...recovery } = await JournaledStore.open({
    ...storeOptions,
    asideDirectory: root.asideDirectory,
  });
  const sealer = new SecretSealer(await readSealingKey(config, dataDirectory));
  const firstKey = await prepareAccount(config, identity, metadata, sealer);

  const { region, accountId } = identity;
  const { retrievalSeconds, jobOutputSeconds, inventorySeconds, uploadIdleSeconds } = config;
  const service = {
    metadata,
    blobs,
    clock,
    ids: createIds(config.profile === 'aws'),
    settings: { region, retrievalSeconds, jobOutputSeconds, inventorySeconds, uploadIdleSeconds },
  };
  const jobRunner = new JobRunner(service);
  const jobLoop = new WorkerLoop(jobRunner, clock, log);
  const jobAdded = async (jobId: string) => {
    jobLoop.wake();
    await jobRunner.waitFor(jobId, jobPatienceMs);
  };
  const graceSeconds = config.removalGraceSeconds;
  const others: Worker[] = [new Sweep({ service, accountId, graceSeconds })];
  if (inventorySeconds > 0) others.push(new InventoryTaker(service));
  const loops = [jobLoop, ...others.map((worker) => new WorkerLoop(worker, clock, log))];
  for (const loop of loops) loop.start();

  const accessKeys = new AccessKeys({ metadata, sealer, clock });
  const ownApi = createAdmin({
    service: { ...service, jobAdded },
    sealer,
    health,
    version,
    profile: config.profile,
    operatorAccountId: accountId,
  });
  const listener = new Listener({
    ...config.listen,
    log,
    clock: systemClock,
    ownApi,
    bodyIdleSeconds: config.bodyIdleSeconds,
    service: { ...service, jobAdded },
    authenticator: {
      region,
      clock: systemClock,
      skewSeconds: config.signatureSkewSeconds,
      signingKeys: new SigningKeys(),
      findKey: (accessKeyId, sessionToken) => accessKeys.find(accessKeyId, sessionToken),
    },
    unreadyReason: () => health.readOnlyReason && `read-only: ${health.readOnlyReason}`,
  });
  const stop = async () => {
    await listener.drain(drainMs);
    await Promise.all(loops.map((loop) => loop.stop()));
    await metadata.close();
    await blobs.close();
    root.release();
  };
  const address = await listener.listen().catch(async (error) => {
    await stop();
    throw error;
  });
  return { address, dataDirectory, identity, firstKey, recovery, stop };
}

/** A store's region and account stand in every ARN that was ever given out: they stay. */
function checkIdentity(config: Config, identity: StoreIdentity): void {
  if (config.region !== undefined && config.region !== identity.region) {
    throw new ConfigError(
      `region: the store was made for ${identity.region}, not ${config.region}; leave the setting out or name another data-dir`,
    );
  }
  if (config.accountId !== undefined && config.accountId !== identity.accountId) {
    throw new ConfigError(
      `account-id: the store was made for ${identity.accountId}, not ${config.accountId}; leave the setting out or name another data-dir`,
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
  const { accountId, storeId, region } = identity;
  const accounts = await metadata.read((tx) => tx.all(listAccounts, {}));
  const keys = await metadata.read((tx) => tx.all(listAccessKeys, { accountId }));
  const openKeys = keys.flatMap((row) => {
    const secretAccessKey = sealer.open(row.sealed_secret, row.access_key_id);
    return secretAccessKey === undefined
      ? []
      : [{ accessKeyId: row.access_key_id, secretAccessKey }];
  });
  if (!config.rootKey && keys.length > 0 && openKeys.length === 0) {
    throw new ConfigError(
      'The secrets in the store were sealed with another key: put back the file that was beside the store, or set FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY to give the root a new key',
    );
  }
  const rootKey = config.rootKey ?? (keys.length === 0 ? makeAccessKey() : undefined);
  const isNewKey =
    rootKey !== undefined &&
    !openKeys.some(
      (key) =>
        key.accessKeyId === rootKey.accessKeyId && key.secretAccessKey === rootKey.secretAccessKey,
    );
  await metadata.write(workerActor('setup', accountId), async (tx) => {
    if (accounts.length === 0) {
      await tx.record({ kind: 'StoreCreated', data: { storeId, region } });
      await tx.record({ kind: 'AccountCreated', data: {} });
    }
    if (!isNewKey) return;
    const { accessKeyId, secretAccessKey } = rootKey;
    const sealedSecret = sealer.seal(secretAccessKey, accessKeyId);
    const principalArn = rootArn(accountId);
    await tx.record({
      kind: 'AccessKeyCreated',
      data: { accessKeyId, principalArn, sealedSecret },
    });
  });
  return isNewKey && !config.rootKey ? rootKey : undefined;
}
