/**
 * Which sets of parts are a whole archive, against a model that marks every quarter of a MiB that is
 * covered. The store is a real one, since the rule is judged inside its transaction.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { foldTreeHash } from '../../test/support/tree-hash.ts';
import { systemClock } from '../lib/clock.ts';
import { createIds, randomName } from '../lib/ids.ts';
import type { VaultCall } from '../operation.ts';
import { JournaledStore } from '../storage/metadata/journaled-store.ts';
import { findArchive } from '../storage/metadata/queries/archives.ts';
import { findVault } from '../storage/metadata/queries/vaults.ts';
import { RowSeal } from '../storage/metadata/row-seal.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';
import { StoreHealth } from '../storage/store-health.ts';
import { completeMultipartUpload } from './complete-multipart-upload.ts';

const quarter = 262_144;
const quartersPerPart = 4;
const ids = createIds(false);
const actor = { accountId: '111122223333', principalArn: 'arn:test', requestId: 'r' };

let directory: string;
let metadata: JournaledStore;
let call: VaultCall;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'firn-complete-'));
  ({ store: metadata } = await JournaledStore.open({
    directory,
    asideDirectory: directory,
    clock: systemClock,
    health: new StoreHealth(),
    seal: new RowSeal(Buffer.alloc(32)),
  }));
  const vaultName = 'examplevault';
  const vault = await metadata.write(actor, async (tx) => {
    await tx.record({ kind: 'VaultCreated', data: { vaultName } });
    return (await tx.first(findVault, { accountId: actor.accountId, vaultName })) as VaultRow;
  });
  const settings = { region: 'us-west-2', uploadIdleSeconds: 60 };
  call = { ...actor, vault, metadata, settings, clock: systemClock, ids } as unknown as VaultCall;
});

afterAll(async () => {
  await metadata.close();
  await rm(directory, { recursive: true });
});

interface Part {
  /** Which part of the upload it is, from 0. */
  readonly index: number;
  readonly quarters: number;
  readonly treeHash: Buffer;
}

/** An upload in progress with these parts. */
async function uploadWith(parts: readonly Part[]): Promise<string> {
  const uploadId = ids.next('upload');
  const vaultName = call.vault.vault_name;
  const partSizeBytes = quartersPerPart * quarter;
  await metadata.write(actor, async (tx) => {
    const data = { vaultName, uploadId, description: '', partSizeBytes };
    await tx.record({ kind: 'UploadInitiated', data });
    for (const { index, quarters, treeHash } of parts) {
      const hash = treeHash.toString('hex');
      const sizeBytes = quarters * quarter;
      const blob = { blobId: randomName(), sizeBytes, treeHash: hash, linearHash: hash };
      const startByte = index * partSizeBytes;
      await tx.record({ kind: 'PartStored', data: { uploadId, startByte, blob } });
    }
  });
  return uploadId;
}

/** The first gap before the last byte, or undefined when there is none. */
function firstGap(parts: readonly Part[]): { startByte: number; endByte: number } | undefined {
  const isCovered: boolean[] = [];
  for (const { index, quarters } of parts) {
    for (let at = 0; at < quarters; at++) isCovered[index * quartersPerPart + at] = true;
  }
  const first = Array.from(isCovered).findIndex((covered) => !covered);
  if (first < 0) return undefined;
  const end = isCovered.indexOf(true, first);
  return { startByte: first * quarter, endByte: end * quarter - 1 };
}

/** Most are there and full, so that whole archives come up as often as others. */
const anyParts: fc.Arbitrary<Part[]> = fc
  .array(
    fc.record({
      isThere: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
      quarters: fc.oneof({ weight: 6, arbitrary: fc.constant(4) }, fc.constantFrom(1, 2, 3)),
      treeHash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) =>
    parts.flatMap(({ isThere, ...part }, index) => (isThere ? [{ index, ...part }] : [])),
  )
  .chain((parts) => fc.shuffledSubarray(parts, { minLength: parts.length }))
  .filter((parts) => parts.length > 0);

test('parts are an archive if and only if they cover it without a gap', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(anyParts, async (parts) => {
      const uploadId = await uploadWith(parts);
      const sorted = parts.toSorted((a, b) => a.index - b.index);
      const archiveSize = parts.reduce((sum, part) => sum + part.quarters * quarter, 0);
      const treeHash = foldTreeHash(sorted.map((part) => part.treeHash)).toString('hex');
      const completing = completeMultipartUpload({ uploadId, archiveSize, treeHash }, call);
      const gap = firstGap(parts);
      if (gap) {
        const message = `Missing content range: bytes ${gap.startByte}-${gap.endByte}`;
        await expect(completing).rejects.toMatchObject({ status: 400, message });
        return;
      }
      accepted += 1;
      const answer = await completing;
      expect(answer.treeHash).toBe(treeHash);
      const archiveId = answer.archiveId as string;
      const archive = await metadata.read((tx) => tx.first(findArchive, { archiveId }));
      expect(archive).toMatchObject({ size_bytes: archiveSize, description: '' });
      expect(archive?.tree_hash.toString('hex')).toBe(treeHash);
    }),
    { numRuns: 150 },
  );
  expect(accepted).toBeGreaterThan(20);
});

test('without any part everything is missing', async () => {
  const uploadId = await uploadWith([]);
  const treeHash = '0'.repeat(64);
  for (const [archiveSize, range] of [
    [7_340_155, '0-7340154'],
    [1, '0-0'],
    [0, '0-0'],
  ] as const) {
    await expect(
      completeMultipartUpload({ uploadId, archiveSize, treeHash }, call),
    ).rejects.toMatchObject({ status: 400, message: `Missing content range: bytes ${range}` });
  }
});

test('a part that was sent again is replaced, also by a shorter one', async () => {
  const first: Part = { index: 0, quarters: 4, treeHash: randomBytes(32) };
  const last: Part = { index: 1, quarters: 4, treeHash: randomBytes(32) };
  const shorter: Part = { index: 0, quarters: 3, treeHash: randomBytes(32) };
  const uploadId = await uploadWith([first, last, shorter]);
  const treeHash = foldTreeHash([first.treeHash, last.treeHash]).toString('hex');
  await expect(
    completeMultipartUpload({ uploadId, archiveSize: 8 * quarter, treeHash }, call),
  ).rejects.toMatchObject({ message: 'Missing content range: bytes 786432-1048575' });
});

test('the size is judged before the hash, and a refusal changes nothing', async () => {
  const part: Part = { index: 0, quarters: 2, treeHash: randomBytes(32) };
  const uploadId = await uploadWith([part]);
  const archiveSize = 2 * quarter;
  const treeHash = part.treeHash.toString('hex');
  const wrongHash = '0'.repeat(64);
  const complete = (input: { archiveSize: number; treeHash: string }) =>
    completeMultipartUpload({ uploadId, ...input }, call);
  await expect(complete({ archiveSize: 1, treeHash: wrongHash })).rejects.toMatchObject({
    message: 'Invalid x-amz-archive-size: 1',
  });
  await expect(complete({ archiveSize, treeHash: wrongHash })).rejects.toMatchObject({
    message: `Invalid x-amz-sha256-tree-hash: ${wrongHash}`,
  });
  const { archiveId } = await complete({ archiveSize, treeHash });
  expect(await complete({ archiveSize, treeHash })).toMatchObject({ archiveId, treeHash });
  await expect(complete({ archiveSize: 1, treeHash })).rejects.toMatchObject({
    message: 'Invalid x-amz-archive-size: 1',
  });
});

test('two that complete it at once both get the same archive', async () => {
  const part: Part = { index: 0, quarters: 1, treeHash: randomBytes(32) };
  const uploadId = await uploadWith([part]);
  const input = { uploadId, archiveSize: quarter, treeHash: part.treeHash.toString('hex') };
  const [first, second] = await Promise.all([
    completeMultipartUpload(input, call),
    completeMultipartUpload(input, call),
  ]);
  expect(first).toEqual(second);
});
