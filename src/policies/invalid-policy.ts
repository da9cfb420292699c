/** Why a policy was refused, and where in it. */

/** A policy that is not understood whole. It is refused when it is set, never half obeyed. */
export class InvalidPolicyError extends Error {
  override readonly name = 'InvalidPolicyError';
  /** For example `Statement[0].Condition.NumericLessThan`; `Policy` for the document itself. */
  readonly place: string;
  readonly reason: string;

  constructor(place: string, reason: string) {
    const named = place === '' ? 'Policy' : place;
    super(`${named}: ${reason}`);
    this.place = named;
    this.reason = reason;
  }
}

/** Keys and values that come from a policy are cut to this, so that answers and logs stay short. */
const quotedCharacters = 80;

/** Text of a policy for a sentence: in quotes, escaped, cut. */
export function quote(text: string): string {
  const cut = text.length > quotedCharacters ? `${text.slice(0, quotedCharacters)}…` : text;
  return JSON.stringify(cut);
}

/** The place of a member or an item inside another place; the document itself is ''. */
export function placeIn(place: string, key: string | number): string {
  if (typeof key === 'number') return `${place}[${key}]`;
  if (!/^[A-Za-z0-9_:./=+@-]{1,160}$/.test(key)) return `${place}[${quote(key)}]`;
  return place === '' ? key : `${place}.${key}`;
}
