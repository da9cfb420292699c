/**
 * Policies in IAM's JSON: read, judged and compiled when they are set.
 *
 * Two kinds: an identity policy belongs to a user and has no Principal; a vault policy (access or
 * lock) belongs to a vault, names principals, and may name no other vault. Whatever is not
 * understood is refused here, because what evaluation skips would be a lock that does nothing.
 */
import type { OperationName } from '../api/operations.ts';
import { parseActions } from './actions.ts';
import { type Condition, parseConditions } from './conditions.ts';
import { expectObject, expectText, refuseOthers } from './elements.ts';
import { InvalidPolicyError, placeIn, quote } from './invalid-policy.ts';
import { type PrincipalTest, parsePrincipals } from './principals.ts';
import { parseResources, type ResourceTest } from './resources.ts';
import { type JsonObject, type JsonValue, parseStrictJson, printJson } from './strict-json.ts';

export type PolicyKind = 'identity' | 'vault';

export interface Policy<Kind extends PolicyKind = PolicyKind> {
  readonly kind: Kind;
  readonly statements: readonly Statement[];
  /** As it was written, for printing. */
  readonly document: JsonObject;
}

export interface Statement {
  /** Its Sid, or its place if it has none. */
  readonly name: string;
  readonly effect: 'Allow' | 'Deny';
  readonly isAbout: PrincipalTest;
  readonly actions: ReadonlySet<OperationName>;
  readonly covers: ResourceTest;
  readonly conditions: readonly Condition[];
}

/** Of UTF-8 (documented for vault policies as 20 KB; chosen for identity policies). */
export const policyBytes = 20_480;

const policyElements = ['Version', 'Id', 'Statement'];
const statementElements = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

interface Rules {
  readonly kind: PolicyKind;
  readonly vaultArn: string | undefined;
  /** Policy variables are of Version 2012-10-17 (documented). */
  readonly hasVariables: boolean;
}

/**
 * @param vaultArn of the vault that a vault policy belongs to; each Resource must cover it. Without
 *   it that check is left out, as for a policy that was judged when it was set.
 * @throws InvalidPolicyError with the place and the reason
 */
export function parsePolicy<Kind extends PolicyKind>(
  text: string,
  kind: Kind,
  vaultArn?: string,
): Policy<Kind> {
  if (Buffer.byteLength(text) > policyBytes) {
    throw new InvalidPolicyError('', `is longer than ${policyBytes} bytes`);
  }
  const document = expectObject(parseStrictJson(text), '');
  refuseOthers(document, policyElements, '');
  const id = document.get('Id');
  if (id !== undefined) expectText(id, 'Id');
  const hasVariables = parseVersion(document.get('Version')) === '2012-10-17';
  const rules = { kind, hasVariables, vaultArn: kind === 'vault' ? vaultArn : undefined };
  return { kind, document, statements: parseStatements(document.get('Statement'), rules) };
}

/** The policy as JSON without spaces. Parsed again it decides the same. */
export function printPolicy(policy: Policy): string {
  return printJson(policy.document);
}

/** Absent it is the old one (documented). */
function parseVersion(value: JsonValue = '2008-10-17'): string {
  const version = expectText(value, 'Version');
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw new InvalidPolicyError('Version', `is not known: ${quote(version)}`);
  }
  return version;
}

function parseStatements(value: JsonValue | undefined, rules: Rules): Statement[] {
  const place = 'Statement';
  if (value === undefined) throw new InvalidPolicyError(place, 'is missing');
  if (!Array.isArray(value)) return [parseStatement(value, rules, place)];
  if (value.length === 0) throw new InvalidPolicyError(place, 'is empty');
  return value.map((it, index) => parseStatement(it, rules, placeIn(place, index)));
}

function parseStatement(value: JsonValue, rules: Rules, place: string): Statement {
  const statement = expectObject(value, place);
  refuseOthers(statement, statementElements, place);
  const effect = parseEffect(statement.get('Effect'), placeIn(place, 'Effect'));
  const isAllow = effect === 'Allow';
  const { kind, hasVariables, vaultArn } = rules;
  return {
    name: parseSid(statement.get('Sid'), place),
    effect,
    isAbout:
      kind === 'vault'
        ? parsePrincipals(statement, isAllow, place)
        : refusePrincipals(statement, place),
    actions: parseActions(statement, kind === 'vault', place),
    covers: parseResources(statement, { hasVariables, isAllow, vaultArn }, place),
    conditions: parseConditions(
      statement.get('Condition'),
      hasVariables,
      placeIn(place, 'Condition'),
    ),
  };
}

function parseSid(value: JsonValue | undefined, place: string): string {
  if (value === undefined) return place;
  const sid = expectText(value, placeIn(place, 'Sid'));
  return sid === '' ? place : sid;
}

function parseEffect(value: JsonValue | undefined, place: string): 'Allow' | 'Deny' {
  if (value === undefined) throw new InvalidPolicyError(place, 'is missing');
  const effect = expectText(value, place);
  if (effect === 'Allow' || effect === 'Deny') return effect;
  throw new InvalidPolicyError(place, `is neither "Allow" nor "Deny": ${quote(effect)}`);
}

/** An identity policy is about whom it is attached to. */
function refusePrincipals(statement: JsonObject, place: string): PrincipalTest {
  for (const key of ['Principal', 'NotPrincipal']) {
    if (statement.has(key)) {
      throw new InvalidPolicyError(placeIn(place, key), 'has no place in an identity policy');
    }
  }
  return () => true;
}
