/** Who is calling. */
import { rootArn } from '../lib/arn.ts';

export interface Principal {
  readonly accountId: string;
  readonly arn: string;
  /** Absent for the root. */
  readonly user?: { readonly userName: string; readonly userId: string };
  /** Signs with temporary credentials. */
  readonly isTemporary?: true;
}

/** The root principal may do everything in its own account that no policy denies. */
export function isRoot(principal: Principal): boolean {
  return principal.arn === rootArn(principal.accountId);
}
