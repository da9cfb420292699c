/**
 * Leads each topic where the operator wants it: to a webhook of its own, else to SNS, else nowhere.
 */
import { snsTopicPattern } from '../lib/arn.ts';
import type { Clock } from '../lib/clock.ts';
import type { Notification, Publisher } from '../notifications/publisher.ts';
import { createAddressGuard, guardedAgents } from './address-guard.ts';
import { createEnveloper, envelopeHeaders, secretHeaders } from './envelope.ts';
import { type Agents, httpPost } from './http-post.ts';
import type { SigningCertificate } from './signing-certificate.ts';
import { regionOf, type SnsSettings, SnsTopics } from './sns-topic.ts';

/** Exchanges with one host at the same time (chosen, as for all outgoing calls). */
const atOncePerTarget = 4;

export interface TopicPublisherOptions {
  readonly sns?: SnsSettings;
  /** Topic ARN → where its notifications are posted. */
  readonly webhooks: ReadonlyMap<string, URL>;
  /** Adds a signature of our own to what webhooks receive. */
  readonly webhookSecret?: string;
  /** Signs what webhooks receive: needed where there are any. */
  readonly certificate: SigningCertificate | undefined;
  /** Where receivers find the certificate; asked each time. */
  readonly certificateUrl: () => string;
  /** Ranges of addresses that may be called though they are not public. */
  readonly allow: readonly string[];
  readonly clock: Clock;
}

/** @throws RangeError naming a range of the allow list that cannot be read */
export function createTopicPublisher(options: TopicPublisherOptions): Publisher {
  const agents = guardedAgents(createAddressGuard(options));
  const { sns: settings, webhooks, clock } = options;
  const sns = settings && new SnsTopics({ settings, agents, clock });
  const post = options.certificate && createWebhookPoster(options, options.certificate, agents);
  const turns = new Turns(atOncePerTarget);

  const targetOf = (topicArn: string) =>
    webhooks.get(topicArn)?.host ?? settings?.endpoint?.host ?? regionOf(topicArn);

  return {
    targetOf,
    hasRoute: (topicArn) =>
      webhooks.has(topicArn) || (sns !== undefined && snsTopicPattern.test(topicArn)),
    async publish(notification, signal) {
      const { topicArn } = notification;
      const target = targetOf(topicArn);
      const webhook = webhooks.get(topicArn);
      if (webhook && post) {
        return turns.take(target, signal, () => post(webhook, notification, signal));
      }
      if (!sns || !snsTopicPattern.test(topicArn)) throw new Error('The topic has no route');
      return turns.take(target, signal, () => sns.publish(notification, signal));
    },
  };
}

function createWebhookPoster(
  options: TopicPublisherOptions,
  { privateKeyPem }: SigningCertificate,
  agents: Agents,
) {
  const { webhookSecret: secret, clock } = options;
  const seal = createEnveloper({ privateKeyPem, certificateUrl: options.certificateUrl });
  return async (url: URL, notification: Notification, signal: AbortSignal): Promise<void> => {
    const envelope = seal(notification);
    const body = JSON.stringify(envelope);
    const headers = {
      ...envelopeHeaders(envelope),
      ...(secret !== undefined && secretHeaders(body, { secret, now: clock.now() })),
    };
    await httpPost({ url, headers, body }, { agents, clock }, signal);
  };
}

/** Lets so many run at once per target; the others wait. */
class Turns {
  readonly #atOnce: number;
  readonly #running = new Map<string, Set<Promise<unknown>>>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** @throws what `exchange` throws; the reason of `signal` when its turn comes after a stop */
  async take(target: string, signal: AbortSignal, exchange: () => Promise<void>): Promise<void> {
    for (let running = this.#at(target); running.size >= this.#atOnce; running = this.#at(target)) {
      await Promise.race(running);
      signal.throwIfAborted();
    }
    const running = this.#at(target);
    const ended = exchange();
    const turn = ended
      .catch(() => {})
      .finally(() => {
        running.delete(turn);
        if (running.size === 0) this.#running.delete(target);
      });
    running.add(turn);
    this.#running.set(target, running);
    await ended;
  }

  #at(target: string): Set<Promise<unknown>> {
    return this.#running.get(target) ?? new Set();
  }
}
