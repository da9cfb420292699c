/**
 * One POST to somebody else's server, bounded on every side: to judged addresses only, 5 s to
 * connect, 10 s for everything, no redirects, and no more than 64 KiB of the answer (chosen, as for
 * all outgoing calls). Errors name no URL: it may hold a secret.
 */
import http from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Clock, Milliseconds } from '../lib/clock.ts';

export const connectTimeoutMs = 5_000;
export const wholeTimeoutMs = 10_000;
export const maxAnswerBytes = 64 * 1024;

export interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

export interface Post {
  /** `http:` or `https:`; a user and password in it are sent as Basic authorisation. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostContext {
  readonly agents: Agents;
  readonly clock: Clock;
}

/**
 * Resolves when the receiver has answered 2xx, and its answer has ended or reached 64 KiB.
 * @throws Error saying what happened instead; the reason of `signal` when that was aborted
 */
export function httpPost(post: Post, { agents, clock }: PostContext, signal: AbortSignal) {
  return withDeadline({ clock, afterMs: wholeTimeoutMs, signal }, async (ending) => {
    const request = send(post, agents, ending);
    const connected = new AbortController();
    const patience = clock.sleep(connectTimeoutMs, connected.signal).then(() => {
      const isLate = !connected.signal.aborted;
      if (isLate) request.destroy(new Error(`No connection within ${connectTimeoutMs / 1000} s`));
    });
    request.once('socket', (socket) => {
      const event = (socket as Partial<TLSSocket>).encrypted ? 'secureConnect' : 'connect';
      socket.once(event, () => connected.abort());
    });
    try {
      await readAnswer(await answerTo(request));
    } finally {
      connected.abort();
      await patience;
    }
  });
}

function send({ url, headers, body }: Post, agents: Agents, signal: AbortSignal) {
  const isTls = url.protocol === 'https:';
  const request = (isTls ? https : http).request(url, {
    method: 'POST',
    agent: isTls ? agents.httpsAgent : agents.httpAgent,
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    signal,
  });
  return request.end(body);
}

function answerTo(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
    request.once('close', () => reject(new Error('The connection ended without an answer')));
  });
}

async function readAnswer(answer: http.IncomingMessage): Promise<void> {
  const status = answer.statusCode ?? 0;
  if (status < 200 || status > 299) {
    answer.destroy();
    throw new Error(`The receiver answered ${status}`);
  }
  let receivedBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    receivedBytes += chunk.length;
    if (receivedBytes >= maxAnswerBytes) break; // which closes the connection
  }
}

export interface Deadline {
  readonly clock: Clock;
  readonly afterMs: Milliseconds;
  /** Ends it earlier. */
  readonly signal: AbortSignal;
}

/**
 * Runs an exchange with a signal that is aborted at the deadline.
 * @throws what the exchange throws; a sentence with the time when that was why, the reason of the
 *   caller's signal when it was that
 */
export async function withDeadline<Result>(
  { clock, afterMs, signal }: Deadline,
  exchange: (ending: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const ended = new AbortController();
  const stop = () => ending.abort(signal.reason);
  signal.addEventListener('abort', stop);
  const patience = clock.sleep(afterMs, ended.signal).then(() => {
    if (!ended.signal.aborted) ending.abort(new Error(`No answer within ${afterMs / 1000} s`));
  });
  try {
    return await exchange(ending.signal);
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    ended.abort();
    await patience;
  }
}
