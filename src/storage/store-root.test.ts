import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { StoreDamagedError } from './store-errors.ts';
import { openStoreRoot, type StoreRoot } from './store-root.ts';

const wanted = { region: 'us-east-1', accountId: '123456789012' };

let parent: string;
let directory: string;
const held: StoreRoot[] = [];

async function openRoot(): Promise<StoreRoot> {
  const root = await openStoreRoot(directory, wanted, systemClock);
  held.push(root);
  return root;
}

/** Everything below the directory: names, and what files hold. */
async function snapshot(): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    found[path] = entry.isFile() ? await readFile(path, 'latin1') : 'a directory';
  }
  return found;
}

async function expectRefused(pattern: RegExp): Promise<void> {
  const error = await openRoot().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreDamagedError);
  expect((error as Error).message).toMatch(pattern);
}

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'firn-root-'));
  directory = join(parent, 'deep', 'store');
});

afterEach(async () => {
  for (const root of held.splice(0)) root.release();
  await rm(parent, { recursive: true, force: true });
});

describe('The root of a store', () => {
  it('is made where there is nothing, closed to other users', async () => {
    const root = await openRoot();
    expect(root.identity).toMatchObject({ ...wanted, formatVersion: 1 });
    expect(root.identity.storeId).toMatch(/^[0-9a-f-]{36}$/);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(root.asideDirectory)).isDirectory()).toBe(true);
    const written = JSON.parse(await readFile(join(directory, 'store.json'), 'utf8'));
    expect(written).toEqual(root.identity);
  });

  it('is the same when it is opened again, whatever is wanted then', async () => {
    const first = await openRoot();
    first.release();
    const other = { region: 'eu-west-1', accountId: '210987654321' };
    const second = await openStoreRoot(directory, other, systemClock);
    held.push(second);
    expect(second.identity).toEqual(first.identity);
  });

  it('refuses a second server and names the first', async () => {
    const root = await openRoot();
    await expectRefused(new RegExp(`in use.*process ${process.pid} on ${hostname()}`));
    root.release();
    const next = await openRoot();
    expect(next.identity).toEqual(root.identity);
  });

  it('is free when the process that has it is killed', async () => {
    (await openRoot()).release();
    const driver = createRequire(import.meta.url).resolve('better-sqlite3');
    const script = `
      const Database = require(${JSON.stringify(driver)});
      new Database(${JSON.stringify(join(directory, 'store.lock'))}).exec('begin exclusive');
      console.log('held');
      setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(holder.stdout, 'data');
      await expectRefused(/in use/);
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    await openRoot();
  });

  it('refuses a directory with something else in it, and leaves it as it is', async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'holiday.jpg'), 'a picture');
    const before = await snapshot();
    await expectRefused(/not empty/);
    expect(await snapshot()).toEqual(before);
  });

  it('refuses a store without its store.json, and leaves it as it is', async () => {
    (await openRoot()).release();
    await mkdir(join(directory, 'blobs'));
    await rm(join(directory, 'store.json'), { force: true });
    const before = await snapshot();
    await expectRefused(/no store\.json/);
    expect(await snapshot()).toEqual(before);
  });

  it('refuses a newer format, and leaves it as it is', async () => {
    await mkdir(join(directory, 'blobs'), { recursive: true });
    const identity = { storeId: 'x', formatVersion: 2, ...wanted, createdAt: '' };
    await writeFile(join(directory, 'store.json'), JSON.stringify(identity));
    await writeFile(join(directory, 'blobs', 'a.tmp-b'), 'half');
    const before = await snapshot();
    await expectRefused(/format 2/);
    expect(await snapshot()).toEqual(before);
  });

  it.each(['', '{', 'null', '[]', '"x"', '{}', '\0\0\0'])(
    'refuses a store.json that is %j with a sentence, and leaves it as it is',
    async (text) => {
      (await openRoot()).release();
      await rm(join(directory, 'store.json'), { force: true });
      await writeFile(join(directory, 'store.json'), text);
      const before = await snapshot();
      await expectRefused(new RegExp(directory));
      expect(await snapshot()).toEqual(before);
    },
  );

  it('is made where a first start was cut short', async () => {
    await mkdir(join(directory, 'lost+found'), { recursive: true });
    await writeFile(join(directory, 'store.lock'), '');
    await writeFile(join(directory, 'store.holder'), 'process 1 on elsewhere\n');
    expect((await openRoot()).identity).toMatchObject(wanted);
  });

  it('loses temporary files when it is opened, and nothing else', async () => {
    (await openRoot()).release();
    await mkdir(join(directory, 'blobs', 'ab'), { recursive: true });
    const kept = ['blobs/ab/abc', 'blobs/ab/abc.tree', 'journal.tmp', 'aside/journal-end.torn'];
    const temporary = ['blobs/ab/abd.tmp-123', 'blobs/ab/abd.tree.tmp-456', 'store.json.tmp-7'];
    for (const name of [...kept, ...temporary]) await writeFile(join(directory, name), 'bytes');
    await mkdir(join(directory, 'blobs', 'a.tmp-directory'));
    await openRoot();
    const names = Object.keys(await snapshot()).map((path) => path.slice(directory.length + 1));
    for (const name of [...kept, 'blobs/a.tmp-directory']) expect(names).toContain(name);
    for (const name of temporary) expect(names).not.toContain(name);
  });

  it('keeps its temporary files while another server has it', async () => {
    await openRoot();
    await writeFile(join(directory, 'upload.tmp-1'), 'on its way');
    await expectRefused(/in use/);
    expect(await readFile(join(directory, 'upload.tmp-1'), 'utf8')).toBe('on its way');
  });

  it('is made where only a temporary store.json was left', async () => {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'store.lock'), '');
    await writeFile(join(directory, 'store.json.tmp-0123'), '{"storeId"');
    expect((await openRoot()).identity).toMatchObject(wanted);
  });
});
