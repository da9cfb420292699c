/** Texts of a request: which count as given, and which values they may have. */
import { invalidParameter } from './errors.ts';

/** An empty text is absent, as null is (chosen; real clients send both). */
export function given(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text;
}

/** @throws GlacierError `Invalid {name}: {text}` when it is none of the values */
export function oneOf<Value extends string>(
  values: readonly Value[],
  text: string,
  name: string,
): Value {
  const value = values.find((candidate) => candidate === text);
  if (value === undefined) throw invalidParameter(`Invalid ${name}: ${text}`);
  return value;
}
