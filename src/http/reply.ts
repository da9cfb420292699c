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
  /** The connection is to break after so many bytes of the body. */
  readonly breakAfterBytes?: number;
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
  const { breakAfterBytes } = output;
  const isBroken = breakAfterBytes !== undefined;
  if (output.bytes) {
    const status = output.contentRange === undefined ? answer.status : 206;
    const { sizeBytes, pieces } = output.bytes;
    headers.push('Content-Length', String(sizeBytes));
    await sendPieces(response, status, headers, isBroken ? cut(pieces, breakAfterBytes) : pieces);
    return;
  }
  if (output.body !== undefined) {
    const text = toSortedJson(output.body);
    if (!isBroken) return sendJson(response, answer.status, headers, text);
    headers.push(...jsonHeaders(text));
    const pieces = cut([Buffer.from(text)], breakAfterBytes);
    return sendPieces(response, answer.status, headers, pieces);
  }
  if (isBroken) throw new BrokenOffError(0);
  if (answer.status !== 204) headers.push('Content-Length', '0');
  response.writeHead(answer.status, headers).end();
}

/** A tester has ordered that the connection breaks. There is nothing to answer any more. */
export class BrokenOffError extends Error {
  override readonly name = 'BrokenOffError';
  readonly bytes: number;
  /** What would have been answered, where that was a refusal. */
  readonly refusal: GlacierError | undefined;

  constructor(bytes: number, refusal?: GlacierError) {
    super(`The connection breaks after ${bytes} bytes, as a fault was ordered`);
    this.bytes = bytes;
    this.refusal = refusal;
  }
}

/** Sends the first bytes of a refusal. @throws BrokenOffError when they are sent */
export async function replyBrokenOff(
  response: ServerResponse,
  requestId: string,
  { bytes, refusal }: BrokenOffError,
): Promise<void> {
  if (!refusal) return;
  const body = formatError(refusal);
  const headers = [requestIdHeader, requestId, ...jsonHeaders(body)];
  await sendPieces(response, refusal.status, headers, cut([Buffer.from(body)], bytes));
}

/** The first bytes, then an error: the connection breaks before the declared length. */
async function* cut(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const piece of pieces) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) throw new BrokenOffError(bytes);
  }
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
  headers.push('Connection', 'close', ...jsonHeaders(body));
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
  response.writeHead(status, [...headers, ...jsonHeaders(text)]).end(text);
}

function jsonHeaders(text: string): string[] {
  const length = String(Buffer.byteLength(text));
  return ['Content-Type', 'application/json', 'Content-Length', length];
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
