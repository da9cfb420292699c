/**
 * The root of a store: whose it is, in which format, and that nobody else has it open.
 *
 * `store.json` says what a store is; it is written once, when the store is made. `store.lock` is held
 * by a file lock that dies with its process; `store.holder` tells a second server who has it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Clock, toIsoDate } from '../lib/clock.ts';
import { durableWrite, ensureDirectories, temporaryMark } from './durable-file.ts';
import { StoreDamagedError } from './store-errors.ts';

/** Of everything below the root. A newer one is not touched. */
const formatVersion = 1;

const lockName = 'store.lock';
const holderName = 'store.holder';

/** What a store is. Never changes. */
export interface StoreIdentity {
  readonly storeId: string;
  readonly formatVersion: number;
  readonly region: string;
  /** The first account. */
  readonly accountId: string;
  readonly createdAt: string;
  /** Its clock may be moved. Absent in stores that are in earnest. */
  readonly testClock?: true;
}

/** What a new store is to be. */
export type WantedStore = Pick<StoreIdentity, 'region' | 'accountId' | 'testClock'>;

export interface StoreRoot {
  readonly directory: string;
  /** Where what cannot be used, but must not be lost, is put. */
  readonly asideDirectory: string;
  readonly identity: StoreIdentity;
  /** Lets go of the lock. */
  release(): void;
}

/**
 * Opens the root of a store; makes it when the directory is empty or missing.
 *
 * @param wanted what a new store is to be
 * @throws StoreDamagedError when the directory holds something else, or another process has it
 */
export async function openStoreRoot(
  directory: string,
  wanted: WantedStore,
  clock: Clock,
): Promise<StoreRoot> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (!(await readIdentity(directory))) await assertEmpty(directory);
  const release = await lock(directory);
  try {
    await removeTemporaryFiles(directory);
    // Read again: another process may have made the store before this one had the lock.
    const found = await readIdentity(directory);
    const identity = found ?? (await makeIdentity(directory, wanted, clock));
    await ensureDirectories(directory, ['aside']);
    return { directory, asideDirectory: join(directory, 'aside'), identity, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function readIdentity(directory: string): Promise<StoreIdentity | undefined> {
  const path = join(directory, 'store.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const identity = parseIdentity(path, text);
  if (identity.formatVersion === formatVersion) return identity;
  throw new StoreDamagedError(
    `The store in ${directory} has format ${identity.formatVersion}, this program knows ${formatVersion}: use the release that made it, or a newer one`,
  );
}

function parseIdentity(path: string, text: string): StoreIdentity {
  const damaged = `${path} is damaged: put back a good copy, it never changes`;
  let identity: Partial<StoreIdentity> | null;
  try {
    identity = JSON.parse(text);
  } catch {
    throw new StoreDamagedError(damaged);
  }
  if (typeof identity?.formatVersion === 'number') return identity as StoreIdentity;
  throw new StoreDamagedError(damaged);
}

/** A lock without an identity is a store whose first start was cut short: it holds nothing yet. */
const emptyStoreNames = new Set(['lost+found', lockName, holderName]);

async function assertEmpty(directory: string): Promise<void> {
  const names = await readdir(directory);
  const isOurs = (name: string) => emptyStoreNames.has(name) || name.includes(temporaryMark);
  if (names.every(isOurs)) return;
  throw new StoreDamagedError(
    `${directory} is not empty and has no store.json: it is not a store, or its disk is not mounted. Name an empty directory for a new store`,
  );
}

async function makeIdentity(
  directory: string,
  wanted: WantedStore,
  clock: Clock,
): Promise<StoreIdentity> {
  const createdAt = toIsoDate(clock.now());
  const identity = { storeId: randomUUID(), formatVersion, createdAt, ...wanted };
  await durableWrite(join(directory, 'store.json'), Buffer.from(`${JSON.stringify(identity)}\n`));
  return identity;
}

/** SQLite's lock on a file of its own is one that the system takes back when the process ends. */
async function lock(directory: string): Promise<() => void> {
  const holderPath = join(directory, holderName);
  const database = new Database(join(directory, lockName), { timeout: 0 });
  try {
    database.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    const holder = await readFile(holderPath, 'utf8').catch(() => 'unknown');
    throw new StoreDamagedError(
      `The store in ${directory} is in use by another process (${holder.trim()})`,
    );
  }
  await writeFile(holderPath, `process ${process.pid} on ${hostname()}\n`, { mode: 0o600 });
  return () => database.close();
}

/** What a crash has left half written. Nobody else has the store, so nobody is writing them. */
async function removeTemporaryFiles(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const isTemporary = entry.isFile() && entry.name.includes(temporaryMark);
    if (isTemporary) await rm(join(entry.parentPath, entry.name), { force: true });
  }
}
