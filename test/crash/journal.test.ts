/**
 * The journal is the truth and the view is only a view: what a crash or a hand does to either of
 * them, and what the server makes of it at its next start (design page, section 2).
 */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../support/server.ts';
import { complete, describeSample, makeSample, problemsOf, type Sample } from './support/sample.ts';
import {
  journalEntries,
  journalFile,
  type OwnStore,
  removeView,
  temporaryFiles,
  useStore,
  writeInto,
} from './support/store.ts';

function asideFiles({ directory }: OwnStore): string[] {
  return readdirSync(join(directory, 'aside')).sort();
}

const started = 'it started';

/** How the next start fails: what it says to the operator. */
async function refusalToStart({ server }: OwnStore): Promise<string> {
  try {
    await server.restart();
  } catch (error) {
    return (error as Error).message;
  }
  return started;
}

function lastLineOf(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** The text with one character changed: the first of the last place where `mark` stands. */
function changedAt(text: string, mark: string): string {
  const at = text.lastIndexOf(mark);
  if (at < 0) throw new Error(`the journal does not hold ${mark}`);
  return `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
}

/** A store with a sample in it, for a block of tests. */
function useSample(): { readonly store: OwnStore; readonly sample: Sample } {
  const store = useStore();
  let sample: Sample | undefined;
  beforeAll(async () => {
    sample = await makeSample(store.client);
  });
  return {
    store,
    get sample() {
      if (sample === undefined) throw new Error('the sample is there only inside tests');
      return sample;
    },
  };
}

/** One more archive in the sample, and the server is ended hard right after its answer. */
async function addAndKill(store: OwnStore, sample: Sample, description: string): Promise<Sample> {
  const bytes = Buffer.from(`bytes of ${description}`);
  const added = await store.client.uploadArchive(sample.vault, bytes, { description });
  await store.server.kill();
  return { ...sample, archives: new Map([...sample.archives, [added, bytes]]) };
}

describe('a torn end of the journal', () => {
  const own = useSample();
  let sample: Sample;
  beforeAll(() => {
    sample = own.sample;
  });
  const ends: [string, (lastLine: string) => Buffer][] = [
    ['a line without its end', (line) => Buffer.from(line.slice(0, -1))],
    ['zeros', () => Buffer.alloc(5_000)],
    ['half a line and zeros', (line) => Buffer.from(`${line.slice(0, 50)}${'\0'.repeat(500)}`)],
    ['one byte', () => Buffer.from('{')],
  ];
  it.each(ends)('is set aside: %s', async (name, makeEnd) => {
    const { store } = own;
    const { client, server } = store;
    const before = await describeSample(client, sample);
    await server.kill();
    const good = readFileSync(journalFile(store));
    const end = makeEnd(lastLineOf(good.toString()));
    const asideBefore = asideFiles(store);
    appendFileSync(journalFile(store), end);
    await server.restart();
    expect(await describeSample(client, sample)).toEqual(before);
    const aside = asideFiles(store).filter((file) => !asideBefore.includes(file));
    expect(aside).toHaveLength(1);
    expect(readFileSync(join(store.directory, 'aside', aside[0] ?? '')).equals(end)).toBe(true);
    const journal = readFileSync(journalFile(store));
    expect(journal.subarray(0, good.length).equals(good)).toBe(true);
    expect(journal.at(-1)).toBe('\n'.charCodeAt(0));
    expect(() => journalEntries(store)).not.toThrow();
    sample = await addAndKill(store, sample, `added after ${name}`);
    await server.restart();
    expect(await problemsOf(client, sample)).toEqual([]);
    expect(temporaryFiles(store)).toEqual([]);
  });
});

describe('a journal that was changed', () => {
  const own = useSample();
  let sample: Sample;
  beforeAll(() => {
    sample = own.sample;
  });

  /** Ends the server hard after one more archive, changes the journal, and tries to start. */
  async function tryWith(change: (journal: string) => string, hasView = true): Promise<void> {
    const { store } = own;
    sample = await addAndKill(store, sample, 'the last one');
    if (!hasView) removeView(store);
    const path = journalFile(store);
    const good = readFileSync(path, 'utf8');
    const changed = change(good);
    expect(changed).not.toBe(good);
    writeFileSync(path, changed);
    const refusal = await refusalToStart(store);
    const kept = readFileSync(path, 'utf8');
    await store.server.kill();
    writeFileSync(path, good);
    if (refusal === started) removeView(store);
    await store.server.restart();
    expect(refusal).toContain(path);
    expect(kept === changed, 'a refusal changes nothing').toBe(true);
    expect(await problemsOf(store.client, sample)).toEqual([]);
  }

  const lastLine = (text: string) => changedAt(text, 'the last one');
  const middleLine = (text: string) => changedAt(text, 'sample 2');
  const withoutLastLine = (text: string) => text.slice(0, -lastLineOf(text).length - 1);
  const withoutMiddleLine = (text: string) => {
    const lines = text.split('\n');
    return lines.filter((line) => !line.includes('sample 2')).join('\n');
  };

  it('stops the start: the last line', () => tryWith(lastLine));
  it('stops the start: the last line, without a view', () => tryWith(lastLine, false));
  it('stops the start: the last line is gone', () => tryWith(withoutLastLine));
  it('stops the start: a line in the middle, without a view', () => tryWith(middleLine, false));
  it('stops the start: a line is gone, without a view', () => tryWith(withoutMiddleLine, false));
});

describe('the view of the journal', () => {
  const own = useSample();
  const losses: ['stop' | 'kill', string, string[]][] = [
    ['stop', 'when it is lost whole', ['', '-wal', '-shm']],
    ['kill', 'when it is lost whole', ['', '-wal', '-shm']],
    ['kill', 'when what was written last is lost', ['-wal', '-shm']],
    ['kill', 'when only what was written last is left', ['']],
  ];
  it.each(losses)('is built again after a %s, %s', async (ending, _, endings) => {
    const { store, sample } = own;
    const { client, server } = store;
    const before = await describeSample(client, sample);
    await server[ending]();
    removeView(store, endings);
    await server.restart();
    expect(await describeSample(client, sample)).toEqual(before);
    expect(await problemsOf(client, sample)).toEqual([]);
    const again = await complete(client, sample.vault, sample.completed.uploadId);
    expect(again.header('x-amz-archive-id')).toBe(sample.completed.archiveId);
    const deleted = await client.deleteArchive(sample.vault, sample.deletedId);
    expect(deleted.status).toBe(204);
  });

  it('is built again, or named, when it is no database any more', async () => {
    const { store, sample } = own;
    const { client, server, directory } = store;
    await server.stop();
    const path = join(directory, 'view.sqlite');
    writeInto(path, 0, Buffer.from('this is no database any more'));
    const refusal = await refusalToStart(store);
    if (refusal !== started) {
      removeView(store);
      await server.restart();
      expect(refusal).toContain(path);
    }
    expect(await problemsOf(client, sample)).toEqual([]);
  });
});

describe('a second server on the same store', () => {
  const own = useSample();

  it('does not start, and says who has it', async () => {
    const { store, sample } = own;
    const { client, server, directory } = store;
    const second = startServer({ dataDirectory: directory });
    const refusal = await second.then(
      () => started,
      (error: Error) => error.message,
    );
    expect(refusal).toContain(directory);
    expect(refusal).toContain(String(server.pid));
    expect(refusal).toContain(hostname());
    expect(await problemsOf(client, sample)).toEqual([]);
    await server.kill();
    await server.restart();
    expect(await problemsOf(client, sample)).toEqual([]);
  });
});
