/**
 * From an output or an error to the response.
 *
 * JSON is compact, its keys in alphabetical order, its type exactly `application/json` (boto 2
 * compares the whole text). Empty answers have no type; those without a body say so by a length of 0,
 * but for 204, which has none.
 */
import type { ServerResponse } from 'node:http';
import { GlacierError, signatureErrors } from '../api/errors.ts';
import type { Operation, OutgoingBytes } from '../api/operations.ts';

/** A piece that the client has not taken at this rate breaks the connection (chosen). */
const slowestBytesPerSecond = 8 * 1024;
const shortestPatienceMs = 60_000;

export const requestIdHeader = 'x-amzn-RequestId';

/** The output of any operation: header values by key, and the body. */
export type Output = Readonly<Record<string, unknown>> & {
  readonly body?: unknown;
  readonly bytes?: OutgoingBytes;
};

/** Sends a success. Resolves when the last byte was handed to the connection. */
export async function replyOutput(
  response: ServerResponse,
  requestId: string,
  operation: Operation,
  output: Output,
): Promise<void> {
  const { answer } = operation;
  const headers = [requestIdHeader, requestId];
  for (const [key, name] of Object.entries(answer.headers)) {
    const value = output[key];
    if (typeof value === 'string') headers.push(name, value);
  }
  if (output.bytes) {
    const status = output.contentRange === undefined ? answer.status : 206;
    headers.push('Content-Length', String(output.bytes.sizeBytes));
    await sendPieces(response, status, headers, output.bytes.pieces);
    return;
  }
  if (output.body !== undefined) {
    sendJson(response, answer.status, headers, toSortedJson(output.body));
    return;
  }
  if (answer.status !== 204) headers.push('Content-Length', '0');
  response.writeHead(answer.status, headers).end();
}

/**
 * An error as the service words it: exactly three keys. The layer that checks signatures has them in
 * another order (both observed).
 */
export function formatError(error: GlacierError): string {
  const { code, message, type } = error;
  const isOfSignature = signatureErrors.has(code);
  return JSON.stringify(isOfSignature ? { message, code, type } : { code, message, type });
}

/**
 * Sends a refusal. When `beforeClosing` is given, the connection is closed after it has resolved.
 */
export async function replyError(
  response: ServerResponse,
  requestId: string,
  error: GlacierError,
  beforeClosing: (() => Promise<void>) | undefined,
): Promise<void> {
  const body = formatError(error);
  const headers = [requestIdHeader, requestId];
  if (!beforeClosing) return sendJson(response, error.status, headers, body);
  headers.push('Connection', 'close', 'Content-Type', 'application/json');
  headers.push('Content-Length', String(Buffer.byteLength(body)));
  response.writeHead(error.status, headers).write(body);
  await beforeClosing();
  response.end();
}

/** What to answer when something failed that no client has caused. No detail leaves the server. */
export function unavailable(): GlacierError {
  return new GlacierError(
    'ServiceUnavailableException',
    'Service is unavailable. Please try again.',
  );
}

function sendJson(response: ServerResponse, status: number, headers: string[], text: string): void {
  const length = String(Buffer.byteLength(text));
  headers.push('Content-Type', 'application/json', 'Content-Length', length);
  response.writeHead(status, headers).end(text);
}

/**
 * Sends pieces one after the other: the next is asked for when the connection has taken the last. The
 * head waits for the first piece, so that what fails at once is still answered with an error.
 */
export async function sendPieces(
  response: ServerResponse,
  status: number,
  headers: string[],
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const piece of pieces) {
    if (!response.headersSent) response.writeHead(status, headers);
    await sendPiece(response, piece);
  }
  response.end();
}

function sendPiece(response: ServerResponse, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const patienceMs = Math.max(shortestPatienceMs, (piece.length / slowestBytesPerSecond) * 1000);
    const finish = (error?: Error | null) => {
      clearTimeout(timer);
      response.off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onClose = () => finish(new Error('The client has closed the connection'));
    const onStall = () => {
      // At once: nothing may be sent of a piece whose buffer is about to be used again.
      response.destroy();
      finish(new Error('The client has stopped reading'));
    };
    const timer = setTimeout(onStall, patienceMs);
    response.once('close', onClose);
    if (response.destroyed) return onClose();
    response.write(piece, finish);
  });
}

/** JSON with the keys of every object in alphabetical order (observed). A BigInt keeps its digits. */
export function toSortedJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(toSortedJson).join(',')}]`;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, part]) => `${JSON.stringify(key)}:${toSortedJson(part)}`).join(',')}}`;
}
