import { invalidParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import { formatByteRange } from '../lib/byte-range.ts';
import { cutPage, readPosition } from '../lib/page.ts';
import type { Handler } from '../operation.ts';
import { listParts as query } from '../storage/metadata/queries/uploads.ts';
import type { PartRow } from '../storage/metadata/schema.ts';
import { arnOfVault } from '../vaults/vault.ts';
import { requireUploadInProgress } from './require-upload.ts';
import { describeUpload, partMarker } from './upload.ts';

/** The parts that are wholly there, by range. */
export const listParts: Handler<'ListParts'> = async (input, call) => {
  const limit = input.limit ?? limits.itemsPerPage;
  const afterByte = readPosition(partMarker, input.marker, -1);
  if (afterByte === undefined) throw invalidParameter(`Invalid marker: ${input.marker}`);
  return call.metadata.read(async (tx) => {
    const upload = await requireUploadInProgress(tx, call, input.uploadId);
    const parts = await tx.all(query, {
      uploadSequence: upload.sequence,
      fromByte: afterByte + 1,
      limit: limit + 1,
    });
    const page = cutPage(parts, limit, partMarker, (part) => part.start_byte);
    return {
      body: {
        ...describeUpload(upload, arnOfVault(call.vault, call.settings.region)),
        Marker: page.marker,
        Parts: page.rows.map(describePart),
      },
    };
  });
};

function describePart(part: PartRow) {
  const endByte = part.start_byte + part.size_bytes - 1;
  return {
    RangeInBytes: formatByteRange({ startByte: part.start_byte, endByte }),
    SHA256TreeHash: part.tree_hash.toString('hex'),
  };
}
