/**
 * What a select costs, in characters that are looked at. Nothing else happens in the server while a
 * record is judged, so a record may only cost so much (about half a second), and after some
 * milliseconds' worth of records others get their turn.
 *
 * Counted rather than timed: the same archive gives the same result on every machine.
 */
import { SelectError } from './select-error.ts';

/** For one record (chosen): a LIKE of the longest pattern over a record of 1 MB is half of it. */
const mostForRecord = 75_000_000;
const mostForTurn = 4_000_000;
/** For each character of the expression, which is gone through for each record. */
const expressionEffort = 16;
/** For each character that a function is given. */
const functionEffort = 8;
/** For each character that LIKE reads, and for each 32 characters of its pattern with it. */
const likeEffort = 4;
const patternWord = 32;

export class Effort {
  readonly #expressionCharacters: number;
  #forRecord = 0;
  #forTurn = 0;

  constructor(expression: string) {
    this.#expressionCharacters = expression.length;
  }

  /** @throws SelectError when the record costs too much */
  match(text: string, pattern: string): void {
    this.#spend(text.length * (likeEffort + Math.ceil(pattern.length / patternWord)));
  }

  /** @throws SelectError when the record costs too much */
  call(text: string): void {
    this.#spend(text.length * functionEffort);
  }

  /** Whether others are to get their turn before the next record. */
  endRecord(): boolean {
    this.#forTurn += this.#forRecord + this.#expressionCharacters * expressionEffort;
    this.#forRecord = 0;
    if (this.#forTurn < mostForTurn) return false;
    this.#forTurn = 0;
    return true;
  }

  #spend(effort: number): void {
    this.#forRecord += effort;
    if (this.#forRecord <= mostForRecord) return;
    throw new SelectError(
      'OverMaxRecordSize',
      'The record is too long for so much LIKE and functions',
    );
  }
}
