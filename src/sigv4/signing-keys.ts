/**
 * The signing keys of the day, kept because deriving one costs more than all the rest of checking
 * a signature. A key is found by everything that it is derived from, the secret included, so a
 * secret that was changed or withdrawn can never be answered from here.
 */

import { randomBytes } from 'node:crypto';
import { deriveSigningKey, type SigningKeyParts } from './canonical.ts';

export class SigningKeys {
  readonly #capacity: number;
  readonly #keys = new Map<string, Uint8Array>();
  readonly #decoySecret = randomBytes(30).toString('base64');

  /** `capacity` bounds how many keys are kept (a few hundred bytes each); the idlest goes first. */
  constructor(capacity = 1024) {
    this.#capacity = capacity;
  }

  /** The 32 bytes that the signature is an HMAC under. */
  async get(parts: SigningKeyParts): Promise<Uint8Array> {
    const name = `${parts.scopeDate}/${parts.region}/${parts.accessKeyId}/${parts.secretAccessKey}`;
    const key = this.#keys.get(name) ?? (await deriveSigningKey(parts));
    // A Map remembers the order of insertion: what was used last goes to the end.
    this.#keys.delete(name);
    this.#keys.set(name, key);
    this.#dropIdlest();
    return key;
  }

  /**
   * A key that nobody can have signed with, for requests whose access key is unknown. It is one
   * for all of them, so that strangers cannot push other keys out, and it is kept like any other,
   * so that the look-up takes as long as that of a known access key.
   */
  getDecoy(scopeDate: string, region: string): Promise<Uint8Array> {
    return this.get({ accessKeyId: '', secretAccessKey: this.#decoySecret, scopeDate, region });
  }

  #dropIdlest(): void {
    if (this.#keys.size > this.#capacity) {
      const [idlest] = this.#keys.keys();
      this.#keys.delete(String(idlest));
    }
  }
}
