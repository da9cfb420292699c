/** What stands between a proven caller and an operation: whose account it is, and the policies. */
import type { Principal } from '../accounts/principal.ts';
import { GlacierError } from '../api/errors.ts';
import type { Operation, OperationName } from '../api/operations.ts';
import type { Service } from '../operation.ts';
import { findAccount } from '../storage/metadata/queries/accounts.ts';
import { findArchive } from '../storage/metadata/queries/archives.ts';
import type { ArchiveRow, VaultRow } from '../storage/metadata/schema.ts';
import { type Caller, requirePermission } from './require-permission.ts';

/**
 * The account that a path names: `-` is the caller's own. Another's is a matter of the vault's
 * policies, for operations that may go there at all.
 *
 * @throws GlacierError AccessDeniedException (observed)
 */
export async function resolveAccount(
  { metadata }: Service,
  segment: string,
  principal: Principal,
  operation: Operation,
): Promise<string> {
  if (segment === '-' || segment === principal.accountId) return principal.accountId;
  const isKnown =
    !operation.isOwnAccountOnly &&
    (await metadata.read((tx) => tx.first(findAccount, { accountId: segment })));
  if (isKnown) return segment;
  throw new GlacierError('AccessDeniedException', `Access denied for account ID: ${segment}`);
}

export interface AuthorizedAction {
  readonly caller: Caller;
  readonly action: OperationName;
  readonly resourceArn: string;
  readonly vault: VaultRow | undefined;
  /** The archive that the request names, whether it exists or not. */
  readonly archiveId: string | undefined;
}

/**
 * Asked before a request is handled. Whether a vault or archive exists is not told to those who may
 * not know.
 *
 * @throws GlacierError AccessDeniedException
 */
export async function authorize(
  { metadata, clock }: Service,
  { archiveId, vault, ...action }: AuthorizedAction,
): Promise<void> {
  await metadata.read(async (tx) => {
    const found = archiveId === undefined ? undefined : await tx.first(findArchive, { archiveId });
    await requirePermission(tx, {
      ...action,
      vault,
      archive: archiveIn(vault, found),
      now: clock.now(),
      lockNow: metadata.lockNow(),
    });
  });
}

function archiveIn(
  vault: VaultRow | undefined,
  archive: ArchiveRow | undefined,
): ArchiveRow | undefined {
  return archive?.vault_sequence === vault?.sequence ? archive : undefined;
}
