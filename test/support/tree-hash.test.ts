/** The tests' own tree hash and content against vectors made by others. */
import { describe, expect, it } from 'vitest';
import {
  content,
  contentChunks,
  contentVectors,
  EMPTY_HASH,
  partVectors,
  SEVEN_MIB_123,
} from './content.ts';
import { sha256 } from './sign.ts';
import { foldTreeHash, MIB, treeHash, treeHashOf } from './tree-hash.ts';

describe('the tree hash of the tests', () => {
  it.each(contentVectors)('of $sizeBytes bytes', (vector) => {
    const bytes = content(vector.sizeBytes);
    expect(treeHash(bytes)).toBe(vector.treeHash);
    expect(sha256(bytes)).toBe(vector.linearHash);
    expect(treeHashOf(contentChunks(vector.sizeBytes, 700_001))).toBe(vector.treeHash);
  });

  it('of nothing', () => {
    expect(treeHash(content(0))).toBe(EMPTY_HASH);
  });

  it.each([
    [MIB, '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58'],
    [3 * MIB, 'ca6cc129a4514ec765de86a4e7a49adf44842c9cac213c383ebe4071271bdf21'],
    [6.5 * MIB, '7fce0b2525bccf5bd8ed75ec7b7eb52de9b5c0aac4cf60f485aed45a934e9cf5'],
    [11 * MIB, '8cd1d234599d76cc43a356605394718366989ac1c7af684ccce8b615bda394b4'],
  ])('of %d zero bytes', (sizeBytes, expected) => {
    expect(treeHash(Buffer.alloc(sizeBytes))).toBe(expected);
  });

  it.each([...partVectors])('of parts of %d bytes', (_, parts) => {
    const bytes = content(SEVEN_MIB_123.sizeBytes);
    for (const { startByte, endByte, treeHash: expected } of parts) {
      expect(treeHash(bytes.subarray(startByte, endByte + 1))).toBe(expected);
    }
    const nodes = parts.map((part) => Buffer.from(part.treeHash, 'hex'));
    expect(foldTreeHash(nodes).toString('hex')).toBe(SEVEN_MIB_123.treeHash);
  });
});
