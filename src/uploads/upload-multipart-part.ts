import { receiveContent } from '../archives/receive-content.ts';
import type { Handler } from '../operation.ts';
import { requireUploadInProgress } from './require-upload.ts';
import { checkPartRange, parseContentRange } from './upload.ts';

/**
 * A part is there when all of it is, and verified; one with the same first byte is replaced whole.
 * The upload is looked at again when the bytes are durable: it may have ended meanwhile.
 */
export const uploadMultipartPart: Handler<'UploadMultipartPart'> = async (input, call) => {
  const { uploadId } = input;
  const range = parseContentRange(input.contentRange, input.contentLength);
  const upload = await call.metadata.read((tx) => requireUploadInProgress(tx, call, uploadId));
  checkPartRange(range, input.contentRange, upload.part_size_bytes);
  const treeHash = await receiveContent(call, input, async (tx, blob) => {
    await requireUploadInProgress(tx, call, uploadId);
    await tx.record({
      kind: 'PartStored',
      data: { uploadId, startByte: range.startByte, blob },
    });
    return blob.treeHash;
  });
  return { treeHash };
};
