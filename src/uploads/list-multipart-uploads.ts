import { invalidParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import { cutPage, readPosition } from '../lib/page.ts';
import type { Handler } from '../operation.ts';
import { listUploads } from '../storage/metadata/queries/uploads.ts';
import { arnOfVault } from '../vaults/vault.ts';
import { describeUpload, uploadMarker } from './upload.ts';

/** Uploads in progress, in the order of their initiation (chosen: none is promised). */
export const listMultipartUploads: Handler<'ListMultipartUploads'> = async (input, call) => {
  const { vault, settings } = call;
  const limit = input.limit ?? limits.itemsPerPage;
  const afterSequence = readPosition(uploadMarker, input.marker, 0);
  if (afterSequence === undefined) throw invalidParameter(`Invalid marker: ${input.marker}`);
  const uploads = await call.metadata.read((tx) =>
    tx.all(listUploads, {
      vaultSequence: vault.sequence,
      afterSequence,
      activeAfter: call.clock.now() - settings.uploadIdleSeconds * 1000,
      limit: limit + 1,
    }),
  );
  const page = cutPage(uploads, limit, uploadMarker, (upload) => upload.sequence);
  const arn = arnOfVault(vault, settings.region);
  return {
    body: {
      Marker: page.marker,
      UploadsList: page.rows.map((upload) => describeUpload(upload, arn)),
    },
  };
};
