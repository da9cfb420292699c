/** What stands between a proven caller and an operation: whose account it is, and the policies. */
import type { Principal } from '../accounts/principal.ts';
import { GlacierError } from '../api/errors.ts';
import type { OperationName } from '../api/operations.ts';
import type { Service } from '../operation.ts';
import { findArchive } from '../storage/metadata/queries/archives.ts';
import type { ArchiveRow, VaultRow } from '../storage/metadata/schema.ts';
import { type Caller, requirePermission } from './require-permission.ts';

/**
 * The account that a path names: `-` is the caller's own. Another's needs a policy that lets the
 * caller in, and only root principals of the one account sign yet.
 *
 * @throws GlacierError AccessDeniedException (observed)
 */
export function resolveAccount(segment: string, principal: Principal): string {
  if (segment === '-' || segment === principal.accountId) return principal.accountId;
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
