/** The certificate that receivers verify envelopes with: made once, kept in the store. */
import type { SecretSealer } from '../accounts/sealed-secret.ts';
import type { Actor } from '../storage/metadata/entries.ts';
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';
import { findSigningCertificate } from '../storage/metadata/queries/notifications.ts';

/** What the sealed key is bound to, in the place of an access key's id. */
const sealedFor = 'signing-certificate';

export interface CertificateAndKey {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The store's certificate; a new one when there is none, or its key was sealed with another key. */
export async function requireSigningCertificate(
  { metadata, sealer }: { readonly metadata: MetadataStore; readonly sealer: SecretSealer },
  actor: Actor,
  make: () => Promise<CertificateAndKey>,
): Promise<CertificateAndKey> {
  const row = await metadata.read((tx) => tx.first(findSigningCertificate, {}));
  const privateKeyPem = row && sealer.open(row.sealed_private_key, sealedFor);
  if (row && privateKeyPem !== undefined) return { certificatePem: row.certificate, privateKeyPem };
  const made = await make();
  const data = {
    certificate: made.certificatePem,
    sealedPrivateKey: sealer.seal(made.privateKeyPem, sealedFor),
  };
  await metadata.write(actor, (tx) => tx.record({ kind: 'SigningCertificateCreated', data }));
  return made;
}
