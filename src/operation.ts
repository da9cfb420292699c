/** The types that an operation is written against. */
import type { InputOf, OperationName, OutputOf } from './api/operations.ts';
import type { Faults } from './faults/faults.ts';
import type { Clock } from './lib/clock.ts';
import type { Ids } from './lib/ids.ts';
import type { Log } from './lib/log.ts';
import type { Caller } from './policies/require-permission.ts';
import type { BlobStore } from './storage/blobs/blob-store.ts';
import type { Actor } from './storage/metadata/entries.ts';
import type { MetadataStore } from './storage/metadata/metadata-store.ts';
import type { VaultRow } from './storage/metadata/schema.ts';

/** What the whole server has one of, given to every call. */
export interface Service {
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly settings: ServiceSettings;
  /** Tells the operator, once, of what he should look at. */
  readonly raiseAlarm: (name: string, message: string) => void;
  /** Faults on order: only a store with a test clock has them. */
  readonly faults: Faults | undefined;
  /** Tells the workers that a job was asked for; resolves when it completed, or soon anyway. */
  readonly jobAdded: (jobId: string) => Promise<void>;
}

/** The settings that operations depend on. Seconds are whole. */
export interface ServiceSettings {
  readonly region: string;
  readonly retrievalSeconds: Readonly<Record<'Expedited' | 'Standard' | 'Bulk', number>>;
  readonly jobOutputSeconds: number;
  /** Age that an inventory may reach; 0: it is always current. */
  readonly inventorySeconds: number;
  /** Expedited retrievals need provisioned capacity. */
  readonly isCapacityLimited: boolean;
  /** Where select jobs write; undefined: they are refused. */
  readonly selectBucket: string | undefined;
  /** Life of an upload without activity. */
  readonly uploadIdleSeconds: number;
}

/** One request, after all checks that are the same for every operation. */
export interface Call extends Service, Actor {
  readonly caller: Caller;
  readonly log: Log;
}

/** A call to an operation whose vault exists. */
export interface VaultCall extends Call {
  readonly vault: VaultRow;
}

/** A call to an operation that names a vault which need not exist. */
export interface VaultNameCall extends Call {
  readonly vaultName: string;
}

type CallOf<Name extends OperationName> =
  typeof import('./api/operations.ts').operations[Name]['resource'] extends infer Resource
    ? Resource extends 'vault'
      ? VaultCall
      : Resource extends 'vault-name'
        ? VaultNameCall
        : Call
    : never;

/** Speaks the domain: typed values in and out, a `GlacierError` for a refusal. No HTTP in it. */
export type Handler<Name extends OperationName> = (
  input: InputOf<Name>,
  call: CallOf<Name>,
) => Promise<OutputOf<Name>>;
