/**
 * What can happen to a store: the kinds of journal entries and what each of them says.
 *
 * The journal is the truth, everything else is a view of it. Each kind is one thing that was
 * acknowledged; together with the blobs they are enough to build the whole store again. The format
 * is described for other programs in docs/storage-format.md: a field may be added, never renamed.
 */
import type { OutputLocation, SelectParameters } from '../../api/select-shapes.ts';
import type { Milliseconds } from '../../lib/clock.ts';

/** UTC with milliseconds, as `toIsoDate` writes it. */
export type IsoDate = string;

/** A blob as entries name it: hashes in lower-case hex. */
export interface BlobFields {
  readonly blobId: string;
  readonly sizeBytes: number;
  /** Tree hash: with the size it says all that there is to say about the bytes. */
  readonly treeHash: string;
  /** SHA-256 of the bytes in a row, what `sha256sum` prints. */
  readonly linearHash: string;
}

interface InVault {
  readonly vaultName: string;
}

interface InUser {
  readonly userName: string;
}

export type AccessKeyStatus = 'Active' | 'Inactive';

/** What each kind of entry says beside the envelope. */
export interface EntryData {
  StoreCreated: { readonly storeId: string; readonly region: string; readonly testClock?: true };
  /** The test clock was moved, stopped, or set running: see `lib/test-clock.ts`. */
  ClockSet: { readonly offsetMs: number; readonly frozenAt?: IsoDate };
  AccountCreated: Record<never, never>;
  UserCreated: InUser & { readonly userId: string };
  /** The user's access keys, sessions and policies go too. */
  UserDeleted: InUser;
  /** An identity policy. One of the same name is replaced. */
  UserPolicySet: InUser & { readonly policyName: string; readonly policy: string };
  UserPolicyDeleted: InUser & { readonly policyName: string };
  /** The secret is sealed with a key that is kept outside the store. */
  AccessKeyCreated: {
    readonly accessKeyId: string;
    /** Root or a user of the account. */
    readonly principalArn: string;
    readonly sealedSecret: string;
    /** Temporary credentials: SHA-256 (hex) of the token that must be signed with. */
    readonly session?: { readonly tokenHash: string; readonly expiresAt: IsoDate };
  };
  AccessKeyStatusSet: { readonly accessKeyId: string; readonly status: AccessKeyStatus };
  AccessKeyDeleted: { readonly accessKeyId: string };
  /** Somebody who had signed in was refused a change. */
  Refused: { readonly operation: string; readonly resource: string; readonly archiveId?: string };
  VaultCreated: InVault;
  VaultDeleted: InVault;
  /** The vault as it was after the entry `upToSequence` is its inventory from now on. */
  InventoryTaken: InVault & { readonly upToSequence: number };
  ArchiveStored: InVault & {
    readonly archiveId: string;
    readonly description: string;
    readonly blob: BlobFields;
  };
  ArchiveDeleted: InVault & { readonly archiveId: string };
  UploadInitiated: InVault & {
    readonly uploadId: string;
    readonly description: string;
    readonly partSizeBytes: number;
  };
  /** A part with the same first byte is replaced by this one. */
  PartStored: { readonly uploadId: string; readonly startByte: number; readonly blob: BlobFields };
  /** The parts as they are now are the archive: no bytes move. */
  UploadCompleted: InVault & {
    readonly uploadId: string;
    readonly archiveId: string;
    readonly sizeBytes: number;
    readonly treeHash: string;
  };
  UploadAborted: { readonly uploadId: string };
  UploadExpired: { readonly uploadId: string };
  /** A tag with the same key gets the new value. */
  TagsAdded: InVault & { readonly tags: Readonly<Record<string, string>> };
  TagsRemoved: InVault & { readonly tagKeys: readonly string[] };
  NotificationsSet: InVault & { readonly snsTopic: string; readonly events: readonly string[] };
  NotificationsDeleted: InVault;
  AccessPolicySet: InVault & { readonly policy: string };
  AccessPolicyDeleted: InVault;
  /** In force from now on, as if locked; on the lock clock it ends after the trial. */
  LockInitiated: InVault & { readonly lockId: string; readonly policy: string };
  LockCompleted: InVault;
  LockAborted: InVault;
  /** The digits are text: they may be more than a number holds. */
  DataRetrievalPolicySet: { readonly strategy: string; readonly bytesPerHour?: string };
  CapacityPurchased: { readonly capacityId: string; readonly expiresAt: IsoDate };
  JobInitiated: InVault & JobFields;
  JobSucceeded: {
    readonly jobId: string;
    readonly expiresAt: IsoDate;
    /** The document of an inventory job and the position after its last item, when more remain. */
    readonly output?: BlobFields;
    readonly nextMarker?: string;
  };
  JobFailed: { readonly jobId: string; readonly expiresAt: IsoDate; readonly reason: string };
  JobExpired: { readonly jobId: string };
  /** To be sent to the topic; the message is the job's description at that moment. */
  NotificationQueued: {
    readonly notificationId: string;
    readonly jobId: string;
    readonly topicArn: string;
    readonly message: string;
  };
  /** A receiver has taken it. */
  NotificationDelivered: { readonly notificationId: string };
  /** Nobody has taken it for a day. */
  NotificationAbandoned: { readonly notificationId: string; readonly reason: string };
  /** With which envelopes are signed. The private key is sealed. */
  SigningCertificateCreated: { readonly certificate: string; readonly sealedPrivateKey: string };
  /** Bytes that nothing needs any more were removed from the disk. */
  BlobsRemoved: { readonly blobIds: readonly string[] };
}

export type JobAction = 'ArchiveRetrieval' | 'InventoryRetrieval' | 'Select';

/** What a job was asked for. Fields that do not apply are left out. */
export interface JobFields {
  readonly jobId: string;
  readonly action: JobAction;
  readonly description?: string;
  readonly snsTopic?: string;
  /** Earliest completion. */
  readonly notBefore: IsoDate;
  readonly archive?: {
    readonly archiveId: string;
    readonly startByte: number;
    readonly endByte: number;
    /** Tree hash of the range, when it is tree-hash aligned and so has one. */
    readonly treeHash?: string;
    readonly tier: string;
  };
  readonly select?: {
    readonly archiveId: string;
    readonly tier: string;
    /** As they were given. */
    readonly parameters: SelectParameters;
    readonly outputLocation: OutputLocation;
  };
  readonly inventory?: {
    readonly format: string;
    readonly startDate?: string;
    readonly endDate?: string;
    readonly limit?: string;
    /** The inventory that the document is made from: the vault as it was after that entry. */
    readonly upToSequence: number;
    readonly inventoryDate: IsoDate;
    /** Items up to this one were in an earlier document of the series. */
    readonly afterSequence: number;
  };
}

export type EntryKind = keyof EntryData;

/** Something to be recorded. */
export type Entry = {
  [Kind in EntryKind]: { readonly kind: Kind; readonly data: EntryData[Kind] };
}[EntryKind];

/** Who makes a change. */
export interface Actor {
  /** The account that is changed. */
  readonly accountId: string;
  /** ARN of who asked, or `firn:` and the name of the worker that acted. */
  readonly principalArn: string;
  readonly requestId: string;
}

/** What the store adds to an entry when it is recorded. */
export interface Envelope extends Actor {
  /** 1 for a store's first entry, then without gaps. */
  readonly sequence: number;
  readonly time: Milliseconds;
  readonly lockTime: Milliseconds;
}

export type RecordedEntry<Kind extends EntryKind = EntryKind> = {
  [K in Kind]: Envelope & { readonly kind: K; readonly data: EntryData[K] };
}[Kind];
