/**
 * Wildcards: `*` stands for any run of characters, `?` for any one (documented). A character is a
 * Unicode code point (chosen).
 *
 * No regular expression is built from input and nothing backtracks. A pattern is cut at its `*`.
 * What stands before the first and behind the last is compared in place. A piece between two is
 * looked for from the left, and the first find is kept, which is right because a run may be of any
 * length. The search keeps all candidates at once as bits (Baeza-Yates and Gonnet's shift-and), so
 * each character of the text is looked at once, for ⌈piece / 32⌉ words.
 */

/** A pattern: code points, and these two. */
export type Pattern = readonly number[];
export const anyCharacter = -1;
export const anyRun = -2;

/** Told how many elementary steps a match took. Only tests listen. */
export type StepListener = (steps: number) => void;

/** A pattern made ready. */
export interface Wildcard {
  readonly prefix: Pattern;
  readonly pieces: readonly Piece[];
  /** Undefined when there is no `*`: the prefix is all. */
  readonly suffix: Pattern | undefined;
  readonly fewestCharacters: number;
}

/** A part between two `*`. Bit n of a mask: the character may stand at position n of the piece. */
interface Piece {
  readonly masks: ReadonlyMap<number, Uint32Array>;
  readonly maskOfOthers: Uint32Array;
  readonly lastBit: number;
}

export function codePointsOf(text: string): number[] {
  const points: number[] = [];
  for (const character of text) points.push(character.codePointAt(0) ?? 0);
  return points;
}

/** Reads `*` and `?` as wildcards. */
export function wildcardOf(text: string): Wildcard {
  return compileWildcard(codePointsOf(text).map(wildcardToken));
}

/** What a character of a pattern stands for. */
export function wildcardToken(point: number): number {
  if (point === 0x2a) return anyRun;
  return point === 0x3f ? anyCharacter : point;
}

export function compileWildcard(pattern: Pattern): Wildcard {
  const [prefix = [], ...rest] = splitAt(pattern, anyRun);
  const suffix = rest.pop();
  return {
    prefix,
    pieces: rest.filter((piece) => piece.length > 0).map(compilePiece),
    suffix,
    fewestCharacters: pattern.filter((it) => it !== anyRun).length,
  };
}

/** The parts between the separators: one more than there are separators. */
export function splitAt<Item>(items: readonly Item[], separator: Item): Item[][] {
  const parts: Item[][] = [[]];
  for (const item of items) {
    if (item === separator) parts.push([]);
    else parts.at(-1)?.push(item);
  }
  return parts;
}

/** A text made ready, once for all patterns that it is compared with. */
export interface Subject {
  readonly points: readonly number[];
  /** The different characters of the text. */
  readonly alphabet: readonly number[];
  /** The text again, each character by its place in the alphabet. */
  readonly letters: Uint32Array;
}

export function subjectOf(text: string): Subject {
  const points = codePointsOf(text);
  const places = new Map<number, number>();
  const letters = new Uint32Array(points.length);
  for (const [position, point] of points.entries()) {
    const place = places.get(point) ?? places.size;
    places.set(point, place);
    letters[position] = place;
  }
  return { points, alphabet: [...places.keys()], letters };
}

/** Whether all of the text is what the pattern describes. Case matters. */
export function matchesWildcard(
  wildcard: Wildcard,
  subject: Subject,
  onSteps?: StepListener,
): boolean {
  const { prefix, pieces, suffix = [] } = wildcard;
  const { points } = subject;
  const endOfMiddle = points.length - suffix.length;
  onSteps?.(points.length + prefix.length + suffix.length);
  if (points.length < wildcard.fewestCharacters) return false;
  if (wildcard.suffix === undefined && points.length !== prefix.length) return false;
  if (!standsAt(prefix, points, 0) || !standsAt(suffix, points, endOfMiddle)) return false;
  let position = prefix.length;
  for (const piece of pieces) {
    const end = findPiece(piece, subject, position, endOfMiddle);
    onSteps?.(((end ?? endOfMiddle) - position) * piece.maskOfOthers.length);
    if (end === undefined) return false;
    position = end;
  }
  return true;
}

function standsAt(pattern: Pattern, points: readonly number[], start: number): boolean {
  return pattern.every((it, index) => it === anyCharacter || it === points[start + index]);
}

function compilePiece(pattern: Pattern): Piece {
  const words = Math.ceil(pattern.length / 32);
  const maskOfOthers = new Uint32Array(words);
  const masks = new Map<number, Uint32Array>();
  for (const [position, point] of pattern.entries()) {
    if (point === anyCharacter) setBit(maskOfOthers, position);
    else if (!masks.has(point)) masks.set(point, new Uint32Array(words));
  }
  for (const mask of masks.values()) mask.set(maskOfOthers);
  for (const [position, point] of pattern.entries()) {
    const mask = masks.get(point);
    if (mask) setBit(mask, position);
  }
  return { masks, maskOfOthers, lastBit: 1 << ((pattern.length - 1) % 32) };
}

function setBit(mask: Uint32Array, position: number): void {
  const word = position >>> 5;
  mask[word] = (mask[word] ?? 0) | (1 << (position & 31));
}

/** @returns where the first occurrence between start and end ends, if there is one */
function findPiece(piece: Piece, subject: Subject, start: number, end: number): number | undefined {
  const masks = subject.alphabet.map((point) => piece.masks.get(point) ?? piece.maskOfOthers);
  if (piece.maskOfOthers.length === 1) return findShortPiece(piece, masks, subject, start, end);
  const words = piece.maskOfOthers.length;
  const candidates = new Uint32Array(words);
  for (let position = start; position < end; position += 1) {
    const mask = masks[subject.letters[position] ?? 0] ?? piece.maskOfOthers;
    let carry = 1;
    for (let word = 0; word < words; word += 1) {
      const before = candidates[word] ?? 0;
      candidates[word] = ((before << 1) | carry) & (mask[word] ?? 0);
      carry = before >>> 31;
    }
    if (((candidates[words - 1] ?? 0) & piece.lastBit) !== 0) return position + 1;
  }
  return undefined;
}

/** The same for a piece of up to 32 characters: nearly all that are ever written. */
function findShortPiece(
  piece: Piece,
  masks: readonly Uint32Array[],
  subject: Subject,
  start: number,
  end: number,
): number | undefined {
  const { letters } = subject;
  const words = Uint32Array.from(masks, (mask) => mask[0] ?? 0);
  let candidates = 0;
  for (let position = start; position < end; position += 1) {
    candidates = ((candidates << 1) | 1) & (words[letters[position] ?? 0] ?? 0);
    if ((candidates & piece.lastBit) !== 0) return position + 1;
  }
  return undefined;
}

/** The components of an ARN, made ready. Undefined: not an ARN. */
export function arnSubjectsOf(arn: string): Subject[] | undefined {
  return splitArn(arn)?.map(subjectOf);
}

/** How many components an ARN has: `arn:partition:service:region:account:resource` (documented). */
export const arnComponents = 6;

/** An ARN's components. Colons behind the fifth belong to the resource. Undefined: not an ARN. */
export function splitArn(arn: string): string[] | undefined {
  const parts = arn.split(':');
  if (parts.length < arnComponents || parts[0] !== 'arn') return undefined;
  return [...parts.slice(0, arnComponents - 1), parts.slice(arnComponents - 1).join(':')];
}

/**
 * Component by component, so that a wildcard never reaches over a colon into the next one
 * (documented); the resource is one component, whatever colons and slashes it holds.
 */
export function matchesArn(
  components: readonly Wildcard[],
  subjects: readonly Subject[] | undefined,
): boolean {
  if (components.length !== arnComponents || !subjects) return false;
  return components.every((component, index) => {
    const subject = subjects[index];
    return subject !== undefined && matchesWildcard(component, subject);
  });
}
