import { invalidParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import { foldNodes } from '../lib/tree-hash.ts';
import type { Handler } from '../operation.ts';
import { findArchive } from '../storage/metadata/queries/archives.ts';
import { listParts } from '../storage/metadata/queries/uploads.ts';
import type { PartRow } from '../storage/metadata/schema.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { requireUpload, requireUploadInProgress } from './require-upload.ts';
import { endedLately } from './upload.ts';

/**
 * The parts become the archive: their rows are checked, no byte is read or moved. Asked again after
 * it succeeded, it answers with the same archive (documented for "a short period").
 */
export const completeMultipartUpload: Handler<'CompleteMultipartUpload'> = async (input, call) => {
  const { accountId, vault } = call;
  const { uploadId, archiveSize, treeHash } = input;
  const vaultName = vault.vault_name;
  const announced = { sizeBytes: archiveSize, treeHash };
  const archiveId = await call.metadata.write(call, async (tx) => {
    await requireVault(tx, call);
    const ended = await requireUpload(tx, call, uploadId);
    if (ended.archive_id !== null && endedLately(ended, 'Completed', tx.now())) {
      const archive = await tx.first(findArchive, { archiveId: ended.archive_id });
      const treeHash = archive?.tree_hash ?? Buffer.alloc(0);
      checkWhole(announced, { sizeBytes: archive?.size_bytes ?? 0, treeHash });
      return ended.archive_id;
    }
    const { sequence: uploadSequence } = await requireUploadInProgress(tx, call, uploadId);
    const parts = await tx.all(listParts, { uploadSequence, fromByte: 0, limit: limits.parts });
    const sizeBytes = checkContiguous(parts, archiveSize);
    checkWhole(announced, {
      sizeBytes,
      treeHash: foldNodes(Buffer.concat(parts.map((part) => part.tree_hash))),
    });
    const archiveId = call.ids.next('archive');
    await tx.record({
      kind: 'UploadCompleted',
      data: { vaultName, uploadId, archiveId, sizeBytes, treeHash },
    });
    return archiveId;
  });
  return {
    archiveId,
    treeHash,
    location: `/${accountId}/vaults/${vaultName}/archives/${archiveId}`,
  };
};

/**
 * Only the last part may be short: one before it has left a gap.
 *
 * @returns the sum of the parts
 * @throws GlacierError naming the first range that is missing
 */
function checkContiguous(parts: readonly PartRow[], archiveSize: number): number {
  let sizeBytes = 0;
  for (const part of parts) {
    if (part.start_byte !== sizeBytes) throw missingRange(sizeBytes, part.start_byte - 1);
    sizeBytes += part.size_bytes;
  }
  if (sizeBytes === 0) throw missingRange(0, Math.max(archiveSize, 1) - 1);
  return sizeBytes;
}

function missingRange(startByte: number, endByte: number) {
  return invalidParameter(`Missing content range: bytes ${startByte}-${endByte}`);
}

interface Whole<Hash> {
  readonly sizeBytes: number;
  readonly treeHash: Hash;
}

/** Size first, then the hash (chosen; both texts but the hash's are ours). */
function checkWhole(announced: Whole<string>, found: Whole<Buffer>): void {
  if (announced.sizeBytes !== found.sizeBytes) {
    throw invalidParameter(`Invalid x-amz-archive-size: ${announced.sizeBytes}`);
  }
  if (announced.treeHash !== found.treeHash.toString('hex')) {
    throw invalidParameter(`Invalid x-amz-sha256-tree-hash: ${announced.treeHash}`);
  }
}
