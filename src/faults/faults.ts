/**
 * Faults on order, for testers who want to know what their client does when the service fails. They
 * exist on stores with a test clock only, live in memory, and are used up as requests meet them.
 */
import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../api/errors.ts';
import type { OperationName } from '../api/operations.ts';

export type Fault =
  /** The request is refused with this code. */
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message?: string | undefined }
  /** The connection breaks after so many bytes of the answer's body. */
  | { readonly kind: 'break'; readonly afterBytes: number }
  /** One bit of the byte at this offset of an output is another one. */
  | { readonly kind: 'corrupt'; readonly atByte: number }
  /** The answer takes so much longer, in real time. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** A job ends Failed when it gets ready. */
  | { readonly kind: 'fail-job'; readonly reason?: string | undefined };

export interface OrderedFault {
  readonly faultId: string;
  /** Undefined: any. */
  readonly operation: OperationName | undefined;
  readonly vaultName: string | undefined;
  /** How many requests will still meet it. */
  readonly remaining: number;
  readonly fault: Fault;
}

export class Faults {
  #ordered: OrderedFault[] = [];

  list(): readonly OrderedFault[] {
    return this.#ordered;
  }

  add(order: Omit<OrderedFault, 'faultId'>): OrderedFault {
    const ordered = { faultId: randomUUID(), ...order };
    this.#ordered.push(ordered);
    return ordered;
  }

  /** Returns whether there was one. */
  remove(faultId: string): boolean {
    const before = this.#ordered.length;
    this.#ordered = this.#ordered.filter((it) => it.faultId !== faultId);
    return this.#ordered.length < before;
  }

  clear(): void {
    this.#ordered = [];
  }

  /** The oldest fault that a request meets; it is then one request nearer to its end. */
  takeForRequest(operation: OperationName, vaultName: string): Fault | undefined {
    return this.#take(
      (it) =>
        isForRequests(it.fault, operation) &&
        (it.operation ?? operation) === operation &&
        (it.vaultName ?? vaultName) === vaultName,
    );
  }

  /** Why a job of this vault must fail, if it must. */
  takeForJob(vaultName: string): string | undefined {
    const fault = this.#take(
      (it) => it.fault.kind === 'fail-job' && (it.vaultName ?? vaultName) === vaultName,
    );
    if (fault?.kind !== 'fail-job') return undefined;
    return fault.reason ?? 'The job fails because a fault was ordered';
  }

  #take(isMet: (ordered: OrderedFault) => boolean): Fault | undefined {
    const met = this.#ordered.find(isMet);
    if (!met) return undefined;
    const remaining = met.remaining - 1;
    this.#ordered = this.#ordered.flatMap((it) => {
      if (it !== met) return [it];
      return remaining > 0 ? [{ ...it, remaining }] : [];
    });
    return met.fault;
  }
}

/** Only an output has bytes to be corrupted; jobs fail where they are run. */
function isForRequests({ kind }: Fault, operation: OperationName): boolean {
  return kind !== 'fail-job' && (kind !== 'corrupt' || operation === 'GetJobOutput');
}
