/** Targets of requests to Firn's own interface. */
import { UsageError } from './cli-error.ts';

/**
 * The target of a request: `/_/` and the segments, each encoded as one.
 * @throws UsageError for a segment that no URL can carry: it would name something else
 */
export function pathOf(...segments: readonly string[]): string {
  for (const segment of segments) {
    if (segment === '') throw new UsageError('a name or id must not be empty');
    if (segment === '.' || segment === '..') {
      throw new UsageError(`${JSON.stringify(segment)} cannot be a name or id`);
    }
  }
  return `/_/${segments.map(encodeURIComponent).join('/')}`;
}

/** The target with a query of those parameters that are given. */
export function withQuery(
  path: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  const query = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}
