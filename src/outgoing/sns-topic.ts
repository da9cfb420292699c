/**
 * Publishing to topics of Amazon's SNS, or of a server that speaks like it. The SDK is loaded when
 * the first notification is sent.
 */
import { pipeline, Transform } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import type { Notification } from '../notifications/publisher.ts';
import {
  type Agents,
  connectTimeoutMs,
  maxAnswerBytes,
  wholeTimeoutMs,
  withDeadline,
} from './http-post.ts';

export interface SnsSettings {
  /** Absent: Amazon's own of the topic's region. */
  readonly endpoint?: URL | undefined;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SnsOptions {
  readonly settings: SnsSettings;
  readonly agents: Agents;
  readonly clock: Clock;
}

/** `arn:aws:sns:REGION:…` */
export function regionOf(topicArn: string): string {
  return topicArn.split(':')[3] ?? '';
}

export class SnsTopics {
  readonly #options: SnsOptions;
  #sdk: ReturnType<typeof loadSdk> | undefined;

  constructor(options: SnsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the topic has taken the notification. One attempt: the outbox repeats.
   * @throws Error with the service's code and message, or what happened to the connection
   */
  async publish(notification: Notification, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    this.#sdk ??= loadSdk(this.#options.agents);
    const { PublishCommand, SNSClient, requestHandler } = await this.#sdk;
    // A client for each, as the regions are the API's callers' to choose and a map would grow;
    // the agents are shared.
    const client = new SNSClient({ ...this.#settingsFor(notification.topicArn), requestHandler });
    const command = new PublishCommand(toInput(notification));
    try {
      await withDeadline({ clock, afterMs: wholeTimeoutMs, signal }, (abortSignal) =>
        client.send(command, { abortSignal }),
      );
    } catch (error) {
      throw isAnswer(error) ? new Error(`${error.name}: ${error.message}`) : error;
    }
  }

  #settingsFor(topicArn: string) {
    const { endpoint, accessKeyId, secretAccessKey } = this.#options.settings;
    return {
      region: regionOf(topicArn),
      ...(endpoint && { endpoint: endpoint.href }),
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    };
  }
}

/** The service's own refusals carry what they were answered with. */
function isAnswer(error: unknown): error is Error {
  return error instanceof Error && '$fault' in error;
}

/** FIFO topics want a group, in which order is kept, and know a repetition by its id (documented). */
function toInput({ topicArn, message, notificationId }: Notification) {
  const input = { TopicArn: topicArn, Message: message };
  if (!topicArn.endsWith('.fifo')) return input;
  const { JobId } = JSON.parse(message) as { JobId: string };
  return { ...input, MessageGroupId: JobId, MessageDeduplicationId: notificationId };
}

async function loadSdk(agents: Agents) {
  // Else the SDK writes about coming versions of Node to standard error.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const [{ PublishCommand, SNSClient }, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-sns'),
    import('@smithy/node-http-handler'),
  ]);
  type Handler = InstanceType<typeof NodeHttpHandler>;
  class BoundedHandler extends NodeHttpHandler {
    override async handle(...exchange: Parameters<Handler['handle']>) {
      const { response } = await super.handle(...exchange);
      response.body = pipeline(response.body, atMost(maxAnswerBytes), () => {});
      return { response };
    }
  }
  const connectionTimeout = connectTimeoutMs;
  const requestHandler = new BoundedHandler({ ...agents, connectionTimeout, logger: silence });
  return { PublishCommand, SNSClient, requestHandler };
}

/** Passes so many bytes on; more are an error. */
function atMost(limitBytes: number): Transform {
  let passedBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passedBytes += chunk.length;
      if (passedBytes <= limitBytes) done(null, chunk);
      else done(new Error(`The service answered more than ${limitBytes} bytes`));
    },
  });
}

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
