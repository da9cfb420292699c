/**
 * Aggregates, in constant memory. NULLs do not count; of no values at all COUNT is 0, the others are
 * NULL (standard SQL). SUM and AVG read texts as numbers; MAX and MIN compare as `<` does, texts as
 * texts: numbers want a CAST there.
 */
import type { AggregateName } from './expression.ts';
import { compareValues, compute, decimalOf, numberOf, type Value } from './value.ts';

export interface Aggregate {
  /** @throws SelectError when the value cannot be taken in */
  add(value: Value): void;
  result(): Value;
}

export function newAggregate(name: AggregateName): Aggregate {
  switch (name) {
    case 'COUNT':
      return newCount();
    case 'SUM':
      return newFold((total, value) => compute('+', total, value));
    case 'MAX':
      return newFold((most, value) => ((compareValues(most, value) ?? 0) < 0 ? value : most), keep);
    case 'MIN':
      return newFold(
        (least, value) => ((compareValues(least, value) ?? 0) > 0 ? value : least),
        keep,
      );
    case 'AVG':
      return newAverage();
  }
}

const keep = (value: Value): Value => value;

function newCount(): Aggregate {
  let count = 0n;
  return {
    add: (value) => {
      if (value !== null) count += 1n;
    },
    result: () => count,
  };
}

/** @param first what the first value begins as */
function newFold(
  join: (total: Value, value: Value) => Value,
  first: (value: Value) => Value = numberOf,
): Aggregate {
  let total: Value = null;
  return {
    add: (value) => {
      if (value !== null) total = total === null ? first(value) : join(total, value);
    },
    result: () => total,
  };
}

/** Exact unless a FLOAT is among the values: INTs are summed as DECIMAL. */
function newAverage(): Aggregate {
  const [sum, count] = [newAggregate('SUM'), newCount()];
  return {
    add: (value) => {
      if (value === null) return;
      const number = numberOf(value);
      sum.add(typeof number === 'bigint' ? decimalOf(number) : number);
      count.add(number);
    },
    result: () => compute('/', sum.result(), count.result()),
  };
}
