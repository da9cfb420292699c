import { describe, expect, it } from 'vitest';
import { Effort } from './effort.ts';
import { SelectError } from './select-error.ts';

const MEGABYTE = 'x'.repeat(1024 * 1024);
const LONGEST_PATTERN = 'y'.repeat(1024);

/** How many records go by before others get their turn. */
function recordsInTurn(expression: string, work: (effort: Effort) => void = () => {}): number {
  const effort = new Effort(expression);
  for (let count = 1; ; count += 1) {
    work(effort);
    if (effort.endRecord()) return count;
  }
}

describe('what a select costs', () => {
  it('lets one record of 1 MB be compared with the longest pattern, and not with three', () => {
    const effort = new Effort('');
    effort.match(MEGABYTE, LONGEST_PATTERN);
    effort.endRecord();
    effort.match(MEGABYTE, LONGEST_PATTERN);
    expect(() => {
      for (let count = 0; count < 2; count += 1) effort.match(MEGABYTE, LONGEST_PATTERN);
    }).toThrow(SelectError);
  });

  it('lets a record of 10 kB be looked at by as many functions as an expression can hold', () => {
    const effort = new Effort('');
    const text = MEGABYTE.slice(0, 10_000);
    for (let count = 0; count < 330; count += 1) effort.call(text);
    for (let count = 0; count < 330; count += 1) effort.match(text, '%x%');
    expect(effort.endRecord()).toBe(true);
  });

  it('gives others their turn after each expensive record, and seldom else', () => {
    expect(recordsInTurn(MEGABYTE)).toBe(1);
    expect(recordsInTurn('select * from archive')).toBeGreaterThan(1_000);
    const compare = (effort: Effort) => effort.match(MEGABYTE, 'x');
    expect(recordsInTurn('select * from archive', compare)).toBe(1);
  });
});
