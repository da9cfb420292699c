import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slicePieces, untilAborted } from './pieces.ts';

async function* piecesOf(texts: readonly string[], taken: string[] = []) {
  for (const text of texts) {
    taken.push(text);
    yield Buffer.from(text, 'latin1');
  }
}

async function join(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString('latin1');
}

test.each<[pieces: string[], startByte: number, endByte: number, slice: string]>([
  [['abcdef'], 0, 5, 'abcdef'],
  [['abcdef'], 2, 3, 'cd'],
  [['abcdef'], 5, 5, 'f'],
  [['abc', 'def'], 0, 2, 'abc'],
  [['abc', 'def'], 3, 5, 'def'],
  [['abc', 'def'], 2, 3, 'cd'],
  [['abc', '', 'def'], 2, 3, 'cd'],
  [['a', 'b', 'c', 'd'], 1, 2, 'bc'],
  [['abc', 'def'], 4, 99, 'ef'],
  [['abc', 'def'], 6, 9, ''],
  [[], 0, 0, ''],
])('%j from byte %i to %i: %j', async (pieces, startByte, endByte, slice) => {
  expect(await join(slicePieces(piecesOf(pieces), { startByte, endByte }))).toBe(slice);
});

test('a slice is the slice of the whole, however it is cut, and no piece of it is empty', async () => {
  const pieces = fc.array(fc.string({ maxLength: 9 }), { maxLength: 9 });
  const input = fc.tuple(pieces, fc.nat(60), fc.nat(60));
  await fc.assert(
    fc.asyncProperty(input, async ([texts, startByte, length]) => {
      const endByte = startByte + length;
      const slices: Uint8Array[] = [];
      for await (const slice of slicePieces(piecesOf(texts), { startByte, endByte })) {
        expect(slice.length).toBeGreaterThan(0);
        slices.push(slice);
      }
      const whole = Buffer.from(texts.join(''), 'latin1');
      expect(Buffer.concat(slices)).toEqual(whole.subarray(startByte, endByte + 1));
    }),
  );
});

test('nothing is read behind the end of the range', async () => {
  const taken: string[] = [];
  const slices = slicePieces(piecesOf(['abc', 'def', 'ghi'], taken), { startByte: 1, endByte: 5 });
  expect(await join(slices)).toBe('bcdef');
  expect(taken).toEqual(['abc', 'def']);
});

test('pieces pass unchanged while nothing is aborted', async () => {
  const { signal } = new AbortController();
  expect(await join(untilAborted(piecesOf(['abc', '', 'def']), signal))).toBe('abcdef');
});

test('an aborted signal throws its reason before the next piece', async () => {
  const reason = new Error('Enough');
  const abort = new AbortController();
  const pieces = untilAborted(piecesOf(['abc', 'def']), abort.signal);
  const first = await pieces.next();
  expect(first.done).toBe(false);
  abort.abort(reason);
  await expect(pieces.next()).rejects.toBe(reason);
  await expect(pieces.next()).resolves.toEqual({ done: true, value: undefined });
});

test('an abortion closes what the pieces come from', async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield Buffer.from('abc');
      yield Buffer.from('def');
    } finally {
      isClosed = true;
    }
  }
  await expect(join(untilAborted(source(), AbortSignal.abort()))).rejects.toThrow('aborted');
  expect(isClosed).toBe(true);
});

test('an abortion behind the last piece changes nothing', async () => {
  const abort = new AbortController();
  async function* source() {
    yield Buffer.from('abc');
    abort.abort();
  }
  expect(await join(untilAborted(source(), abort.signal))).toBe('abc');
});
