/**
 * Secrets at rest: sealed with AES-256-GCM under a key that is kept outside the store, so that a copy
 * of the store alone gives none of them away.
 *
 * A sealed secret is base64 of: nonce (12 bytes), tag (16 bytes), ciphertext. It is bound to the
 * access key id that it belongs to.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export const sealingKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const cipher = 'aes-256-gcm';

export class SecretSealer {
  readonly #key: Buffer;

  /** @param key 32 random bytes */
  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(secret: string, accessKeyId: string): string {
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, this.#key, nonce).setAAD(Buffer.from(accessKeyId));
    const ciphertext = Buffer.concat([encryption.update(secret, 'utf8'), encryption.final()]);
    return Buffer.concat([nonce, encryption.getAuthTag(), ciphertext]).toString('base64');
  }

  /** The secret, or undefined when it was sealed with another key or was changed. */
  open(sealed: string, accessKeyId: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    const nonce = bytes.subarray(0, nonceBytes);
    const tag = bytes.subarray(nonceBytes, nonceBytes + tagBytes);
    try {
      const decryption = createDecipheriv(cipher, this.#key, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.from(accessKeyId))
        .setAuthTag(tag);
      const secret = decryption.update(bytes.subarray(nonceBytes + tagBytes));
      return Buffer.concat([secret, decryption.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}
