/**
 * May this principal do this?
 *
 * Until there are policies there are only root principals, who may do everything in their own
 * account; whoever is not one is denied.
 */
import { isRoot, type Principal } from '../accounts/principal.ts';
import { GlacierError } from '../api/errors.ts';
import type { OperationName } from '../api/operations.ts';

/** @throws GlacierError AccessDeniedException, in Amazon's words (observed) */
export function authorize(principal: Principal, name: OperationName, resourceArn: string): void {
  if (isRoot(principal)) return;
  throw new GlacierError(
    'AccessDeniedException',
    `User: ${principal.arn} is not authorized to perform: glacier:${name} on resource: ${resourceArn} because no identity-based policy allows the glacier:${name} action`,
  );
}

/**
 * The account that a path names: `-` is the caller's own. Another's needs a policy that lets the
 * caller in, and there is none.
 *
 * @throws GlacierError AccessDeniedException (observed)
 */
export function resolveAccount(segment: string, principal: Principal): string {
  if (segment === '-' || segment === principal.accountId) return principal.accountId;
  throw new GlacierError('AccessDeniedException', `Access denied for account ID: ${segment}`);
}
