/** What can be wrong with a store. The edge answers each of them as an unavailable service. */

/** The change cannot be made now: disk full, store read-only, or on its way down. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** What is on disk contradicts itself. Says what and where; nothing was changed. */
export class StoreDamagedError extends Error {
  override readonly name = 'StoreDamagedError';
}

/** The bytes that arrived are not those that were announced. Nothing of them is kept. */
export class ContentMismatchError extends Error {
  override readonly name = 'ContentMismatchError';
  readonly computed: { readonly linearHash: string; readonly treeHash: string };

  constructor(computed: { readonly linearHash: string; readonly treeHash: string }) {
    super(`The content's hashes differ from those expected; its tree hash is ${computed.treeHash}`);
    this.computed = computed;
  }
}

/** Stored bytes that no longer match their hash, or are gone. They are never given out. */
export class BlobDamagedError extends Error {
  override readonly name = 'BlobDamagedError';
}

/** What is said of a vault whose records somebody has changed. */
export function changedRecords(vault: { vault_name: string; account_id: string }): string {
  return `The records of vault ${vault.vault_name} in account ${vault.account_id} are not as the journal made them: nothing is changed in it. Stop the server, move view.sqlite aside, and start: it is made anew from the journal`;
}
