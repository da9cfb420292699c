/**
 * The journal's files against everything that can happen to them: a power cut in the middle of an
 * append, changed bytes, missing files, a disk that makes no new file. What was acknowledged is never
 * dropped without a word: either it is read, or the store does not open.
 */
import { existsSync } from 'node:fs';
import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StoreDamagedError, StoreUnavailableError } from '../store-errors.ts';
import { StoreHealth } from '../store-health.ts';
import type { RecordedEntry } from './entries.ts';
import { Journal } from './journal.ts';
import { type JournalPosition, journalStart } from './journal-files.ts';
import { writeLine } from './journal-line.ts';

const mebibyte = 1_048_576;
const lineEnd = 0x0a;
/** In memory where there is some: a thousand starts need no device. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

let directory: string;
let journalDirectory: string;
let asideDirectory: string;
let health: StoreHealth;
let journal: Journal;

async function begin(base: string): Promise<void> {
  directory = await mkdtemp(join(base, 'firn-journal-'));
  journalDirectory = join(directory, 'journal');
  asideDirectory = join(directory, 'aside');
  health = new StoreHealth();
  await mkdir(journalDirectory);
  await mkdir(asideDirectory);
  journal = new Journal(journalDirectory, health);
}

async function end(): Promise<void> {
  await journal.close();
  await rm(directory, { recursive: true });
}

function path(fileNumber: number): string {
  return join(journalDirectory, `0000000${fileNumber}.jsonl`);
}

/** Entry number `sequence`; all of them have the same length. */
function makeEntry(sequence: number, vaultName = 'examplevault'): RecordedEntry {
  return {
    sequence,
    time: Date.parse('2026-01-05T08:15:30.042Z'),
    lockTime: Date.parse('2026-01-05T08:15:30.042Z'),
    accountId: '111122223333',
    principalArn: 'firn:test',
    requestId: '',
    kind: 'VaultCreated',
    data: { vaultName },
  };
}

/** The chained lines of the entries 1 to `count`. */
function makeLines(count: number, vaultName?: string): Buffer[] {
  let previous = journalStart.hash;
  return Array.from({ length: count }, (_, index) => {
    const line = writeLine(makeEntry(index + 1, vaultName), previous);
    previous = line.hash;
    return Buffer.from(line.text);
  });
}

/** Reads the journal as a start does; returns the sequence numbers of what it held. */
async function replay(after: JournalPosition = journalStart): Promise<number[]> {
  await journal.close();
  journal = new Journal(journalDirectory, health);
  const sequences: number[] = [];
  for await (const line of journal.replay(after, asideDirectory)) {
    sequences.push(line.entry.sequence);
  }
  return sequences;
}

/** Appends the next `count` entries with one write. */
async function append(count: number, vaultName?: string): Promise<void> {
  let { sequence, hash } = journal.end;
  const lines = Array.from({ length: count }, () => {
    sequence += 1;
    const line = writeLine(makeEntry(sequence, vaultName), hash);
    hash = line.hash;
    return line;
  });
  const last = journal.place(
    lines.map((line) => ({ lengthBytes: Buffer.byteLength(line.text), hash: line.hash })),
  );
  await journal.append(Buffer.from(lines.map((line) => line.text).join('')), last);
}

function numbers(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

async function readAside(): Promise<Buffer> {
  const names = await readdir(asideDirectory);
  return Buffer.concat(
    await Promise.all(names.map((name) => readFile(join(asideDirectory, name)))),
  );
}

async function clearAside(): Promise<void> {
  for (const name of await readdir(asideDirectory)) await rm(join(asideDirectory, name));
}

/** The journal with these bytes does not open, and nothing is changed. */
async function expectRefused(damaged: Buffer, what: string): Promise<void> {
  await writeFile(path(1), damaged);
  await expect(replay(), what).rejects.toBeInstanceOf(StoreDamagedError);
  expect((await readFile(path(1))).equals(damaged), `${what}: the file was changed`).toBe(true);
  expect(await readdir(asideDirectory), what).toEqual([]);
}

describe('appending', () => {
  beforeEach(() => begin(tmpdir()));
  afterEach(end);

  test('a new journal has one file and no line', async () => {
    expect(await replay()).toEqual([]);
    expect(await readdir(journalDirectory)).toEqual(['00000001.jsonl']);
    expect(journal.end).toEqual(journalStart);
  });

  test('what was appended is read again', async () => {
    await replay();
    await append(1);
    await append(3);
    expect(journal.end.sequence).toBe(4);
    const { end: last } = journal;
    expect(await replay()).toEqual([1, 2, 3, 4]);
    expect(journal.end).toEqual(last);
    await append(2);
    expect(await replay()).toEqual(numbers(6));
  });

  test('reading goes on from any line', async () => {
    await replay();
    const ends: JournalPosition[] = [];
    for (let count = 0; count < 4; count++) {
      await append(1);
      ends.push(journal.end);
    }
    for (const from of ends) expect(await replay(from)).toEqual(numbers(4).slice(from.sequence));
  });

  test('the file can be read by nobody else', async () => {
    await replay();
    expect(((await stat(path(1))).mode & 0o777).toString(8)).toBe('600');
  });

  test('a store that is read-only takes nothing', async () => {
    await replay();
    await append(1);
    health.turnReadOnly('a flush has failed');
    await expect(append(1)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await replay()).toEqual([1]);
  });
});

describe('a torn end', () => {
  beforeEach(() => begin(memory));
  afterEach(end);

  /** Every place at which the last append can have ended; it was never acknowledged. */
  test.each([
    { appended: 1, everyBytes: 1 },
    { appended: 3, everyBytes: 17 },
  ])('an append of $appended lines, cut every $everyBytes bytes', async (given) => {
    const lines = makeLines(3 + given.appended);
    const whole = Buffer.concat(lines);
    const lineBytes = lines[0]?.length as number;
    for (let length = 3 * lineBytes; length < whole.length; length++) {
      const fromLine = length % lineBytes;
      const isNearEnd = fromLine < 2 || fromLine > lineBytes - 3;
      if (length % given.everyBytes !== 0 && !isNearEnd) continue;
      await clearAside();
      await writeFile(path(1), whole.subarray(0, length));
      const good = Math.floor(length / lineBytes);
      expect(await replay(), `cut at ${length}`).toEqual(numbers(good));
      const torn = whole.subarray(good * lineBytes, length);
      expect((await readAside()).equals(torn)).toBe(true);
      expect((await readFile(path(1))).equals(whole.subarray(0, good * lineBytes))).toBe(true);
    }
  });

  test('is gone on from', async () => {
    const lines = makeLines(4);
    await writeFile(path(1), Buffer.concat(lines).subarray(0, -100));
    expect(await replay()).toEqual(numbers(3));
    await append(2);
    expect(await replay()).toEqual(numbers(5));
  });

  test.each([
    ['zeros', Buffer.alloc(300)],
    ['zeros and a line end', Buffer.concat([Buffer.alloc(300), Buffer.of(lineEnd)])],
    ['line ends', Buffer.alloc(10, '\n')],
    ['lines that are none', Buffer.from('{"sequence":4,\nnonsense\n{"seq')],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80])],
    ['2 MiB of zeros', Buffer.alloc(2 * mebibyte)],
  ])('of %s', async (_, torn) => {
    const lines = Buffer.concat(makeLines(3));
    await writeFile(path(1), Buffer.concat([lines, torn]));
    expect(await replay()).toEqual([1, 2, 3]);
    expect((await readFile(path(1))).equals(lines)).toBe(true);
    expect((await readAside()).equals(torn)).toBe(true);
  });

  test('of a file that was just begun', async () => {
    await writeFile(path(1), makeLines(1)[0]?.subarray(0, 100) as Buffer);
    expect(await replay()).toEqual([]);
    expect(await readFile(path(1))).toHaveLength(0);
    expect(await readAside()).toHaveLength(100);
  });
});

describe('damage', () => {
  beforeEach(() => begin(memory));
  afterEach(end);

  /** The last line is left out: it cannot be told from a torn append. */
  test.each([
    { what: 'with a bit flipped', change: (byte: number) => byte ^ 0x01, everyBytes: 1 },
    { what: 'that is 0 now', change: () => 0, everyBytes: 11 },
    { what: 'that is a line end now', change: () => lineEnd, everyBytes: 11 },
  ])('a byte before the last line $what', async ({ change, everyBytes }) => {
    const lines = makeLines(3);
    const whole = Buffer.concat(lines);
    const earlier = Buffer.concat(lines.slice(0, 2)).length;
    for (let at = 0; at < earlier; at++) {
      const byte = whole[at] as number;
      const isLookedAt = at % everyBytes === 0 || byte === lineEnd;
      if (!isLookedAt || change(byte) === byte) continue;
      const damaged = Buffer.from(whole);
      damaged[at] = change(byte);
      await expectRefused(damaged, `byte ${at} of ${earlier}`);
    }
  });

  test('a line that is missing, twice there, or in another place', async () => {
    const [one, two, three, four] = makeLines(4) as [Buffer, Buffer, Buffer, Buffer];
    await expectRefused(Buffer.concat([two, three]), 'without the first');
    await expectRefused(Buffer.concat([one, three, four]), 'without the second');
    await expectRefused(Buffer.concat([one, one, two]), 'with one twice');
    await expectRefused(Buffer.concat([one, three, two, four]), 'with two exchanged');
  });

  test('a line with a right hash and a wrong number', async () => {
    const [one] = makeLines(1) as [Buffer];
    const { hash } = JSON.parse(one.toString());
    const skipped = writeLine(makeEntry(3), hash).text;
    await expectRefused(Buffer.concat([one, Buffer.from(skipped)]), 'with a number left out');
  });

  test('a line that was changed and given a right hash of its own', async () => {
    const [one, two, three] = makeLines(3) as [Buffer, Buffer, Buffer];
    const { previous } = JSON.parse(two.toString());
    const forged = Buffer.from(writeLine(makeEntry(2, 'EXAMPLEVAULT'), previous).text);
    expect(forged).toHaveLength(two.length);
    await expectRefused(Buffer.concat([one, forged, three]), 'forged');
  });

  test('the journal does not reach as far as the view', async () => {
    await replay();
    await append(3);
    const { end: last } = journal;
    const whole = await readFile(path(1));
    for (const length of [0, last.lineStartByte, whole.length - 1]) {
      await writeFile(path(1), whole.subarray(0, length));
      await expect(replay(last)).rejects.toBeInstanceOf(StoreDamagedError);
      expect((await readFile(path(1))).equals(whole.subarray(0, length))).toBe(true);
    }
    await rm(path(1));
    await expect(replay(last)).rejects.toBeInstanceOf(StoreDamagedError);
    expect(await readdir(journalDirectory)).toEqual([]);
  });

  test('the line that the view has applied last is another one now', async () => {
    await replay();
    await append(3);
    const { end: last } = journal;
    const whole = await readFile(path(1));
    for (let at = last.lineStartByte; at < whole.length - 1; at += 7) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 1;
      await writeFile(path(1), damaged);
      await expect(replay(last)).rejects.toBeInstanceOf(StoreDamagedError);
      expect((await readFile(path(1))).equals(damaged)).toBe(true);
    }
  });
});

describe('another journal', () => {
  beforeEach(() => begin(memory));
  afterEach(end);

  test('of lines that are good and as long is not the one that the view has applied', async () => {
    await replay();
    await append(3);
    const { end: last } = journal;
    const other = Buffer.concat(makeLines(3, 'EXAMPLEVAULT'));
    await writeFile(path(1), other);
    await expect(replay(last)).rejects.toBeInstanceOf(StoreDamagedError);
    expect((await readFile(path(1))).equals(other)).toBe(true);
    expect(await replay()).toEqual(numbers(3));
  });
});

describe('large damage', () => {
  beforeEach(() => begin(tmpdir()));
  afterEach(end);

  /** However much of the file is damaged: behind it stand lines that were acknowledged. */
  test.each([1, 17])('%d MiB of zeros before lines that are good', async (mebibytes) => {
    const [one, two, three] = makeLines(3) as [Buffer, Buffer, Buffer];
    const zeros = Buffer.alloc(mebibytes * mebibyte);
    await expectRefused(Buffer.concat([one, zeros, two, three]), 'zeros without a line end');
    const ended = Buffer.concat([one, zeros, Buffer.of(lineEnd), two, three]);
    await expectRefused(ended, 'zeros with a line end');
  });

  /** A line that is longer than what is read at once could be written, but not be found again. */
  test('a line too long to be read is not acknowledged', async () => {
    await replay();
    await append(1);
    let isAcknowledged = true;
    try {
      await append(1, 'v'.repeat(17 * mebibyte));
    } catch {
      isAcknowledged = false;
    }
    if (isAcknowledged) await append(1);
    expect(await replay()).toEqual(isAcknowledged ? [1, 2, 3] : [1]);
  });
});

describe('several files', () => {
  /** A first file that is full, and where its last line stands. */
  let full: string;
  let fullEnd: JournalPosition;

  beforeAll(async () => {
    await begin(tmpdir());
    await replay();
    for (let line = 0; line < 4; line++) await append(1, 'v'.repeat(15.9 * mebibyte));
    await append(1, 'v'.repeat(mebibyte));
    fullEnd = journal.end;
    full = `${directory}.full`;
    await rename(path(1), full);
    await end();
  });

  afterAll(() => rm(full));

  beforeEach(async () => {
    await begin(tmpdir());
    await link(full, path(1)); // no test writes to it
  });

  afterEach(end);

  test('a new one is begun when the current one is full, and reading goes through all', async () => {
    expect(fullEnd).toMatchObject({ sequence: 5, fileNumber: 1 });
    expect(await replay()).toEqual(numbers(5));
    expect(journal.end).toEqual(fullEnd);
    await append(1);
    await append(2);
    expect(journal.end).toMatchObject({ sequence: 8, fileNumber: 2 });
    const { end: last } = journal;
    expect((await readdir(journalDirectory)).sort()).toEqual(['00000001.jsonl', '00000002.jsonl']);
    expect(await replay()).toEqual(numbers(8));
    expect(journal.end).toEqual(last);
    expect(await replay(fullEnd)).toEqual([6, 7, 8]);
    expect(await replay(last)).toEqual([]);
  });

  test('an end can be torn only in the last of them', async () => {
    await replay(fullEnd);
    await append(2);
    const second = await readFile(path(2));
    await writeFile(path(2), second.subarray(0, -10));
    await writeFile(path(3), '');
    await expect(replay(fullEnd)).rejects.toBeInstanceOf(StoreDamagedError);
    expect(await readFile(path(2))).toHaveLength(second.length - 10);
    await rm(path(3));
    expect(await replay(fullEnd)).toEqual([6]);
  });

  test('none may be missing', async () => {
    await replay(fullEnd);
    await append(2);
    const { end: last } = journal;
    await rename(path(2), path(3));
    await expect(replay(fullEnd)).rejects.toThrow(`${path(2)} is missing`);
    await expect(replay(last)).rejects.toBeInstanceOf(StoreDamagedError);
    await rename(path(3), path(2));
    await rm(path(1));
    await expect(replay()).rejects.toBeInstanceOf(StoreDamagedError);
    await expect(replay(fullEnd)).rejects.toBeInstanceOf(StoreDamagedError);
  });

  test('a stop right after a new one was made', async () => {
    await writeFile(path(2), '');
    expect(await replay(fullEnd)).toEqual([]);
    await append(1);
    expect(journal.end).toMatchObject({ sequence: 6, fileNumber: 2 });
    expect(await replay(fullEnd)).toEqual([6]);
  });

  /** A directory in its place stands for a disk that cannot make the file. */
  test('when a new one cannot be made nothing is acknowledged, and later all is well', async () => {
    await replay(fullEnd);
    await mkdir(path(2));
    await expect(append(1)).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(append(1)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(journal.end).toEqual(fullEnd);
    await rm(path(2), { recursive: true });
    await append(1);
    expect(await replay(fullEnd)).toEqual([6]);
  });
});
