/**
 * The one listener: sockets, request ids, limits, health, and the way down.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { GlacierError } from '../api/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { type OwnApi, ownApiPrefix, replyOwnApi, runOwnApi } from './own-api.ts';
import { type PipelineContext, runPipeline } from './pipeline.ts';
import {
  BrokenOffError,
  formatError,
  replyBrokenOff,
  replyError,
  replyOutput,
  requestIdHeader,
  unavailable,
} from './reply.ts';
import { ClientGoneError, RequestBody } from './request-body.ts';
import { findRoute, type Route } from './router.ts';

/** Bounds of connections and headers (chosen). The time of a whole body has none. */
const socketLimits = {
  headerBytes: 16 * 1024,
  headerLines: 100,
  headersMs: 10_000,
  keepAliveMs: 65_000,
  requestsPerConnection: 1_000,
  connections: 2_048,
};

export interface ListenerOptions extends PipelineContext {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** By which connections are watched: always the real one. */
  readonly clock: Clock;
  readonly ownApi: OwnApi;
  /** Answers to a GET that need no signature, by path. */
  readonly documents: ReadonlyMap<string, OpenDocument>;
  readonly bodyIdleSeconds: number;
  /** Why the server cannot do its work, or undefined when it can. */
  readonly unreadyReason: () => string | undefined;
}

/** Says nothing about what is stored. */
export interface OpenDocument {
  readonly type: string;
  readonly text: () => string;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #running = new Set<Promise<void>>();
  #isDraining = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({
      maxHeaderSize: socketLimits.headerBytes,
      headersTimeout: socketLimits.headersMs,
      keepAliveTimeout: socketLimits.keepAliveMs,
      // A request without it is refused in Glacier's form, since it must be signed.
      requireHostHeader: false,
      // NOTE: Node's default of 300 s would cut off honest slow uploads.
      requestTimeout: 0,
    });
    // One more than is accepted: Node drops the rest without a word, we refuse.
    this.#server.maxHeadersCount = socketLimits.headerLines + 1;
    this.#server.maxConnections = socketLimits.connections;
    this.#server.maxRequestsPerSocket = socketLimits.requestsPerConnection;
    this.#server.on('request', (request, response) => this.#accept(request, response, false));
    this.#server.on('checkContinue', (request, response) => this.#accept(request, response, true));
    // Expectations that we do not know are none of our business.
    this.#server.on('checkExpectation', (request, response) =>
      this.#accept(request, response, false),
    );
    this.#server.on('connect', (_request, socket: Socket) =>
      this.#refuseMalformed(new Error('CONNECT is not for this server'), socket),
    );
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#refuseMalformed(error, socket),
    );
  }

  /** Begins to listen. Returns the address as a URL. */
  async listen(): Promise<string> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const address = this.#server.address() as AddressInfo;
    const isIpv6 = address.family === 'IPv6';
    return `http://${isIpv6 ? `[${address.address}]` : address.address}:${address.port}`;
  }

  /** Accepts nothing new, lets what is running finish for `patienceMs`, and breaks the rest. */
  async drain(patienceMs: number): Promise<void> {
    this.#isDraining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), patienceMs);
    // Whoever has not noticed a second later that the connection is gone is left behind.
    const waiting = new AbortController();
    const patience = this.#options.clock.sleep(patienceMs + 1_000, waiting.signal);
    await Promise.race([Promise.allSettled(this.#running), patience]);
    waiting.abort();
    this.#server.closeIdleConnections();
    await closed;
    clearTimeout(timer);
  }

  #accept(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const running = this.#serve(request, response, expectsContinue)
      // Nothing that goes wrong with one request may end the others.
      .catch((error) => {
        this.#options.log.error({ error: describe(error) }, 'answering failed');
        response.destroy();
      })
      .finally(() => {
        this.#running.delete(running);
      });
    this.#running.add(running);
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ): Promise<void> {
    if (this.#isDraining) response.setHeader('Connection', 'close');
    if (this.#serveOwn(request, response)) return;
    const { service, log, clock, bodyIdleSeconds } = this.#options;
    const { method = '', url: target = '' } = request;
    const startedAt = clock.monotonic();
    const requestId = service.ids.next('request');
    const requestLog = log.child({ requestId });
    const body = new RequestBody(request, response, {
      clock,
      idleSeconds: bodyIdleSeconds,
      expectsContinue,
    });
    let route: Route | undefined;
    let failure: GlacierError | undefined;
    try {
      if (request.rawHeaders.length > 2 * socketLimits.headerLines) throw tooManyHeaders();
      const proving = {
        signed: { method, target, rawHeaders: request.rawHeaders },
        body,
        requestId,
        sourceIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
        log: requestLog,
      };
      if (target.startsWith(ownApiPrefix)) {
        await replyOwnApi(response, requestId, await runOwnApi(this.#options, proving));
      } else {
        route = findRoute(method, target);
        const output = await runPipeline(this.#options, { route, ...proving });
        await replyOutput(response, requestId, route.operation, output);
      }
    } catch (error) {
      failure = await this.#fail(response, requestId, body, error, requestLog);
    }
    requestLog.info(
      {
        operation: route?.name,
        method,
        path: target.split('?')[0],
        status: response.statusCode,
        code: failure?.code,
        milliseconds: Math.round(clock.monotonic() - startedAt),
      },
      'request',
    );
  }

  /** Answers a request that failed, as far as there is still somebody to answer. */
  async #fail(
    response: ServerResponse,
    requestId: string,
    body: RequestBody,
    error: unknown,
    log: Log,
  ): Promise<GlacierError | undefined> {
    const isRefusal = error instanceof GlacierError;
    const isBroken = error instanceof BrokenOffError;
    if (isBroken) await replyBrokenOff(response, requestId, error).catch(() => {});
    if (isBroken || error instanceof ClientGoneError || response.destroyed) {
      log.info({ reason: (error as Error).message }, 'the client has gone away');
      response.destroy();
      return undefined;
    }
    if (!isRefusal) log.error({ error: describe(error) }, 'request failed');
    if (response.headersSent) {
      // The declared length was not reached: a short body is how the client learns of it.
      response.destroy();
      return undefined;
    }
    const answer = isRefusal ? error : unavailable();
    const mustClose = body.isUnread;
    await replyError(response, requestId, answer, mustClose ? () => body.drain() : undefined);
    return answer;
  }

  /** What is not HTTP is refused in Glacier's form all the same. */
  #refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const { service, clock } = this.#options;
    const body = formatError(new GlacierError('BadRequest', `Malformed request: ${error.message}`));
    const head = [
      'HTTP/1.1 400 Bad Request',
      `${requestIdHeader}: ${service.ids.next('request')}`,
      `Date: ${new Date(clock.now()).toUTCString()}`,
      'Connection: close',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  }

  /** Routes beside the API. They need no signature and say nothing about what is stored. */
  #serveOwn(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET') return false;
    const [path = ''] = request.url?.split('?') ?? [];
    switch (path) {
      case '/livez':
        sendText(response, 200, 'text/plain', 'alive\n');
        return true;
      case '/readyz': {
        const reason = this.#isDraining ? 'the server is stopping' : this.#options.unreadyReason();
        sendText(response, reason ? 503 : 200, 'text/plain', `${reason ?? 'ready'}\n`);
        return true;
      }
      default: {
        const document = this.#options.documents.get(path);
        if (document) sendText(response, 200, document.type, document.text());
        return document !== undefined;
      }
    }
  }
}

function sendText(response: ServerResponse, status: number, type: string, text: string): void {
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': length }).end(text);
}

function tooManyHeaders(): GlacierError {
  return new GlacierError(
    'BadRequest',
    `The request has more than ${socketLimits.headerLines} header lines`,
  );
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  return { name, message, stack, cause: cause && describe(cause) };
}
