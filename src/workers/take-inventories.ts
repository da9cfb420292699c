/**
 * Takes a vault's inventory when it was written to since the last one and that has reached its age
 * (the first: when the age has passed since the first write). Where inventories are always current there is
 * nothing to do.
 */
import type { Service } from '../operation.ts';
import { findVault, listVaultsWithoutInventory } from '../storage/metadata/queries/vaults.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';
import { type Worker, workerActor } from './worker.ts';

const vaultsPerStep = 50;

export class InventoryTaker implements Worker {
  readonly name = 'take-inventories';
  readonly idleMs = 1_000;
  readonly #service: Pick<Service, 'metadata' | 'clock' | 'settings'>;

  constructor(service: Pick<Service, 'metadata' | 'clock' | 'settings'>) {
    this.#service = service;
  }

  async step(): Promise<'worked' | 'idle'> {
    const { metadata, clock, settings } = this.#service;
    const takenBefore = clock.now() - settings.inventorySeconds * 1000;
    const vaults = await metadata.read((tx) =>
      tx.all(listVaultsWithoutInventory, { takenBefore, limit: vaultsPerStep }),
    );
    await Promise.all(vaults.map((vault) => this.#take(vault)));
    return vaults.length > 0 ? 'worked' : 'idle';
  }

  async #take(vault: VaultRow): Promise<void> {
    const { account_id: accountId, vault_name: vaultName } = vault;
    await this.#service.metadata.write(workerActor(this.name, accountId), async (tx) => {
      const current = await tx.first(findVault, { accountId, vaultName });
      if (current?.written_sequence == null) return;
      await tx.record({
        kind: 'InventoryTaken',
        data: { vaultName, upToSequence: current.written_sequence },
      });
    });
  }
}
