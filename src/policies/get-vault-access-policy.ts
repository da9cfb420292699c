import { notFound } from '../api/errors.ts';
import type { Handler } from '../operation.ts';

/** The text as it was set. 404 when none is (observed). */
export const getVaultAccessPolicy: Handler<'GetVaultAccessPolicy'> = async (_input, { vault }) => {
  if (vault.access_policy !== null) return { body: { Policy: vault.access_policy } };
  throw notFound(`No vault access policy is set for: ${vault.vault_name}`);
};
