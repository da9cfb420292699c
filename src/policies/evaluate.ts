/**
 * May this principal do this? The one answer, for requests, the vault lock and simulations.
 *
 * All policies that apply are looked at together, so neither their order nor that of their
 * statements matters (documented):
 * 1. a Deny that matches, anywhere, refuses: nobody is above it, the root principal neither;
 * 2. in the vault's own account one Allow is enough, in an identity policy or in the vault's; the
 *    root principal has one by default;
 * 3. from another account there must be one on both sides;
 * 4. whatever is left is refused.
 * An account-level operation and CreateVault are not the vault's policies' business.
 */
import { isRoot, type Principal } from '../accounts/principal.ts';
import type { OperationName } from '../api/operations.ts';
import { isGovernedByVault } from './actions.ts';
import type { RequestContext } from './condition-keys.ts';
import { conditionsHold } from './conditions.ts';
import { splitArn } from './match.ts';
import type { Policy, Statement } from './policy-document.ts';

export interface AccessRequest {
  readonly principal: Principal;
  readonly action: OperationName;
  /** Its account is the one that owns the resource. */
  readonly resourceArn: string;
  readonly context: RequestContext;
  /**
   * What a vault lock sees in its place: there the time is that of the lock clock, so that moving the
   * wall clock frees nothing (chosen).
   */
  readonly lockContext?: RequestContext;
  readonly policies: ApplicablePolicies;
}

export interface ApplicablePolicies {
  /** Of the caller. */
  readonly identity: readonly Policy<'identity'>[];
  readonly vaultAccess?: Policy<'vault'> | undefined;
  /** In its trial as well as locked (documented). */
  readonly vaultLock?: Policy<'vault'> | undefined;
}

/** Where a decision came from, or where an Allow was missing. */
export type DecisionSource = 'identity' | 'vault-access' | 'vault-lock' | 'root';

export interface Decision {
  readonly isAllowed: boolean;
  readonly reason: 'explicit-deny' | 'no-allow' | 'allowed';
  readonly source: DecisionSource;
  /** Sid, or place, of the statement that decided. */
  readonly statementId?: string;
}

interface Finding {
  readonly source: DecisionSource;
  readonly statementId?: string;
}

export function evaluate(request: AccessRequest): Decision {
  const denied = findInVault(request, 'Deny') ?? findInIdentity(request, 'Deny');
  if (denied) return { isAllowed: false, reason: 'explicit-deny', ...denied };
  const byIdentity = isRoot(request.principal)
    ? ({ source: 'root' } as const)
    : findInIdentity(request, 'Allow');
  const byVault = findInVault(request, 'Allow');
  const isOwnAccount = splitArn(request.resourceArn)?.[4] === request.principal.accountId;
  const allowed = isOwnAccount ? (byIdentity ?? byVault) : byIdentity && byVault;
  if (allowed) return { isAllowed: true, reason: 'allowed', ...allowed };
  const source = byIdentity ? 'vault-access' : 'identity';
  return { isAllowed: false, reason: 'no-allow', source };
}

/** The lock's policy is looked at first: its Deny is the one that nobody can lift. */
function findInVault(request: AccessRequest, effect: Statement['effect']): Finding | undefined {
  const { vaultAccess, vaultLock } = request.policies;
  if (!isGovernedByVault(request.action)) return undefined;
  const { lockContext: context = request.context } = request;
  return (
    findIn(vaultLock, { ...request, context }, effect, 'vault-lock') ??
    findIn(vaultAccess, request, effect, 'vault-access')
  );
}

function findInIdentity(request: AccessRequest, effect: Statement['effect']): Finding | undefined {
  for (const policy of request.policies.identity) {
    const finding = findIn(policy, request, effect, 'identity');
    if (finding) return finding;
  }
  return undefined;
}

function findIn(
  policy: Policy | undefined,
  request: AccessRequest,
  effect: Statement['effect'],
  source: DecisionSource,
): Finding | undefined {
  const found = policy?.statements.find(
    (it) => it.effect === effect && statementMatches(it, request),
  );
  return found && { source, statementId: found.name };
}

function statementMatches(statement: Statement, request: AccessRequest): boolean {
  const { principal, action, resourceArn, context } = request;
  return (
    statement.actions.has(action) &&
    statement.isAbout(principal) &&
    statement.covers(resourceArn, context) &&
    conditionsHold(statement.conditions, context, statement.effect === 'Allow')
  );
}

/** The text of an AccessDeniedException (observed at Glacier and, for a Deny, at its siblings). */
export function accessDeniedMessage(
  request: Pick<AccessRequest, 'principal' | 'action' | 'resourceArn'>,
  decision: Decision,
): string {
  const { principal, action, resourceArn } = request;
  const start = `User: ${principal.arn} is not authorized to perform: glacier:${action} on resource: ${resourceArn}`;
  const isIdentity = decision.source === 'identity' || decision.source === 'root';
  if (decision.reason === 'explicit-deny') {
    const policy = isIdentity ? 'an identity-based policy' : 'a resource-based policy';
    return `${start} with an explicit deny in ${policy}`;
  }
  const kind = isIdentity ? 'identity-based' : 'resource-based';
  return `${start} because no ${kind} policy allows the glacier:${action} action`;
}
