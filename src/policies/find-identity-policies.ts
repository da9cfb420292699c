/** The identity policies of a caller. */
import type { Principal } from '../accounts/principal.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { listUserPolicies } from '../storage/metadata/queries/accounts.ts';
import { CompiledPolicies } from './compiled-policies.ts';
import type { Policy } from './policy-document.ts';

const compiled = new CompiledPolicies('identity');

/** None for the root, which needs none. */
export async function findIdentityPolicies(
  tx: Reader,
  { accountId, user }: Principal,
): Promise<readonly Policy<'identity'>[]> {
  if (!user) return [];
  const rows = await tx.all(listUserPolicies, { accountId, userName: user.userName });
  return rows.map((row) => compiled.get(row.policy));
}
