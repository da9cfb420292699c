/**
 * One HTTP exchange on node:http, with what a client library hides left in the caller's hand: every
 * header line as given, a body that is withheld, chunked, cut short or broken off, whether
 * `100 Continue` came, and the raw header lines of the answer.
 */
import { once } from 'node:events';
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { HeaderList } from './sign.ts';

export type Body = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface Exchange {
  readonly endpoint: string;
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly body?: Body | undefined;
  /** Sends only so many bytes of the body, then waits for the answer. 0: the headers alone. */
  readonly stopAfterBytes?: number | undefined;
  /** Breaks the connection once the body (up to `stopAfterBytes`) is sent. */
  readonly breakOff?: boolean | undefined;
  /** Reads at least so many bytes of the answer's body, then breaks the connection. */
  readonly readAtMostBytes?: number | undefined;
  readonly agent?: Agent | undefined;
}

/** An answer, read whole. */
export interface Reply {
  readonly status: number;
  /** Name, value, name, value, as they came over the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** Whether `100 Continue` came before it. */
  readonly continued: boolean;
  /** The client's port: two answers with the same one came over the same connection. */
  readonly localPort: number;
  /** The value of a header, or undefined; fails when the header came twice. */
  header(name: string): string | undefined;
  json(): unknown;
}

const ANSWER_TIMEOUT_MS = 25_000;
const sharedAgent = new Agent({ keepAlive: true, maxSockets: 64 });

function bytesOf(body: Body | undefined): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (body === undefined) return [];
  if (typeof body === 'string') return [Buffer.from(body)];
  return body instanceof Uint8Array ? [body] : body;
}

async function* atMost(body: Body | undefined, limitBytes: number): AsyncGenerator<Uint8Array> {
  let left = limitBytes;
  for await (const chunk of bytesOf(body)) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.length;
  }
}

async function sendBody(request: ClientRequest, exchange: Exchange): Promise<void> {
  const limitBytes = exchange.stopAfterBytes ?? Number.POSITIVE_INFINITY;
  for await (const chunk of atMost(exchange.body, limitBytes)) {
    if (request.destroyed || request.writableEnded) return;
    const sent = new Promise((resolve) => request.write(chunk, resolve));
    await Promise.race([sent, once(request, 'close')]);
  }
  if (exchange.breakOff) request.destroy();
  else if (exchange.stopAfterBytes === undefined) request.end();
}

async function read(
  response: IncomingMessage,
  continued: boolean,
  limitBytes = Number.POSITIVE_INFINITY,
): Promise<Reply> {
  const localPort = response.socket.localPort ?? 0;
  const chunks: Buffer[] = [];
  let readBytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    readBytes += (chunk as Buffer).length;
    if (readBytes >= limitBytes) break;
  }
  const body = Buffer.concat(chunks);
  const { rawHeaders } = response;
  return {
    status: response.statusCode ?? 0,
    rawHeaders,
    body,
    text: body.toString('utf8'),
    continued,
    localPort,
    header(name) {
      const at = rawHeaders.flatMap((candidate, i) =>
        i % 2 === 0 && candidate.toLowerCase() === name.toLowerCase() ? [i] : [],
      );
      if (at.length > 1) throw new Error(`${name} came ${at.length} times`);
      return at[0] === undefined ? undefined : rawHeaders[at[0] + 1];
    },
    json: () => JSON.parse(body.toString('utf8')),
  };
}

function isExpecting(headers: HeaderList): boolean {
  return headers.some(([name]) => name.toLowerCase() === 'expect');
}

/** Sends one request and reads its answer. Rejects when the connection breaks without an answer. */
export function exchange(options: Exchange): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const url = new URL(options.endpoint);
    let continued = false;
    let answered = false;
    const request = httpRequest({
      host: url.hostname,
      port: url.port,
      method: options.method,
      path: options.target,
      headers: options.headers.flat(),
      agent: options.agent ?? sharedAgent,
    });
    const timer = setTimeout(
      () => request.destroy(new Error(`${options.method} ${options.target}: no answer`)),
      ANSWER_TIMEOUT_MS,
    );
    const settle = <Value>(act: (value: Value) => void): ((value: Value) => void) => {
      return (value) => {
        clearTimeout(timer);
        act(value);
      };
    };
    request.on('error', (error) => {
      if (!answered) settle(reject)(error);
    });
    request.on('response', (response) => {
      answered = true;
      read(response, continued, options.readAtMostBytes)
        .then(settle(resolve), settle(reject))
        .finally(() => {
          if (!request.writableEnded) request.destroy();
        });
    });
    const send = (): void => void sendBody(request, options).catch(settle(reject));
    if (isExpecting(options.headers)) {
      request.on('continue', () => {
        continued = true;
        send();
      });
      request.flushHeaders();
    } else {
      request.flushHeaders();
      send();
    }
  });
}
