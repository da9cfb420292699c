/**
 * The condition keys that requests to Glacier carry (documented). Their names are case-insensitive,
 * the keys of tags in them too.
 *
 * A key outside of this table makes a policy invalid, and so does an operator that can never fit the
 * key's values: a lock that silently does nothing is the worst outcome.
 */

/** What a request says about itself: lower-case key -> its values. A key without values is missing. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/**
 * Values of requests are compared up to here (chosen). All but user agents are shorter; without a
 * bound a policy full of wildcards and a long user agent would keep the server busy for seconds.
 */
export const valueCharacters = 1_024;

/** What an operator compares. */
export type ComparisonKind = 'text' | 'number' | 'date' | 'flag' | 'address' | 'arn' | 'presence';

export interface ConditionKey {
  /** Lower case, as it is looked up in the request. */
  readonly name: string;
  /** Text and presence fit every key. */
  readonly fits: ReadonlySet<ComparisonKind>;
}

/** A free text may hold a number, a date, an ARN. */
const freeText: readonly ComparisonKind[] = ['number', 'date', 'flag', 'address', 'arn'];

const keys: ReadonlyMap<string, readonly ComparisonKind[]> = new Map([
  ['glacier:archiveageindays', ['number']],
  ['aws:currenttime', ['date']],
  ['aws:epochtime', ['date', 'number']],
  ['aws:sourceip', ['address']],
  ['aws:securetransport', ['flag']],
  ['aws:useragent', freeText],
  ['aws:principalarn', ['arn']],
  ['aws:principalaccount', freeText],
  ['aws:userid', freeText],
  ['aws:username', freeText],
  ['aws:principaltype', freeText],
  ['aws:multifactorauthpresent', ['flag']],
  ['aws:multifactorauthage', ['number']],
]);

/** Keys that end in the key of a tag. */
const tagKeys = ['glacier:resourcetag/', 'aws:principaltag/'] as const;
const tagKeyCharacters = 128;

/** @returns undefined for a key that no request has */
export function conditionKey(text: string): ConditionKey | undefined {
  const name = text.toLowerCase();
  const kinds = keys.get(name) ?? (isTagKey(name) ? freeText : undefined);
  return kinds && { name, fits: new Set<ComparisonKind>(['text', 'presence', ...kinds]) };
}

function isTagKey(name: string): boolean {
  const start = tagKeys.find((it) => name.startsWith(it));
  if (start === undefined) return false;
  const characters = name.length - start.length;
  return characters >= 1 && characters <= tagKeyCharacters;
}
