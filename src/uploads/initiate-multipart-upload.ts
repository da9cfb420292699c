import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { parsePartSize } from './upload.ts';

/** Not idempotent: every call begins another upload. */
export const initiateMultipartUpload: Handler<'InitiateMultipartUpload'> = async (input, call) => {
  const { accountId, vault } = call;
  const vaultName = vault.vault_name;
  const partSizeBytes = parsePartSize(input.partSize);
  const description = input.description ?? '';
  const uploadId = call.ids.next('upload');
  await call.metadata.write(call, async (tx) => {
    await requireVault(tx, call);
    await tx.record({
      kind: 'UploadInitiated',
      data: { vaultName, uploadId, description, partSizeBytes },
    });
  });
  return {
    uploadId,
    location: `/${accountId}/vaults/${vaultName}/multipart-uploads/${uploadId}`,
  };
};
