import { invalidParameter, missingParameter, notFound } from '../api/errors.ts';
import { archiveNotFound } from '../archives/archive.ts';
import { hashContent } from '../archives/locate-content.ts';
import { enforceRetrievalPolicy } from '../capacity/data-retrieval-policy.ts';
import { findDataRetrievalPolicy } from '../capacity/find-data-retrieval-policy.ts';
import { capacityWindowMs, requireCapacity } from '../capacity/provisioned-capacity.ts';
import { decodeInventoryMarker, type InventoryPosition } from '../inventory/inventory-range.ts';
import { type ByteRange, isMebibyteAligned, rangeLength, wholeRange } from '../lib/byte-range.ts';
import { toIsoDate } from '../lib/clock.ts';
import type { Handler, VaultCall } from '../operation.ts';
import { resultPath } from '../select/select-request.ts';
import type { JobFields } from '../storage/metadata/entries.ts';
import type { Reader, Writer } from '../storage/metadata/metadata-store.ts';
import { findArchive } from '../storage/metadata/queries/archives.ts';
import {
  countExpeditedSince,
  findRetrievalUsage,
  listCapacity,
  sumStandardBytesInProgress,
} from '../storage/metadata/queries/capacity.ts';
import type { ArchiveRow, VaultRow } from '../storage/metadata/schema.ts';
import { BlobDamagedError } from '../storage/store-errors.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { arnOfVault, lastInventory } from '../vaults/vault.ts';
import {
  type ArchiveRequest,
  type InventoryRequest,
  invalidByteRange,
  type JobRequest,
  readJobRequest,
  type SelectJobRequest,
} from './job-request.ts';

/**
 * Accepts a job; a worker prepares its output. Not idempotent: equal requests are jobs side by side.
 * A job that can be ready at once usually is before the answer goes out.
 */
export const initiateJob: Handler<'InitiateJob'> = async ({ parameters }, call) => {
  if (!parameters) throw missingParameter('Job Parameters');
  const request = readJobRequest(parameters);
  const { accountId, vault } = call;
  const jobId = call.ids.next('job');
  const archiveFields =
    request.action === 'ArchiveRetrieval' ? await planArchiveJob(call, request) : undefined;
  const jobOutputPath =
    request.action === 'Select' ? planSelectJob(call, request, jobId) : undefined;
  await call.metadata.write(call, async (tx) => {
    const current = await requireVault(tx, call);
    const data = await decideJob(tx, call, current, { request, jobId, archiveFields });
    await tx.record({ kind: 'JobInitiated', data });
  });
  await call.jobAdded(jobId);
  return {
    jobId,
    jobOutputPath,
    location: `/${accountId}/vaults/${vault.vault_name}/jobs/${jobId}`,
  };
};

type ArchiveFields = NonNullable<JobFields['archive']>;

interface Plan {
  readonly request: JobRequest;
  readonly jobId: string;
  readonly archiveFields: ArchiveFields | undefined;
}

async function decideJob(tx: Writer, call: VaultCall, vault: VaultRow, plan: Plan) {
  const { request, jobId, archiveFields } = plan;
  const { description, snsTopic } = request;
  const { retrievalSeconds } = call.settings;
  // Inventories take as long as standard retrievals (observed: about four hours).
  const tier = request.action === 'InventoryRetrieval' ? 'Standard' : request.tier;
  const common = {
    vaultName: vault.vault_name,
    jobId,
    action: request.action,
    ...(description === undefined ? {} : { description }),
    ...(snsTopic === undefined ? {} : { snsTopic }),
    notBefore: toIsoDate(tx.now() + retrievalSeconds[tier] * 1000),
  };
  if (request.action === 'InventoryRetrieval') {
    return { ...common, inventory: planInventoryJob(call, vault, request) };
  }
  const { archiveId } = request;
  await requireArchive(tx, vault, archiveId);
  if (archiveFields?.tier === 'Standard') await enforcePolicy(tx, call, rangeLength(archiveFields));
  if (tier === 'Expedited') await enforceCapacity(tx, call);
  if (request.action === 'Select') {
    const { parameters, outputLocation } = request;
    return { ...common, select: { archiveId, tier, parameters, outputLocation } };
  }
  return archiveFields ? { ...common, archive: archiveFields } : common;
}

/** Standard retrievals only; inventories are never refused (chosen: two guide pages disagree). */
async function enforcePolicy(tx: Writer, call: VaultCall, sizeBytes: number): Promise<void> {
  const { accountId } = call;
  const policy = await findDataRetrievalPolicy(tx, accountId);
  const day = toIsoDate(tx.now()).slice(0, 10);
  const inProgress = await tx.first(sumStandardBytesInProgress, { accountId });
  const today = await tx.first(findRetrievalUsage, { accountId, day });
  const usage = {
    inProgressBytes: inProgress?.size_bytes ?? 0,
    todayBytes: today?.size_bytes ?? 0,
  };
  enforceRetrievalPolicy(policy, usage, sizeBytes);
}

/** Results go to the one bucket that the operator has named. Returns where they will lie in it. */
function planSelectJob(
  { settings }: VaultCall,
  { select }: SelectJobRequest,
  jobId: string,
): string {
  const { selectBucket } = settings;
  if (selectBucket === undefined) {
    throw invalidParameter(
      'Select jobs are not supported. This server has no bucket for their results: see its setting select-bucket',
    );
  }
  const { bucketName, prefix } = select.location;
  if (bucketName !== selectBucket) {
    throw invalidParameter(
      `Invalid BucketName: ${bucketName}: results of select jobs go to the bucket ${selectBucket}`,
    );
  }
  return resultPath(prefix, jobId);
}

/** In the profile `live` there is always capacity. */
async function enforceCapacity(tx: Writer, { accountId, settings }: VaultCall): Promise<void> {
  if (!settings.isCapacityLimited) return;
  const now = tx.now();
  const units = await tx.all(listCapacity, { accountId, now });
  const since = now - capacityWindowMs;
  const recent = await tx.first(countExpeditedSince, { accountId, since });
  requireCapacity(units.length, recent?.count ?? 0);
}

/** @throws GlacierError 404 when it is unknown, deleted or of another vault (chosen) */
async function requireArchive(tx: Reader, vault: VaultRow, archiveId: string): Promise<ArchiveRow> {
  const archive = await tx.first(findArchive, { archiveId });
  const isThere = archive?.vault_sequence === vault.sequence && archive.deleted_sequence === null;
  if (archive && isThere) return archive;
  throw archiveNotFound(archiveId);
}

async function planArchiveJob(call: VaultCall, request: ArchiveRequest): Promise<ArchiveFields> {
  const { archiveId, tier } = request;
  const archive = await call.metadata.read((tx) => requireArchive(tx, call.vault, archiveId));
  const range = request.range ?? wholeRange(archive.size_bytes);
  if (!isMebibyteAligned(range, archive.size_bytes)) throw invalidByteRange(request.rangeText);
  const treeHash = await hashIfIntact(call, archive, range);
  return { archiveId, ...range, tier, ...(treeHash === undefined ? {} : { treeHash }) };
}

/** Damage shows when the job reads the bytes: it is then Failed, which is where people look. */
async function hashIfIntact(
  call: VaultCall,
  archive: ArchiveRow,
  range: ByteRange,
): Promise<string | undefined> {
  try {
    return (await hashContent(call, archive, range))?.toString('hex');
  } catch (error) {
    if (error instanceof BlobDamagedError) return undefined;
    throw error;
  }
}

function planInventoryJob(call: VaultCall, vault: VaultRow, request: InventoryRequest) {
  const { format, startDate, endDate, limit, marker } = request;
  const { upToSequence, inventoryDate, afterSequence } =
    marker === undefined ? firstPosition(call, vault) : positionAt(vault, marker);
  return {
    format,
    ...(startDate === undefined ? {} : { startDate }),
    ...(endDate === undefined ? {} : { endDate }),
    ...(limit === undefined ? {} : { limit }),
    upToSequence,
    inventoryDate: toIsoDate(inventoryDate),
    afterSequence,
  };
}

function positionAt(vault: VaultRow, marker: string): InventoryPosition {
  const position = decodeInventoryMarker(marker, vault.sequence);
  if (!position) throw invalidParameter(`Invalid marker: ${marker}`);
  return position;
}

function firstPosition(call: VaultCall, vault: VaultRow): InventoryPosition {
  const inventory = lastInventory(vault, call.settings.inventorySeconds);
  if (inventory) {
    const { upToSequence, date } = inventory;
    const vaultSequence = vault.sequence;
    return { vaultSequence, upToSequence, inventoryDate: date, afterSequence: 0 };
  }
  const arn = arnOfVault(vault, call.settings.region);
  // Observed in three independent places; clients match on it.
  throw notFound(
    `Inventory retrieval jobs for vault ${arn} cannot be initiated yet, as Amazon Glacier has not yet generated an initial inventory for this vault.`,
  );
}
