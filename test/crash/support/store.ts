/**
 * A server on a store of its own, and what can be done to that store from outside: looking for what a
 * crash has left, changing bytes, taking files away. Where things lie is the storage format's
 * business (docs/storage-format.md); nothing here comes from `src/`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { Client } from '../../support/client.ts';
import { type RunningServer, startServer } from '../../support/server.ts';

const program = fileURLToPath(new URL('../../../bin/firn', import.meta.url));

export interface OwnStore {
  readonly server: RunningServer;
  readonly client: Client;
  readonly directory: string;
  close(): Promise<void>;
}

/** Starts a server on a new store. Whoever starts it closes it. */
export async function openStore(flags: readonly string[] = []): Promise<OwnStore> {
  const folder = mkdtempSync(join(tmpdir(), 'firn-crash-'));
  const directory = join(folder, 'store');
  const server = await startServer({ arguments: flags, dataDirectory: directory });
  return {
    server,
    client: new Client(server),
    directory,
    close: async () => {
      await server.kill();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One store for all tests of a file or block. Between them it is running and whole. */
export function useStore(flags: readonly string[] = []): OwnStore {
  let store: OwnStore | undefined;
  beforeAll(async () => {
    store = await openStore(flags);
  });
  afterAll(() => store?.close());
  const opened = (): OwnStore => {
    if (store === undefined) throw new Error('the store is open only inside tests');
    return store;
  };
  return {
    get server() {
      return opened().server;
    },
    get client() {
      return opened().client;
    },
    get directory() {
      return opened().directory;
    },
    close: () => opened().close(),
  };
}

/** Starts the server on a store that nobody has open, and ends it hard a moment later. */
export async function startAndKill({ server, directory }: OwnStore, afterMs: number) {
  const { accessKeyId, secretAccessKey, accountId, region } = server;
  const child = spawn(
    process.execPath,
    [program, 'serve', '--data-dir', directory, '--listen', '127.0.0.1:0'],
    {
      env: {
        ...process.env,
        FIRN_REGION: region,
        FIRN_ACCOUNT_ID: accountId,
        FIRN_ACCESS_KEY_ID: accessKeyId,
        FIRN_SECRET_ACCESS_KEY: secretAccessKey,
      },
      stdio: 'ignore',
    },
  );
  const ended = once(child, 'exit');
  await Promise.race([delay(afterMs), ended]);
  child.kill('SIGKILL');
  await ended;
}

// -- the files of a store -------------------------------------------------------------------------

export function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Files that are on their way: none may be left once the server is ready. */
export function temporaryFiles({ directory }: OwnStore): string[] {
  return filesIn(dirname(directory)).filter((path) => basename(path).includes('.tmp-'));
}

export function journalFile({ directory }: OwnStore): string {
  const folder = join(directory, 'journal');
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return join(folder, names.sort().at(-1) ?? '');
}

export interface JournalEntry {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>> & {
    readonly blob?: { readonly blobId: string };
  };
}

export function journalEntries(store: OwnStore): JournalEntry[] {
  const lines = readFileSync(journalFile(store), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as JournalEntry);
}

/** Removes the view of the journal, or only some of its files. */
export function removeView({ directory }: OwnStore, endings = ['', '-wal', '-shm']): void {
  for (const ending of endings) rmSync(join(directory, `view.sqlite${ending}`), { force: true });
}

/** Where the bytes of a blob lie. */
interface Place {
  readonly path: string;
  readonly startByte: number;
}

function placeOf({ directory }: OwnStore, blobId: string): Place {
  const [segment, offset] = /^(\d{8})-(\d{10})$/.exec(blobId)?.slice(1) ?? [];
  if (segment !== undefined) {
    return { path: join(directory, 'segments', `${segment}.tar`), startByte: Number(offset) };
  }
  return { path: join(directory, 'blobs', blobId.slice(0, 2), blobId), startByte: 0 };
}

/** The places of an archive's bytes: one, or one for each part in the order of the parts. */
export function placesOf(store: OwnStore, archiveId: string): Place[] {
  const entries = journalEntries(store);
  const made = entries.find(({ data }) => data.archiveId === archiveId);
  if (made?.kind === 'ArchiveStored') return [placeOf(store, made.data.blob?.blobId ?? '')];
  const parts = new Map<number, string>();
  for (const { kind, data } of entries) {
    const isOurs = kind === 'PartStored' && data.uploadId === made?.data.uploadId;
    if (isOurs) parts.set(Number(data.startByte), data.blob?.blobId ?? '');
  }
  return [...parts].sort(([a], [b]) => a - b).map(([, blobId]) => placeOf(store, blobId));
}

/** Changes a file in place, whatever its mode. */
export function writeInto(path: string, startByte: number, bytes: Uint8Array): void {
  const { mode } = statSync(path);
  chmodSync(path, 0o600);
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, startByte);
  closeSync(file);
  chmodSync(path, mode);
}

/** Turns one bit of a file; turning it again undoes it. */
export function flipBit(path: string, atByte: number, bit = 0): void {
  const byte = Buffer.alloc(1);
  const file = openSync(path, 'r');
  readSync(file, byte, 0, 1, atByte);
  closeSync(file);
  writeInto(path, atByte, Buffer.of((byte[0] as number) ^ (1 << bit)));
}
