/**
 * Secrets at rest: sealed with AES-256-GCM under a key that is kept outside the store, so that a copy
 * of the store alone gives none of them away.
 *
 * A sealed secret is base64 of: nonce (12 bytes), tag (16 bytes), ciphertext. It is bound to what it
 * belongs to, of an access key its id and its principal: nobody gives it to somebody else.
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

  seal(secret: string, boundTo: string): string {
    const nonce = randomBytes(nonceBytes);
    const encryption = createCipheriv(cipher, this.#key, nonce).setAAD(Buffer.from(boundTo));
    const ciphertext = Buffer.concat([encryption.update(secret, 'utf8'), encryption.final()]);
    return Buffer.concat([nonce, encryption.getAuthTag(), ciphertext]).toString('base64');
  }

  /** The secret, or undefined when it was sealed with another key or was changed. */
  open(sealed: string, boundTo: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    const nonce = bytes.subarray(0, nonceBytes);
    const tag = bytes.subarray(nonceBytes, nonceBytes + tagBytes);
    try {
      const decryption = createDecipheriv(cipher, this.#key, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.from(boundTo))
        .setAuthTag(tag);
      const secret = decryption.update(bytes.subarray(nonceBytes + tagBytes));
      return Buffer.concat([secret, decryption.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }
}

/** What the secret of an access key is bound to. */
export function accessKeyBinding(accessKeyId: string, principalArn: string): string {
  return `${accessKeyId} ${principalArn}`;
}

/**
 * The secret of an access key. The first release had only roots, and bound theirs to the id alone.
 *
 * @returns undefined when it was sealed with another key, or for another principal
 */
export function openAccessKey(
  sealer: SecretSealer,
  sealed: string,
  accessKeyId: string,
  principalArn: string,
): string | undefined {
  const secret = sealer.open(sealed, accessKeyBinding(accessKeyId, principalArn));
  if (secret !== undefined || !principalArn.endsWith(':root')) return secret;
  return sealer.open(sealed, accessKeyId);
}
