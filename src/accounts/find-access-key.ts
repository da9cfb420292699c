/** The access keys in the store, and their secrets as long as somebody signs with them. */
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';
import { findAccessKey } from '../storage/metadata/queries/accounts.ts';
import type { Principal } from './principal.ts';
import type { SecretSealer } from './sealed-secret.ts';

/** Opened secrets that are kept in memory. */
const keptSecrets = 1024;

export class AccessKeys {
  readonly #metadata: MetadataStore;
  readonly #sealer: SecretSealer;
  readonly #opened = new Map<string, string>();

  constructor(metadata: MetadataStore, sealer: SecretSealer) {
    this.#metadata = metadata;
    this.#sealer = sealer;
  }

  /** The key as it is now; undefined when there is none, or its secret cannot be opened. */
  async find(
    accessKeyId: string,
  ): Promise<{ principal: Principal; secretAccessKey: string } | undefined> {
    const row = await this.#metadata.read((tx) => tx.first(findAccessKey, { accessKeyId }));
    if (!row) return undefined;
    const secretAccessKey = this.#open(row.sealed_secret, accessKeyId);
    if (secretAccessKey === undefined) return undefined;
    return {
      principal: { accountId: row.account_id, arn: row.principal_arn },
      secretAccessKey,
    };
  }

  #open(sealed: string, accessKeyId: string): string | undefined {
    const name = `${accessKeyId} ${sealed}`;
    const kept = this.#opened.get(name);
    if (kept !== undefined) return kept;
    const secret = this.#sealer.open(sealed, accessKeyId);
    if (secret === undefined) return undefined;
    if (this.#opened.size >= keptSecrets) this.#opened.clear();
    this.#opened.set(name, secret);
    return secret;
  }
}
