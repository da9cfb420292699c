/**
 * Whether the store may still be written to.
 *
 * A failed flush is believed: what the device holds is unknown from then on, so it is never tried
 * again on the same file and never becomes a success. The store turns read-only and stays so until
 * it was restarted, that is looked at.
 */
import { StoreUnavailableError } from './store-errors.ts';

export class StoreHealth {
  #readOnlyReason: string | undefined;

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
}
