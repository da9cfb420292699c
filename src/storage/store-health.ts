/**
 * Whether the store may still be written to, and what an operator should look at.
 *
 * A failed flush is believed: what the device holds is unknown from then on, so it is never tried
 * again on the same file and never becomes a success. The store turns read-only and stays so until
 * it was restarted, that is looked at.
 */
import type { Milliseconds } from '../lib/clock.ts';
import { StoreUnavailableError } from './store-errors.ts';

export interface Alarm {
  readonly name: string;
  readonly message: string;
  readonly since: Milliseconds;
}

export class StoreHealth {
  #readOnlyReason: string | undefined;
  readonly #alarms = new Map<string, Alarm>();

  /** Why nothing can be written, or undefined when all is well. */
  get readOnlyReason(): string | undefined {
    return this.#readOnlyReason;
  }

  /** Turns the store read-only for good. The first reason stays. */
  turnReadOnly(reason: string): void {
    this.#readOnlyReason ??= reason;
  }

  /** @throws StoreUnavailableError when the store is read-only. */
  assertWritable(): void {
    if (this.#readOnlyReason !== undefined) {
      throw new StoreUnavailableError(`The store is read-only: ${this.#readOnlyReason}`);
    }
  }

  get alarms(): readonly Alarm[] {
    return [...this.#alarms.values()];
  }

  /** Returns whether it is a new one: one of the same name and message is raised once. */
  raise(alarm: Alarm): boolean {
    const key = `${alarm.name} ${alarm.message}`;
    if (this.#alarms.has(key)) return false;
    this.#alarms.set(key, alarm);
    return true;
  }
}
