/**
 * Firn's own interface under `/_/`, seen from the client: signed like any request of the Glacier
 * API, JSON in and out. A refusal becomes an `ApiError` in the server's words, followed by what to
 * do about it where that is known.
 */
import { hash } from 'node:crypto';
import { systemClock } from '../lib/clock.ts';
import { formatBasicDate } from '../sigv4/basic-date.ts';
import { signRequest } from '../sigv4/sign.ts';
import { CliError } from './cli-error.ts';
import type { Connection } from './connection.ts';
import { oneLine } from './print.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The server said no. */
export class ApiError extends CliError {
  override readonly name = 'ApiError';
  /** One of Glacier's, such as `AccessDeniedException`. */
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** No answer came, or one that Firn does not give. */
export class UnreachableError extends CliError {
  override readonly name = 'UnreachableError';
}

export class AdminClient {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Sends one request.
   * @param target from `path.ts`
   * @param body becomes JSON; undefined: no body
   * @returns the JSON of the answer, undefined when it has no body
   * @throws ApiError, UnreachableError
   */
  async request<Answer>(method: Method, target: string, body?: object): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = await this.#sign(method, target, text);
    const { status, answer } = await this.#send(target, {
      method,
      headers,
      redirect: 'manual',
      ...(text !== '' && { body: text }),
    });
    const value = this.#parse(answer, status);
    if (status < 200 || status > 299) throw this.#refusal(value, status);
    return value as Answer;
  }

  async #sign(method: Method, target: string, text: string): Promise<Record<string, string>> {
    const { endpoint, region, credentials } = this.#connection;
    const payloadHash = hash('sha256', text, 'hex');
    const { host: _sentByFetch, ...headers } = await signRequest({
      method,
      target,
      headers: {
        host: new URL(endpoint).host,
        'x-amz-content-sha256': payloadHash,
        ...(text !== '' && { 'content-type': 'application/json' }),
      },
      payloadHash,
      credentials,
      region,
      requestDate: formatBasicDate(systemClock.now()),
    });
    return headers;
  }

  async #send(target: string, init: RequestInit): Promise<{ status: number; answer: string }> {
    try {
      const response = await fetch(`${this.#connection.endpoint}${target}`, init);
      return { status: response.status, answer: await response.text() };
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #parse(answer: string, status: number): unknown {
    if (answer === '' && status === 204) return undefined;
    try {
      return JSON.parse(answer);
    } catch {
      throw this.#stranger(status);
    }
  }

  #refusal(value: unknown, status: number): CliError {
    const { code, message } = (value ?? {}) as Partial<Record<'code' | 'message', unknown>>;
    if (typeof code !== 'string' || typeof message !== 'string') return this.#stranger(status);
    const next = this.#nextStep(code, message);
    // Further paragraphs are for those who write signers: what should have been signed.
    const [first = ''] = message.split('\n\n');
    const sentence = `${oneLine(first).replace(/\.$/, '')} (${oneLine(code)})`;
    return new ApiError(code, next === undefined ? sentence : `${sentence}: ${next}`, status);
  }

  #stranger(status: number): UnreachableError {
    return new UnreachableError(
      `${this.#connection.endpoint} answered with ${status}, and not like Firn: check --endpoint or FIRN_ENDPOINT`,
    );
  }

  #unreachable(error: unknown): UnreachableError {
    const { endpoint } = this.#connection;
    const { code, message } = causeOf(error);
    const next = unreachableSteps[code] ?? 'check --endpoint or FIRN_ENDPOINT';
    return new UnreachableError(`no answer from ${endpoint}, ${oneLine(message)}: ${next}`, {
      cause: error,
    });
  }

  #nextStep(code: string, message: string): string | undefined {
    const { credentials, region } = this.#connection;
    switch (code) {
      case 'UnrecognizedClientException':
        return `${credentials.accessKeyId} is unknown or inactive, or is a session's and came without its AWS_SESSION_TOKEN`;
      case 'InvalidSignatureException':
        return `check the secret, the clock of this machine, and the region, which was ${region}`;
      case 'ExpiredTokenException':
        return 'make another session with firn admin sessions create';
      case 'BadRequest':
        return message.includes('no test clock')
          ? 'firn serve --test-clock makes a new store with one'
          : undefined;
      default:
        return undefined;
    }
  }
}

const unreachableSteps: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'start it with firn serve, or set --endpoint or FIRN_ENDPOINT',
  UND_ERR_HEADERS_TIMEOUT: 'it may still be at work; look before you ask again',
  UND_ERR_SOCKET: 'the connection broke; what was asked may have been done',
  ECONNRESET: 'the connection broke; what was asked may have been done',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'set NODE_EXTRA_CA_CERTS to the file of its certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'set NODE_EXTRA_CA_CERTS to the file of its certificate',
};

/** What lies under the `fetch failed` of Node; of several addresses tried, the first. */
function causeOf(error: unknown): { readonly code: string; readonly message: string } {
  let deepest = error as Error & { code?: string; errors?: Error[] };
  for (;;) {
    const below = (deepest.cause ?? deepest.errors?.[0]) as typeof deepest | undefined;
    if (!(below instanceof Error)) break;
    deepest = below;
  }
  return { code: deepest.code ?? '', message: deepest.message };
}
