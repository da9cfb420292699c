/** The upload that a call names. */
import type { VaultCall } from '../operation.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { findUpload } from '../storage/metadata/queries/uploads.ts';
import type { UploadRow } from '../storage/metadata/schema.ts';
import { isInProgress, uploadNotFound } from './upload.ts';

/** The upload, whatever its state. @throws GlacierError 404 when it is not one of this vault */
export async function requireUpload(
  tx: Reader,
  call: VaultCall,
  uploadId: string,
): Promise<UploadRow> {
  const upload = await tx.first(findUpload, { uploadId });
  if (upload?.vault_sequence === call.vault.sequence) return upload;
  throw uploadNotFound(uploadId);
}

/** The upload, to which parts may be added. @throws GlacierError 404 when it has ended */
export async function requireUploadInProgress(
  tx: Reader,
  call: VaultCall,
  uploadId: string,
): Promise<UploadRow> {
  const upload = await requireUpload(tx, call, uploadId);
  if (isInProgress(upload, call.clock.now(), call.settings.uploadIdleSeconds)) return upload;
  throw uploadNotFound(uploadId);
}
