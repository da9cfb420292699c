/**
 * Sends what stands in the outbox until a receiver has taken it, or a day has passed. A notification
 * leaves the outbox only after that, so a restart loses none and may send one twice; what is to be
 * tried again, and when, is in memory only, so a restart tries everything at once.
 *
 * Those of one job to one topic are sent in their order, each after the one before has left the
 * outbox. A topic that does not answer takes few of the places, and the outbox shows the topics in
 * turn, so that the others go on however much waits for it.
 */
import { setMaxListeners } from 'node:events';
import type { Clock, Milliseconds } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Notification, Publisher } from '../notifications/publisher.ts';
import type { Worker } from './worker.ts';

export interface PendingNotification extends Notification {
  readonly jobId: string;
}

export interface Outbox {
  /**
   * Those neither delivered nor abandoned: the oldest of each topic, then the second of each, and so
   * on. All of them when there are fewer than `limit`.
   */
  listPending(limit: number): Promise<readonly PendingNotification[]>;
  /** On return it is durable that the notification is not sent again. */
  delivered(notificationId: string): Promise<void>;
  /** The same, with the last reason why nobody took it. */
  abandoned(notificationId: string, reason: string): Promise<void>;
}

export interface NotificationSenderOptions {
  readonly outbox: Outbox;
  readonly publisher: Publisher;
  /** The store's clock: it says when the day has passed. */
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, without 1. */
  readonly random?: () => number;
}

const inFlightAtOnce = 16;
const inFlightPerTarget = 4;
const firstPauseMs = 1_000;
const longestPauseMs = 600_000;
const patienceMs = 24 * 3_600_000;
/** How far one look goes beyond what waits for its next try, and how far at most. */
const lookAhead = 200;
const longestLook = 2_000;
const longestReason = 300;

/** What is known of a notification that was tried. */
interface Attempts {
  count: number;
  /** On the clock that never jumps. */
  dueAt: Milliseconds;
  /** Nothing is to be sent any more; the outbox has yet to be told. */
  settle?: () => Promise<void>;
}

export class NotificationSender implements Worker {
  readonly name = 'send-notifications';
  readonly idleMs = 1_000;
  readonly #options: NotificationSenderOptions;
  readonly #random: () => number;
  readonly #inFlight = new Map<string, { target: string; ended: Promise<void> }>();
  readonly #attempts = new Map<string, Attempts>();
  /** Of the outbox: a failure of the receiver's is none of the worker's. */
  #failure: Error | undefined;

  constructor(options: NotificationSenderOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  async step(signal: AbortSignal): Promise<'worked' | 'idle'> {
    // Everything in flight listens to it; Node would suspect a leak.
    setMaxListeners(2 * inFlightAtOnce, signal);
    try {
      return await this.#look(signal);
    } catch (error) {
      // The loop rests now, and a stop would not wait for them.
      await Promise.all(this.#endings());
      throw error;
    }
  }

  async #look(signal: AbortSignal): Promise<'worked' | 'idle'> {
    this.#throwFailure();
    // What ends while the outbox is read may still stand in what was read.
    const before = new Set(this.#inFlight.keys());
    const limit = Math.min(lookAhead + this.#attempts.size, longestLook);
    const pending = await this.#options.outbox.listPending(limit);
    if (pending.length < limit) this.#forgetAllBut(pending);
    for (const notification of firstOfEach(pending)) {
      const isReady = !before.has(notification.notificationId) && this.#isReady(notification);
      if (isReady && !signal.aborted) this.#begin(notification, signal);
    }
    if (this.#inFlight.size === 0) return 'idle';
    await this.#waitForNews();
    if (signal.aborted) await Promise.all(this.#endings());
    return 'worked';
  }

  #isReady({ notificationId, topicArn }: PendingNotification): boolean {
    if (this.#inFlight.size >= inFlightAtOnce) return false;
    const target = this.#options.publisher.targetOf(topicArn);
    const ofTarget = [...this.#inFlight.values()].filter((it) => it.target === target);
    if (ofTarget.length >= inFlightPerTarget) return false;
    const dueAt = this.#attempts.get(notificationId)?.dueAt ?? -Infinity;
    return dueAt <= this.#options.clock.monotonic();
  }

  #begin(notification: PendingNotification, signal: AbortSignal): void {
    const { notificationId, topicArn } = notification;
    const ended = this.#send(notification, signal)
      .catch((error: Error) => {
        this.#failure = error;
      })
      .finally(() => this.#inFlight.delete(notificationId));
    const target = this.#options.publisher.targetOf(topicArn);
    this.#inFlight.set(notificationId, { target, ended });
  }

  async #send(notification: PendingNotification, signal: AbortSignal): Promise<void> {
    const { notificationId } = notification;
    const attempts = this.#attempts.get(notificationId) ?? { count: 0, dueAt: -Infinity };
    if (!attempts.settle) {
      this.#attempts.set(notificationId, attempts);
      await this.#attempt(notification, attempts, signal);
    }
    if (!attempts.settle) return;
    await attempts.settle();
    this.#attempts.delete(notificationId);
  }

  /** A stop gives it up: it is neither counted nor logged, and sent again after the next start. */
  async #attempt(notification: PendingNotification, attempts: Attempts, signal: AbortSignal) {
    const { outbox, publisher } = this.#options;
    const { notificationId } = notification;
    try {
      await publisher.publish(notification, signal);
      attempts.settle = () => outbox.delivered(notificationId);
    } catch (error) {
      if (signal.aborted) return;
      attempts.count += 1;
      this.#plan(notification, attempts, reasonOf(error));
    }
  }

  /** The last try is made when the day ends, or at once if that has been while nobody tried. */
  #plan(notification: PendingNotification, attempts: Attempts, reason: string): void {
    const { outbox, clock, log } = this.#options;
    const { notificationId, topicArn, createdAt } = notification;
    const failure = { notificationId, topicArn, attempt: attempts.count, reason };
    const leftMs = createdAt + patienceMs - clock.now();
    if (leftMs <= 0) {
      attempts.settle = () => outbox.abandoned(notificationId, reason);
      log.warn(failure, 'notification abandoned');
      return;
    }
    const pauseMs = Math.min(firstPauseMs * 2 ** (attempts.count - 1), longestPauseMs);
    const jitteredMs = pauseMs * (0.5 + this.#random() / 2);
    attempts.dueAt = clock.monotonic() + Math.min(jitteredMs, leftMs);
    log.warn(failure, 'notification not delivered');
  }

  /** Until one ends (a stop ends all of them), or a while has passed and another may be due. */
  async #waitForNews(): Promise<void> {
    const waiting = new AbortController();
    const pause = this.#options.clock.sleep(this.idleMs / 4, waiting.signal);
    await Promise.race([...this.#endings(), pause]);
    waiting.abort();
  }

  #endings(): Promise<void>[] {
    return [...this.#inFlight.values()].map(({ ended }) => ended);
  }

  /** What left the outbox by another door is not tried again either. */
  #forgetAllBut(pending: readonly PendingNotification[]): void {
    const known = new Set(pending.map(({ notificationId }) => notificationId));
    for (const id of this.#attempts.keys()) {
      if (!known.has(id) && !this.#inFlight.has(id)) this.#attempts.delete(id);
    }
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }
}

/** The oldest of each job and topic: the later ones wait for it. */
function firstOfEach(pending: readonly PendingNotification[]): Iterable<PendingNotification> {
  const firsts = new Map<string, PendingNotification>();
  for (const notification of pending) {
    const line = `${notification.jobId} ${notification.topicArn}`;
    if (!firsts.has(line)) firsts.set(line, notification);
  }
  return firsts.values();
}

/** A sentence for the log and the outbox; attempts at several addresses fail without one. */
function reasonOf(error: unknown): string {
  const { message, code, name } = error as NodeJS.ErrnoException;
  return (message || code || name).slice(0, longestReason);
}
