/** What every metadata store must do, whatever engine it runs on. */
import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../store-errors.ts';
import type { Actor, Entry, Envelope } from './entries.ts';
import type { MetadataStore } from './metadata-store.ts';
import { findArchive } from './queries/archives.ts';
import { countVaults, findVault, listVaults } from './queries/vaults.ts';

export interface OpenedMetadataStore {
  readonly store: MetadataStore;
  close(): Promise<void>;
}

export const accountId = '123456789012';

export const actor: Actor = {
  accountId,
  principalArn: `arn:aws:iam::${accountId}:user/test`,
  requestId: 'request-1',
};

export function vaultCreated(vaultName: string): Entry {
  return { kind: 'VaultCreated', data: { vaultName } };
}

export function archiveStored(vaultName: string, archiveId: string, sizeBytes = 1000): Entry {
  const hash = 'ab'.repeat(32);
  const blob = { blobId: `blob-${archiveId}`, sizeBytes, treeHash: hash, linearHash: hash };
  return { kind: 'ArchiveStored', data: { vaultName, archiveId, description: 'ä "x"\n', blob } };
}

export function recordOne(store: MetadataStore, entry: Entry): Promise<Envelope> {
  return store.write(actor, (tx) => tx.record(entry));
}

/** Runs the suite. Every test opens a store of its own, empty one. */
export function describeMetadataStore(
  name: string,
  open: () => Promise<OpenedMetadataStore>,
): void {
  function test(title: string, work: (store: MetadataStore) => Promise<void>): void {
    it(title, async () => {
      const opened = await open();
      try {
        await work(opened.store);
      } finally {
        await opened.close();
      }
    });
  }

  const find = (store: MetadataStore, vaultName: string) =>
    store.read((tx) => tx.first(findVault, { accountId, vaultName }));

  const count = async (store: MetadataStore) =>
    (await store.read((tx) => tx.first(countVaults, { accountId })))?.count;

  describe(name, () => {
    test('shows what was recorded, with its envelope', async (store) => {
      const envelope = await recordOne(store, vaultCreated('one'));
      expect(envelope).toMatchObject({ ...actor, sequence: 1 });
      const row = await find(store, 'one');
      expect(row).toMatchObject({ sequence: 1, vault_name: 'one', created_at: envelope.time });
      await recordOne(store, archiveStored('one', 'a'));
      const archive = await store.read((tx) => tx.first(findArchive, { archiveId: 'a' }));
      expect(archive).toMatchObject({ sequence: 2, description: 'ä "x"\n', size_bytes: 1000 });
      expect(archive?.tree_hash.toString('hex')).toBe('ab'.repeat(32));
      expect(await find(store, 'one')).toMatchObject({ number_of_archives: 1, size_bytes: 1000 });
    });

    test('gives a change its own writes to read, and others none of them', async (store) => {
      await store.write(actor, async (tx) => {
        await tx.record(vaultCreated('one'));
        expect(await tx.first(findVault, { accountId, vaultName: 'one' })).toBeDefined();
        expect(await tx.all(listVaults, { accountId, afterName: '', limit: 9 })).toHaveLength(1);
        expect(await find(store, 'one')).toBeUndefined();
      });
      expect(await find(store, 'one')).toBeDefined();
    });

    test('passes on what a change returns or throws', async (store) => {
      expect(await store.write(actor, async () => 42)).toBe(42);
      const error = new Error('refused');
      const refused = store.write(actor, () => Promise.reject(error));
      await expect(refused).rejects.toBe(error);
      expect(await count(store)).toBe(0);
    });

    test('undoes a change that throws, and keeps the others of its group', async (store) => {
      await recordOne(store, vaultCreated('before'));
      const results = await Promise.allSettled(
        Array.from({ length: 30 }, (_, index) =>
          store.write(actor, async (tx) => {
            const envelope = await tx.record(vaultCreated(`vault-${index}`));
            await tx.record(archiveStored(`vault-${index}`, `archive-${index}`));
            if (index % 3 === 1) throw new Error(`refused ${index}`);
            return envelope;
          }),
        ),
      );
      const sequences: number[] = [];
      for (const [index, result] of results.entries()) {
        const row = await find(store, `vault-${index}`);
        const isRefused = index % 3 === 1;
        expect(result.status).toBe(isRefused ? 'rejected' : 'fulfilled');
        expect(row === undefined).toBe(isRefused);
        if (result.status === 'fulfilled') sequences.push(result.value.sequence);
        if (result.status === 'fulfilled') expect(row?.sequence).toBe(result.value.sequence);
      }
      expect(sequences).toEqual(Array.from({ length: 20 }, (_, index) => 2 + 2 * index));
      expect((await recordOne(store, vaultCreated('after'))).sequence).toBe(42);
    });

    test('lets no change come between the reads and the entries of another', async (store) => {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () =>
          store.write(actor, async (tx) => {
            if (await tx.first(findVault, { accountId, vaultName: 'one' })) return false;
            await tx.record(vaultCreated('one'));
            return true;
          }),
        ),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
    });

    test('takes 500 changes at once, each with a number of its own', async (store) => {
      const envelopes = await Promise.all(
        Array.from({ length: 500 }, (_, index) => recordOne(store, vaultCreated(`vault-${index}`))),
      );
      const sequences = envelopes.map((envelope) => envelope.sequence).sort((a, b) => a - b);
      expect(sequences).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
      expect(await count(store)).toBe(500);
    });

    test('takes changes that arrive while others are written', async (store) => {
      const chains = Array.from({ length: 10 }, async (_, chain) => {
        for (let link = 0; link < 10; link++) {
          await recordOne(store, vaultCreated(`vault-${chain}-${link}`));
          expect(await find(store, `vault-${chain}-${link}`)).toBeDefined();
        }
      });
      await Promise.all(chains);
      expect(await count(store)).toBe(100);
    });

    test('keeps its lock clock at or below the time of its entries', async (store) => {
      const envelope = await store.write(actor, (tx) => {
        expect(tx.lockNow()).toBeLessThanOrEqual(tx.now());
        return tx.record(vaultCreated('one'));
      });
      expect(envelope.lockTime).toBeLessThanOrEqual(envelope.time);
      expect(store.lockNow()).toBeGreaterThanOrEqual(envelope.lockTime);
    });

    test('finishes what it has begun when it is closed, and begins nothing more', async (store) => {
      const writes = Array.from({ length: 20 }, (_, index) =>
        recordOne(store, vaultCreated(`vault-${index}`)),
      );
      await store.close();
      expect(await Promise.all(writes)).toHaveLength(20);
      const late = recordOne(store, vaultCreated('late'));
      await expect(late).rejects.toBeInstanceOf(StoreUnavailableError);
    });
  });
}
