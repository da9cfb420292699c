/**
 * Takes in the bytes of an archive or of a part: first the bytes are durable, then the entry that
 * names them, then the answer.
 */
import { GlacierError, invalidParameter, payloadHashMismatch } from '../api/errors.ts';
import { emptyHash } from '../lib/tree-hash.ts';
import type { VaultCall } from '../operation.ts';
import type { StoredBlob } from '../storage/blobs/blob-store.ts';
import type { BlobFields } from '../storage/metadata/entries.ts';
import type { Writer } from '../storage/metadata/metadata-store.ts';
import { ContentMismatchError } from '../storage/store-errors.ts';

/** What the request's headers say of the body. The tree hash is in lower-case hex. */
export interface AnnouncedContent {
  readonly content: AsyncIterable<Uint8Array>;
  readonly contentLength: number;
  readonly contentSha256: string;
  readonly treeHash: string;
}

/**
 * Stores the content and then makes the change that needs it. Durable on return.
 *
 * @throws GlacierError when the bytes are not those announced, or `change` refuses; nothing is kept
 */
export async function receiveContent<T>(
  call: VaultCall,
  announced: AnnouncedContent,
  change: (tx: Writer, blob: BlobFields) => Promise<T>,
): Promise<T> {
  const blob = toFields(await putContent(call, announced));
  try {
    return await call.metadata.write(call, (tx) => change(tx, blob));
  } catch (error) {
    // A refusal means that nothing names the blob; after any other error something might.
    if (error instanceof GlacierError) await call.blobs.delete(blob.blobId);
    throw error;
  }
}

async function putContent(call: VaultCall, announced: AnnouncedContent): Promise<StoredBlob> {
  try {
    return await call.blobs.put(announced.content, {
      sizeBytes: announced.contentLength,
      linearHash: announced.contentSha256.toLowerCase(),
      treeHash: announced.treeHash,
    });
  } catch (error) {
    if (error instanceof ContentMismatchError) throw refusal(announced, error);
    throw error;
  }
}

export function toFields(blob: StoredBlob): BlobFields {
  return {
    blobId: blob.blobId,
    sizeBytes: blob.sizeBytes,
    treeHash: blob.treeHash.toString('hex'),
    linearHash: blob.linearHash.toString('hex'),
  };
}

function refusal(announced: AnnouncedContent, { computed }: ContentMismatchError): GlacierError {
  if (announced.contentSha256.toLowerCase() !== computed.linearHash) {
    return payloadHashMismatch(announced.contentSha256, computed.linearHash);
  }
  const { treeHash } = announced;
  const mistake = explainTreeHash(treeHash, computed.linearHash);
  return invalidParameter(
    `Checksum mismatch: expected ${treeHash}, computed ${computed.treeHash}${mistake}`,
  );
}

/** Mistakes that many have made before, named (chosen: Amazon leaves its callers to guess). */
function explainTreeHash(given: string, linearHash: string): string {
  if (given === linearHash) {
    return '. The expected value is the linear SHA-256 of the body; the tree hash of more than 1 MiB is another one: the root over the SHA-256 of each MiB';
  }
  if (given === emptyHash.toString('hex')) {
    return '. The expected value is the SHA-256 of nothing: it was computed before the body was read, or from an empty body';
  }
  if (given.length === 32) {
    return '. The expected value has the length of an MD5; the tree hash is made with SHA-256';
  }
  return '';
}
