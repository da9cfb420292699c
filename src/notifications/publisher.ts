/** What is sent when a job has completed, and what sends it. */
import type { Milliseconds } from '../lib/clock.ts';

export interface Notification {
  /** A UUID; the same for every try, so that a receiver can tell a repetition. */
  readonly notificationId: string;
  readonly topicArn: string;
  /** The JSON text of the job's description. */
  readonly message: string;
  readonly createdAt: Milliseconds;
}

export interface Publisher {
  /** Whether the topic leads anywhere. */
  hasRoute(topicArn: string): boolean;
  /** The host that the topic leads to: those that do not answer must not hold up the others. */
  targetOf(topicArn: string): string;
  /**
   * Resolves when the receiver has taken the notification. Everything else throws, a topic without
   * a route and an aborted `signal` included, and may be tried again: delivery is at least once.
   */
  publish(notification: Notification, signal: AbortSignal): Promise<void>;
}
