import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  durableWrite,
  ensureDirectories,
  FlushError,
  flush,
  flushDirectory,
  readAt,
  TemporaryFile,
  temporaryMark,
  writeAt,
} from './durable-file.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'firn-durable-'));
  path = join(directory, 'NAME');
});

afterEach(() => rm(directory, { recursive: true }));

async function modeOf(of: string): Promise<string> {
  return ((await stat(of)).mode & 0o7777).toString(8);
}

describe('a temporary file', () => {
  test('has another name until it is committed, and then nobody may write to it', async () => {
    const temporary = await TemporaryFile.create(path);
    await writeAt(temporary.file, Buffer.from('hello'), 0);
    const [name = ''] = await readdir(directory);
    expect(name).toMatch(new RegExp(`^NAME${temporaryMark}[0-9a-f]{40}$`));
    expect(await modeOf(join(directory, name))).toBe('600');
    await temporary.commit();
    expect(await readdir(directory)).toEqual(['NAME']);
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect(await modeOf(path)).toBe('440');
  });

  test('that is discarded was never there', async () => {
    const temporary = await TemporaryFile.create(path);
    await writeAt(temporary.file, Buffer.from('hello'), 0);
    await temporary.discard();
    await temporary.discard();
    expect(await readdir(directory)).toEqual([]);
  });

  test('that cannot be flushed gets no name', async () => {
    const temporary = await TemporaryFile.create(path);
    await temporary.file.close();
    await expect(flush(temporary.file, path)).rejects.toBeInstanceOf(FlushError);
    await expect(flush(temporary.file, path)).rejects.toThrow(`Flushing ${path} failed: `);
    await expect(temporary.commit()).rejects.toThrow();
    expect(await readdir(directory)).not.toContain('NAME');
    await temporary.discard();
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('a small file', () => {
  test('is written whole', async () => {
    await durableWrite(path, Buffer.from('hello'));
    expect(await readdir(directory)).toEqual(['NAME']);
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect(await modeOf(path)).toBe('440');
  });

  test('may be for the owner alone', async () => {
    await durableWrite(path, Buffer.from('a key'), 0o400);
    expect(await modeOf(path)).toBe('400');
  });

  test('that cannot get its name leaves nothing', async () => {
    await mkdir(path);
    await writeFile(join(path, 'occupied'), '');
    await expect(durableWrite(path, Buffer.from('hello'))).rejects.toThrow();
    expect(await readdir(directory)).toEqual(['NAME']);
  });
});

describe('directories', () => {
  test('are made for us alone; one that is there is left as it is', async () => {
    await mkdir(join(directory, 'b'), { mode: 0o750 });
    await writeFile(join(directory, 'b', 'x'), '');
    await ensureDirectories(directory, ['a', 'b', 'c']);
    await ensureDirectories(directory, ['a', 'b', 'c']);
    expect((await readdir(directory)).sort()).toEqual(['a', 'b', 'c']);
    expect(await modeOf(join(directory, 'a'))).toBe('700');
    expect(await modeOf(join(directory, 'b'))).toBe('750');
    expect(await readdir(join(directory, 'b'))).toEqual(['x']);
  });

  test('are not made below one that is missing', async () => {
    await expect(ensureDirectories(path, ['a'])).rejects.toThrow('ENOENT');
  });

  test('that are missing cannot be flushed', async () => {
    await flushDirectory(directory);
    await expect(flushDirectory(path)).rejects.toThrow('ENOENT');
  });
});

test('bytes are written and read where they belong, up to the end of the file', async () => {
  const file = await open(path, 'wx+');
  try {
    const bytes = Buffer.from('0123456789');
    await writeAt(file, bytes, 3);
    await writeAt(file, Buffer.alloc(0), 100);
    expect((await readFile(path)).equals(Buffer.concat([Buffer.alloc(3), bytes]))).toBe(true);
    const target = Buffer.alloc(6, '.');
    expect(await readAt(file, target, 5)).toBe(6);
    expect(target.toString()).toBe('234567');
    expect(await readAt(file, target.fill('.'), 10)).toBe(3);
    expect(target.toString()).toBe('789...');
    expect(await readAt(file, target.fill('.'), 13)).toBe(0);
    expect(await readAt(file, Buffer.alloc(0), 0)).toBe(0);
  } finally {
    await file.close();
  }
});
