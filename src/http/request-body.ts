/**
 * The body of a request: read only when somebody wants it, and watched while it comes.
 *
 * `100 Continue` is sent when reading begins, so a request that was refused before sends no bytes. A
 * client that stands still, or is slower than a bound, is given up; time that we ourselves take to
 * store bytes does not count against it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GlacierError } from '../api/errors.ts';
import type { Clock } from '../lib/clock.ts';

/** The slowest body that is waited for, measured over spans of waiting (chosen). */
const slowestBytesPerSecond = 8 * 1024;
const spanSeconds = 60;

/** What is read and thrown away after a refusal, so that the client gets to see it. */
const drainedBytes = 64 * 1024 * 1024;
const drainMs = 5_000;

/** The client has gone away before its body was complete. There is nobody to answer. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';
}

export interface RequestBodyOptions {
  readonly clock: Clock;
  /** Seconds without a byte after which the body is given up. */
  readonly idleSeconds: number;
  /** The client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: RequestBodyOptions;
  #isBegun = false;
  #wake: () => void = () => {};

  constructor(request: IncomingMessage, response: ServerResponse, options: RequestBodyOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  /** The length that the request states, in bytes; 0 when it states none. */
  get announcedBytes(): number {
    return Number(this.#request.headers['content-length'] ?? 0);
  }

  /** Whether the request announced a body of at least one byte. */
  get isAnnounced(): boolean {
    const isChunked = this.#request.headers['transfer-encoding'] !== undefined;
    return isChunked || this.announcedBytes > 0;
  }

  /** Whether bytes that were announced have not been taken in. */
  get isUnread(): boolean {
    return this.isAnnounced && !this.#request.complete;
  }

  /**
   * All of a small body.
   *
   * @throws GlacierError BadRequest when it is longer than `longestBytes`
   */
  async readAll(longestBytes: number): Promise<Buffer> {
    if (!this.isAnnounced) return Buffer.alloc(0);
    const tooLong = new GlacierError(
      'BadRequest',
      `The request body is longer than ${longestBytes} bytes`,
    );
    if (this.announcedBytes > longestBytes) throw tooLong;
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    for await (const piece of this.pieces()) {
      sizeBytes += piece.length;
      if (sizeBytes > longestBytes) throw tooLong;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /**
   * The bytes as they come.
   *
   * @throws GlacierError RequestTimeoutException when they stop coming
   * @throws ClientGoneError when the connection ends before the body does
   */
  async *pieces(): AsyncGenerator<Buffer, void, undefined> {
    const request = this.#request;
    if (!this.#isBegun && this.#options.expectsContinue) this.#response.writeContinue();
    this.#isBegun = true;
    const wake = () => this.#wake();
    const events = ['readable', 'end', 'close', 'error'] as const;
    for (const event of events) request.on(event, wake);
    const patience = new Patience(this.#options.clock, this.#options.idleSeconds);
    try {
      for (;;) {
        const piece: Buffer | null = request.read();
        if (piece) {
          patience.received(piece.length);
          yield piece;
        } else if (request.complete && request.readableLength === 0) {
          return;
        } else if (request.destroyed || request.errored) {
          throw new ClientGoneError('The connection ended before the body did');
        } else {
          await this.#waitForMore(patience);
        }
      }
    } finally {
      for (const event of events) request.off(event, wake);
    }
  }

  /**
   * Lets a client that was refused finish sending, up to a bound: a connection that is closed with
   * bytes unread is reset, and the client may lose the answer.
   */
  async drain(): Promise<void> {
    const isHeldBack = this.#options.expectsContinue && !this.#isBegun;
    if (!this.isUnread || isHeldBack || this.#request.destroyed) return;
    const request = this.#request;
    await new Promise<void>((resolve) => {
      let drained = 0;
      const timer = setTimeout(resolve, drainMs);
      request.on('data', (piece: Buffer) => {
        drained += piece.length;
        if (drained > drainedBytes) resolve();
      });
      for (const event of ['end', 'close', 'error'] as const) request.once(event, () => resolve());
      request.once('close', () => clearTimeout(timer));
      request.resume();
    });
  }

  async #waitForMore(patience: Patience): Promise<void> {
    const isStalled = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), patience.idleMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
      patience.waiting();
    });
    this.#wake = () => {};
    if (isStalled || patience.isTooSlow) {
      throw new GlacierError('RequestTimeoutException', 'Request timed out.');
    }
  }
}

/** Counts the time that was spent waiting for the client, and what came of it. */
class Patience {
  readonly #clock: Clock;
  /** How long to wait for the next byte. */
  readonly idleMs: number;
  #waitingSince: number | undefined;
  #spanMs = 0;
  #spanBytes = 0;
  isTooSlow = false;

  constructor(clock: Clock, idleSeconds: number) {
    this.#clock = clock;
    this.idleMs = idleSeconds * 1000;
  }

  waiting(): void {
    this.#waitingSince ??= this.#clock.monotonic();
  }

  received(bytes: number): void {
    this.#spanBytes += bytes;
    if (this.#waitingSince === undefined) return;
    this.#spanMs += this.#clock.monotonic() - this.#waitingSince;
    this.#waitingSince = undefined;
    if (this.#spanMs < spanSeconds * 1000) return;
    this.isTooSlow = this.#spanBytes < (this.#spanMs / 1000) * slowestBytesPerSecond;
    this.#spanMs = 0;
    this.#spanBytes = 0;
  }
}
