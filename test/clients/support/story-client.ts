/**
 * A client, reduced to what the whole story needs: an operation called by its name in the service
 * model. All official clients are made from that model, so input and output fields have the same
 * names in all of them; bytes go in and come out as buffers.
 */
import type { Target } from '../../support/server.ts';

export type Operation =
  | 'CreateVault'
  | 'DescribeVault'
  | 'ListVaults'
  | 'DeleteVault'
  | 'UploadArchive'
  | 'DeleteArchive'
  | 'InitiateMultipartUpload'
  | 'UploadMultipartPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads'
  | 'ListParts'
  | 'InitiateJob'
  | 'DescribeJob'
  | 'ListJobs'
  | 'GetJobOutput';

export type Fields = Readonly<Record<string, unknown>>;

/** An error of the service, as the client names it. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

export interface StoryClient {
  /** Rejects with the client's own error. `body` goes in and comes out as a Buffer. */
  call(operation: Operation, input: Fields): Promise<Fields>;
  /** Reads the client's own error. */
  refusal(error: unknown): Refusal;
  /** The tree hash as this client (or what comes with it) computes it. */
  treeHash(bytes: Buffer): string;
  /** Lets go of connections and files. */
  close(): Promise<void> | void;
}

export type MakeClient = (target: Target) => StoryClient;
