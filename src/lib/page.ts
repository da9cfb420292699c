/** Pages of lists whose markers hold one number: where the page before ended. */
import { decodeMarker, encodeMarker, type MarkerKind } from './marker.ts';

/** The number in a marker; `first` when there is none, undefined when it is malformed. */
export function readPosition(
  kind: MarkerKind,
  marker: string | undefined,
  first: number,
): number | undefined {
  return marker === undefined ? first : decodeMarker(kind, marker)?.[0];
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly marker: string | null;
}

/**
 * Cuts rows down to a page.
 *
 * @param rows up to one more than `limit`: the one more shows that there is a next page
 * @param position of a row, to go on after it
 */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  kind: MarkerKind,
  position: (row: Row) => number,
): Page<Row> {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { rows: page, marker: last === undefined ? null : encodeMarker(kind, [position(last)]) };
}
