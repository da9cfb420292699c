/**
 * Looks at every record that a vault lock depends on, at the start and then once a day: whether it is
 * still as the journal made it. What is not raises an alarm; deletions from such a vault are refused
 * whether or not this has come by.
 */
import type { Milliseconds } from '../lib/clock.ts';
import type { Service } from '../operation.ts';
import { listArchivesAfter } from '../storage/metadata/queries/archives.ts';
import { getVault, listVaultsAfter } from '../storage/metadata/queries/vaults.ts';
import type { ArchiveRow, VaultRow } from '../storage/metadata/schema.ts';
import { changedRecords } from '../storage/store-errors.ts';
import { type Worker, workerActor } from './worker.ts';

const rowsPerStep = 500;
/** Between two steps, so that a large store is looked at beside other work. */
const pauseMs: Milliseconds = 20;
const dayMs: Milliseconds = 24 * 60 * 60 * 1000;

type CheckService = Pick<Service, 'metadata' | 'clock' | 'raiseAlarm'>;

/** How far a pass has come. */
interface Pass {
  readonly vaultSequence: number;
  readonly archiveSequence: number;
}

const beginning: Pass = { vaultSequence: 0, archiveSequence: 0 };

export class RecordChecker implements Worker {
  readonly name = 'check-records';
  readonly idleMs = 60_000;
  readonly #service: CheckService;
  #pass: Pass | undefined = beginning;
  /** On the clock that never jumps. */
  #passedAt: Milliseconds = 0;

  constructor(service: CheckService) {
    this.#service = service;
  }

  async step(signal: AbortSignal): Promise<'worked' | 'idle'> {
    const { clock } = this.#service;
    if (!this.#pass && clock.monotonic() - this.#passedAt < dayMs) return 'idle';
    this.#pass = await this.#check(this.#pass ?? beginning);
    if (!this.#pass) {
      this.#passedAt = clock.monotonic();
      return 'idle';
    }
    await clock.sleep(pauseMs, signal);
    return 'worked';
  }

  /** Returns where to go on, or undefined at the end. */
  async #check({ vaultSequence, archiveSequence }: Pass): Promise<Pass | undefined> {
    const { metadata } = this.#service;
    const limit = rowsPerStep;
    const vaults = await metadata.read((tx) =>
      tx.all(listVaultsAfter, { afterSequence: vaultSequence, limit }),
    );
    const archives = await metadata.read((tx) =>
      tx.all(listArchivesAfter, { afterSequence: archiveSequence, limit }),
    );
    for (const vault of vaults) await this.#checkVault(vault);
    for (const archive of archives) await this.#checkArchive(archive);
    if (vaults.length < limit && archives.length < limit) return undefined;
    return {
      vaultSequence: vaults.at(-1)?.sequence ?? vaultSequence,
      archiveSequence: archives.at(-1)?.sequence ?? archiveSequence,
    };
  }

  async #checkVault(vault: VaultRow): Promise<void> {
    const { metadata } = this.#service;
    if (await metadata.read((tx) => metadata.isIntact(tx, { vault }))) return;
    // It may have changed since it was read.
    const { sequence } = vault;
    const isIntact = await metadata.write(workerActor(this.name, vault.account_id), async (tx) => {
      const current = await tx.first(getVault, { sequence });
      return current !== undefined && (await metadata.isIntact(tx, { vault: current }));
    });
    if (!isIntact) this.#raise(vault);
  }

  async #checkArchive(archive: ArchiveRow): Promise<void> {
    const { metadata } = this.#service;
    if (await metadata.read((tx) => metadata.isIntact(tx, { archive }))) return;
    const sequence = archive.vault_sequence;
    const vault = await metadata.read((tx) => tx.first(getVault, { sequence }));
    if (vault) this.#raise(vault);
    else this.#service.raiseAlarm('records-changed', `Archive ${archive.archive_id} has no vault`);
  }

  #raise(vault: VaultRow): void {
    this.#service.raiseAlarm('records-changed', changedRecords(vault));
  }
}
