/**
 * LIKE: `%` stands for any run of characters, `_` for any one (documented). A character is a Unicode
 * code point; case matters.
 *
 * All places of the pattern that the text read so far can have reached are kept as bits of a few
 * words and moved together, so a match looks at each character once, whatever the pattern: no
 * regular expression, no going back.
 */
import { SelectError } from './select-error.ts';

/** Of a pattern, in characters (chosen: bounds the work for each character of a record). */
const longestPattern = 1_024;

export type LikePattern = (text: string) => boolean;

interface Places {
  /** For a character: the places that it may be read at. */
  readonly readers: ReadonlyMap<string, Uint32Array>;
  /** The places that read any character: those of `_`. */
  readonly anyReaders: Uint32Array;
  /** The places before which a `%` stands: there one may stay. */
  readonly stays: Uint32Array;
  readonly end: number;
}

/**
 * @param escapeCharacter the character that makes the one behind it stand for itself
 * @throws SelectError when the pattern is too long, or ends with the escape
 */
export function compileLike(pattern: string, escapeCharacter?: string): LikePattern {
  const places = placesOf(readPattern(pattern, escapeCharacter));
  return (text) => matches(places, text);
}

interface Step {
  /** Undefined: any character. */
  readonly character: string | undefined;
  readonly isBehindRun: boolean;
}

/** The characters to be read, and a last step that reads none: the end. */
function readPattern(pattern: string, escapeCharacter: string | undefined): Step[] {
  const steps: Step[] = [];
  let isBehindRun = false;
  let isEscaped = false;
  for (const character of pattern) {
    if (!isEscaped && character === escapeCharacter) isEscaped = true;
    else if (!isEscaped && character === '%') isBehindRun = true;
    else {
      const isAny = !isEscaped && character === '_';
      steps.push({ character: isAny ? undefined : character, isBehindRun });
      isBehindRun = false;
      isEscaped = false;
    }
  }
  if (isEscaped) {
    throw new SelectError('LikeInvalidInputs', 'A LIKE pattern ends with its escape character');
  }
  if (steps.length > longestPattern) {
    throw new SelectError(
      'LikeInvalidInputs',
      `A LIKE pattern is over ${longestPattern} characters`,
    );
  }
  return [...steps, { character: undefined, isBehindRun }];
}

function placesOf(steps: readonly Step[]): Places {
  const words = Math.ceil(steps.length / 32);
  const end = steps.length - 1;
  const anyReaders = new Uint32Array(words);
  const stays = new Uint32Array(words);
  const readers = new Map<string, Uint32Array>();
  for (const [place, step] of steps.entries()) {
    if (step.isBehindRun) setBit(stays, place);
    if (place === end) break;
    if (step.character === undefined) setBit(anyReaders, place);
    else if (!readers.has(step.character)) readers.set(step.character, new Uint32Array(words));
  }
  for (const reader of readers.values()) reader.set(anyReaders);
  for (const [place, { character }] of steps.entries()) {
    const reader = character === undefined ? undefined : readers.get(character);
    if (reader) setBit(reader, place);
  }
  return { readers, anyReaders, stays, end };
}

function matches({ readers, anyReaders, stays, end }: Places, text: string): boolean {
  const reached = new Uint32Array(stays.length);
  reached[0] = 1;
  for (const character of text) {
    const reader = readers.get(character) ?? anyReaders;
    let carry = 0;
    for (let word = 0; word < reached.length; word += 1) {
      const before = reached[word] ?? 0;
      const read = before & (reader[word] ?? 0);
      reached[word] = (read << 1) | carry | (before & (stays[word] ?? 0));
      carry = read >>> 31;
    }
  }
  return ((reached[end >>> 5] ?? 0) & (1 << (end & 31))) !== 0;
}

function setBit(words: Uint32Array, bit: number): void {
  words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
}
