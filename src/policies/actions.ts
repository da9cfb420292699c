/**
 * Action and NotAction: which of the operations a statement is about. The names are those of the
 * operation table; case does not matter, `*` and `?` are wildcards (documented).
 */
import { type OperationName, operations } from '../api/operations.ts';
import { chooseElement, type PlacedText, textsOf } from './elements.ts';
import { InvalidPolicyError, quote } from './invalid-policy.ts';
import { matchesWildcard, subjectOf, wildcardOf } from './match.ts';
import type { JsonObject } from './strict-json.ts';

const operationNames = Object.keys(operations) as OperationName[];

/**
 * Whether the policies of a vault have a say: in every operation that names a vault, but for
 * CreateVault (documented).
 */
export function isGovernedByVault(action: OperationName): boolean {
  const { resource } = operations[action];
  return (resource === 'vault' || resource === 'vault-name') && action !== 'CreateVault';
}

/**
 * @throws InvalidPolicyError for an action that Glacier does not have, and for a statement that is
 *   about no action at all
 */
export function parseActions(
  statement: JsonObject,
  isVaultPolicy: boolean,
  place: string,
): ReadonlySet<OperationName> {
  const choice = chooseElement(statement, 'Action', place);
  const named = new Set(textsOf(choice.value, choice.place).flatMap(operationsNamed));
  const actions = operationNames.filter((it) => named.has(it) !== choice.isNegated);
  if (actions.length === 0) throw new InvalidPolicyError(choice.place, 'leaves no action');
  if (isVaultPolicy && !actions.some(isGovernedByVault)) {
    throw new InvalidPolicyError(choice.place, 'has no action that a vault policy governs');
  }
  return new Set(actions);
}

function operationsNamed({ text, place }: PlacedText): OperationName[] {
  if (text === '*') return operationNames;
  const [service, name, ...rest] = text.toLowerCase().split(':');
  if (service !== 'glacier' || name === undefined || rest.length > 0) {
    throw new InvalidPolicyError(place, `is not an action of glacier: ${quote(text)}`);
  }
  const wildcard = wildcardOf(name);
  const named = operationNames.filter((it) =>
    matchesWildcard(wildcard, subjectOf(it.toLowerCase())),
  );
  if (named.length === 0) {
    throw new InvalidPolicyError(place, `is no action that Glacier has: ${quote(text)}`);
  }
  return named;
}
