/**
 * Principal and NotPrincipal: whom a statement of a vault policy is about.
 *
 * `*`, an account as its digits or its root (both mean everybody in it), a user, a role (which means
 * its sessions too), or one session of a role (documented). No wildcards in names (documented).
 */
import type { Principal } from '../accounts/principal.ts';
import { chooseElement, expectObject, type PlacedText, refuseOthers, textsOf } from './elements.ts';
import { InvalidPolicyError, placeIn, quote } from './invalid-policy.ts';
import { splitArn } from './match.ts';
import type { JsonObject, JsonValue } from './strict-json.ts';

export type PrincipalTest = (principal: Principal) => boolean;

type Named =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'account'; readonly accountId: string }
  | { readonly kind: 'role'; readonly accountId: string; readonly arn: string }
  | { readonly kind: 'one'; readonly accountId: string; readonly arn: string };

const accountPattern = /^[0-9]{12}$/;
const rootPattern = /^arn:aws(?:-[a-z-]{1,20})?:iam::([0-9]{12}):root$/;
/** A name, perhaps with a path before it. */
const identityPattern =
  /^arn:aws(?:-[a-z-]{1,20})?:iam::([0-9]{12}):(user|role)\/(?:[!-#%-)+->@-~]{1,512}\/)?[A-Za-z0-9_+=,.@-]{1,64}$/;
const sessionPattern =
  /^arn:aws(?:-[a-z-]{1,20})?:sts::([0-9]{12}):assumed-role\/[A-Za-z0-9_+=,.@-]{1,64}\/[A-Za-z0-9_+=,.@-]{1,64}$/;

/** @throws InvalidPolicyError for a missing element and for principals that cannot call us */
export function parsePrincipals(
  statement: JsonObject,
  isAllow: boolean,
  place: string,
): PrincipalTest {
  const choice = chooseElement(statement, 'Principal', place);
  const listed = namesOf(choice.value, choice.place).map(parseName);
  if (!choice.isNegated) return (principal) => listed.some((it) => isNamed(it, principal));
  if (listed.some((it) => it.kind === 'everybody')) {
    throw new InvalidPolicyError(choice.place, 'leaves nobody');
  }
  const exempts = isAllow ? listed : listed.filter((it) => !isChaperon(it, listed));
  return (principal) =>
    !exempts.some((it) => isNamed(it, principal)) && !isListedRoot(principal, listed);
}

function namesOf(value: JsonValue, place: string): PlacedText[] {
  if (typeof value === 'string') {
    if (value === '*') return [{ text: '*', place }];
    throw new InvalidPolicyError(place, 'is a string other than "*"');
  }
  const object = expectObject(value, place);
  refuseOthers(object, ['AWS'], place);
  const names = object.get('AWS');
  if (names === undefined) throw new InvalidPolicyError(place, 'names nobody');
  return textsOf(names, placeIn(place, 'AWS'));
}

function parseName({ text, place }: PlacedText): Named {
  if (text === '*') return { kind: 'everybody' };
  if (accountPattern.test(text)) return { kind: 'account', accountId: text };
  const account = rootPattern.exec(text)?.[1];
  if (account !== undefined) return { kind: 'account', accountId: account };
  const [, identityAccount, kind] = identityPattern.exec(text) ?? [];
  const accountId = identityAccount ?? sessionPattern.exec(text)?.[1];
  if (accountId === undefined) {
    throw new InvalidPolicyError(place, `is not a principal: ${quote(text)}`);
  }
  return { kind: kind === 'role' ? 'role' : 'one', accountId, arn: text };
}

function isNamed(named: Named, principal: Principal): boolean {
  switch (named.kind) {
    case 'everybody':
      return true;
    case 'account':
      return named.accountId === principal.accountId;
    case 'role':
      return named.arn === principal.arn || isSessionOf(named.arn, principal.arn);
    case 'one':
      return named.arn === principal.arn;
    default:
      return named satisfies never;
  }
}

/** A session's ARN has its role's name without the path (documented). */
function isSessionOf(roleArn: string, sessionArn: string): boolean {
  const role = splitArn(roleArn);
  const session = splitArn(sessionArn);
  if (!role || !session) return false;
  const roleName = role[5]?.split('/').at(-1) ?? '';
  const [kind, sessionRole] = session[5]?.split('/') ?? [];
  const isSameAccount = role[1] === session[1] && role[4] === session[4];
  return isSameAccount && kind === 'assumed-role' && sessionRole === roleName;
}

/**
 * Amazon wants the account listed beside each user that a Deny with NotPrincipal spares
 * (documented). There it spares that user, not the whole account; alone it spares everybody in it.
 */
function isChaperon(named: Named, listed: readonly Named[]): boolean {
  if (named.kind !== 'account') return false;
  const { accountId } = named;
  return listed.some(
    (it) => (it.kind === 'one' || it.kind === 'role') && it.accountId === accountId,
  );
}

/** The root principal of an account that is listed, whether beside one of its users or alone. */
function isListedRoot(principal: Principal, listed: readonly Named[]): boolean {
  return (
    rootPattern.test(principal.arn) &&
    listed.some((it) => it.kind === 'account' && it.accountId === principal.accountId)
  );
}
