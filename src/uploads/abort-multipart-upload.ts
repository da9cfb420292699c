import type { Handler } from '../operation.ts';
import { requireUpload, requireUploadInProgress } from './require-upload.ts';
import { endedLately } from './upload.ts';

/** Frees the parts. Aborting again is a success for a while; a completed upload is not there. */
export const abortMultipartUpload: Handler<'AbortMultipartUpload'> = async ({ uploadId }, call) => {
  await call.metadata.write(call, async (tx) => {
    const upload = await requireUpload(tx, call, uploadId);
    if (endedLately(upload, 'Aborted', tx.now())) return;
    await requireUploadInProgress(tx, call, uploadId);
    await tx.record({ kind: 'UploadAborted', data: { uploadId } });
  });
  return {};
};
