/** What webhooks lead to in the tests: it keeps all that comes, and answers as the test says. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JsonObject, pollUntil } from '../../support/client.ts';

/** A notification as it came. */
export interface Delivery {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly envelope: Envelope;
  /** The job that the message describes. */
  readonly job: JsonObject;
}

/** The keys of SNS, in its order. */
export interface Envelope {
  readonly Type: string;
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  readonly Timestamp: string;
  readonly SignatureVersion: string;
  readonly Signature: string;
  readonly SigningCertURL: string;
  readonly UnsubscribeURL: string;
}

/** A status, one with a Location, no answer at all, or a connection that breaks. */
export type Answer = number | { readonly movedTo: string } | 'silence' | 'break';

export class Receiver {
  readonly deliveries: Delivery[] = [];
  /** How often anybody has connected. */
  connections = 0;
  readonly #answers = new Map<string, { first: readonly Answer[]; later: Answer }>();
  #server: Server | undefined;
  #port = 0;

  /** Opens it, again on the port of the last time. */
  async open(): Promise<void> {
    this.#server = createServer((request, response) => void this.#receive(request, response));
    this.#server.on('connection', () => {
      this.connections += 1;
    });
    await once(this.#server.listen(this.#port, '127.0.0.1'), 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** From now on connections are refused. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.#server?.closeAllConnections();
    await closed;
  }

  get port(): number {
    return this.#port;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#port}${path}`;
  }

  /** Says what the first deliveries of a topic are answered, and what those after them. */
  answerTo(topic: string, first: readonly Answer[], later: Answer = 200): void {
    this.#answers.set(`/${topic}`, { first, later });
  }

  /** What came for a topic, by the last part of its ARN. */
  at(topic: string): Delivery[] {
    return this.deliveries.filter(({ path }) => path === `/${topic}`);
  }

  /** Waits until so many have come for a topic. */
  waitFor(topic: string, count = 1): Promise<Delivery[]> {
    return pollUntil(
      async () => this.at(topic),
      (deliveries) => deliveries.length >= count,
    );
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const envelope = JSON.parse(body) as Envelope;
    const job = JSON.parse(envelope.Message) as JsonObject;
    const { method = '', url: path = '', headers } = request;
    this.deliveries.push({ method, path, headers, body, envelope, job });
    const { first = [], later = 200 } = this.#answers.get(path) ?? {};
    const count = this.deliveries.filter((it) => it.path === path).length;
    const answer = first[count - 1] ?? later;
    if (answer === 'break') response.destroy();
    else if (typeof answer === 'number') response.writeHead(answer).end();
    else if (answer !== 'silence') response.writeHead(307, { Location: answer.movedTo }).end();
  }
}
