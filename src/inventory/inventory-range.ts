/**
 * Which part of which inventory a document holds.
 *
 * An inventory is a vault as it was after some journal entry, so its number is that entry's sequence;
 * items are in the order of creation, so an item's position is its archive's sequence. A marker holds
 * both: all documents of a series come from one inventory.
 */
import type { Milliseconds } from '../lib/clock.ts';
import { decodeMarker, encodeMarker, type MarkerKind } from '../lib/marker.ts';

export interface InventoryPosition {
  readonly vaultSequence: number;
  readonly upToSequence: number;
  readonly inventoryDate: Milliseconds;
  /** The document begins behind this item. */
  readonly afterSequence: number;
}

/** 135 characters, as in Amazon's examples. */
const inventoryMarker: MarkerKind = { kind: 4, numbers: 4, lengthBytes: 101 };

export function encodeInventoryMarker(position: InventoryPosition): string {
  const { vaultSequence, upToSequence, inventoryDate, afterSequence } = position;
  return encodeMarker(inventoryMarker, [vaultSequence, upToSequence, inventoryDate, afterSequence]);
}

/** Undefined when it is malformed or another vault's. */
export function decodeInventoryMarker(
  marker: string,
  ofVaultSequence: number,
): InventoryPosition | undefined {
  const numbers = decodeMarker(inventoryMarker, marker);
  if (!numbers) return undefined;
  const [vaultSequence = 0, upToSequence = 0, inventoryDate = 0, afterSequence = 0] = numbers;
  if (vaultSequence !== ofVaultSequence) return undefined;
  return { vaultSequence, upToSequence, inventoryDate, afterSequence };
}
