/**
 * Resource and NotResource: ARNs with wildcards, component by component; components missing at the
 * end count as `*` (documented).
 */
import type { RequestContext } from './condition-keys.ts';
import { type Choice, chooseElement, type PlacedText, textsOf } from './elements.ts';
import { InvalidPolicyError, quote } from './invalid-policy.ts';
import { matchesWildcard, subjectOf, wildcardOf } from './match.ts';
import type { JsonObject } from './strict-json.ts';
import { arnTest, namesVariable } from './text-pattern.ts';

export type ResourceTest = (resourceArn: string, context: RequestContext) => boolean;

export interface ResourceRules {
  readonly hasVariables: boolean;
  readonly isAllow: boolean;
  /** The vault whose policy it is. */
  readonly vaultArn: string | undefined;
}

/** @throws InvalidPolicyError for what is no ARN of Glacier, or in a vault policy not this vault's */
export function parseResources(
  statement: JsonObject,
  rules: ResourceRules,
  place: string,
): ResourceTest {
  const choice = chooseElement(statement, 'Resource', place);
  const { isNegated } = choice;
  const resources = textsOf(choice.value, choice.place);
  for (const it of resources) judgeResource(it, choice, rules);
  const test = arnTest(resources, { hasVariables: rules.hasVariables, isCompleted: true });
  const matchesUnresolved = rules.isAllow && isNegated;
  return (resourceArn, context) => test(resourceArn, { context, matchesUnresolved }) !== isNegated;
}

function judgeResource(resource: PlacedText, choice: Choice, rules: ResourceRules): void {
  const { text, place } = resource;
  const { hasVariables, vaultArn } = rules;
  refuseOtherServices(resource);
  if (vaultArn === undefined) {
    if (choice.isNegated && text === '*') throw new InvalidPolicyError(place, 'leaves no resource');
    return;
  }
  if (hasVariables && namesVariable(text, place)) {
    throw new InvalidPolicyError(place, 'has a variable, so it may not cover the vault');
  }
  const test = arnTest([resource], { hasVariables, isCompleted: true });
  const coversVault = test(vaultArn, { context: new Map(), matchesUnresolved: false });
  if (coversVault === choice.isNegated) {
    const verb = choice.isNegated ? 'covers' : 'does not cover';
    throw new InvalidPolicyError(place, `${verb} the vault ${vaultArn}: ${quote(text)}`);
  }
}

/** An ARN that no resource of Glacier can have would make the statement do nothing. */
function refuseOtherServices({ text, place }: PlacedText): void {
  const [, , service = '*'] = text.split(':');
  if (!matchesWildcard(wildcardOf(service), subjectOf('glacier'))) {
    throw new InvalidPolicyError(place, `is not a resource of glacier: ${quote(text)}`);
  }
}
