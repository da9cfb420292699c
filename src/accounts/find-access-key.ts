/** The access keys in the store, and their secrets as long as somebody signs with them. */
import { rootArn, userArn } from '../lib/arn.ts';
import type { Clock } from '../lib/clock.ts';
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';
import { findAccessKey, type OwnedAccessKeyRow } from '../storage/metadata/queries/access-keys.ts';
import { isRightToken } from './access-key.ts';
import type { Principal } from './principal.ts';
import { accessKeyBinding, openAccessKey, type SecretSealer } from './sealed-secret.ts';

/** Opened secrets that are kept in memory. */
const keptSecrets = 1024;

/** A key that may sign. */
export interface KnownKey {
  readonly principal: Principal;
  readonly secretAccessKey: string;
  /** Of temporary credentials: they were good once. */
  readonly isExpired: boolean;
}

interface AccessKeysOptions {
  readonly metadata: MetadataStore;
  readonly sealer: SecretSealer;
  /** By which sessions end. */
  readonly clock: Clock;
}

export class AccessKeys {
  readonly #options: AccessKeysOptions;
  readonly #opened = new Map<string, string>();

  constructor(options: AccessKeysOptions) {
    this.#options = options;
  }

  /**
   * The key as it is now; undefined when there is none, it is inactive, its secret cannot be opened,
   * or the session token is not the one that belongs to it.
   */
  async find(accessKeyId: string, sessionToken: string | undefined): Promise<KnownKey | undefined> {
    const { metadata, clock } = this.#options;
    const row = await metadata.read((tx) => tx.first(findAccessKey, { accessKeyId }));
    if (row?.status !== 'Active' || !isRightToken(sessionToken, row.token_hash)) return undefined;
    const principal = principalOf(row);
    const secretAccessKey = principal && this.#open(row.sealed_secret, accessKeyId, principal);
    if (!principal || secretAccessKey === undefined) return undefined;
    const isExpired = row.expires_at !== null && row.expires_at <= clock.now();
    return { principal, secretAccessKey, isExpired };
  }

  #open(sealed: string, accessKeyId: string, { arn }: Principal): string | undefined {
    const name = accessKeyBinding(accessKeyId, `${arn} ${sealed}`);
    const kept = this.#opened.get(name);
    if (kept !== undefined) return kept;
    const secret = openAccessKey(this.#options.sealer, sealed, accessKeyId, arn);
    if (secret === undefined) return undefined;
    if (this.#opened.size >= keptSecrets) this.#opened.clear();
    this.#opened.set(name, secret);
    return secret;
  }
}

/** Whose key it is; undefined when its user is gone. */
function principalOf(row: OwnedAccessKeyRow): Principal | undefined {
  const { account_id: accountId, user_name: userName, user_id: userId } = row;
  const common = { accountId, ...(row.token_hash !== null && { isTemporary: true as const }) };
  if (userName === null) return { ...common, arn: rootArn(accountId) };
  if (userId === null) return undefined;
  return { ...common, arn: userArn(accountId, userName), user: { userName, userId } };
}
