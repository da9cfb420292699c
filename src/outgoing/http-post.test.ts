import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { AddressRefusedError, createAddressGuard, guardedAgents } from './address-guard.ts';
import { httpPost, maxAnswerBytes } from './http-post.ts';
import { makeSigningCertificate } from './signing-certificate.ts';

/** Time that passes when the test says so, and then only for waits of that length. */
class StoppedClock implements Clock {
  readonly #waits = new Map<() => void, number>();
  now = () => 0;
  monotonic = () => 0;

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        this.#waits.delete(finish);
        resolve();
      };
      this.#waits.set(finish, milliseconds);
      if (signal?.aborted) finish();
      signal?.addEventListener('abort', finish);
    });
  }

  pass(milliseconds: number): void {
    for (const [finish, length] of this.#waits) if (length === milliseconds) finish();
  }

  get waiting(): number[] {
    return [...this.#waits.values()];
  }
}

const open = guardedAgents(createAddressGuard({ allow: ['127.0.0.0/8'] }));
const never = new AbortController().signal;
const servers: net.Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if (server instanceof http.Server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: net.Server, scheme = 'http'): Promise<URL> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=b`);
}

function serve(answer: http.RequestListener): Promise<URL> {
  return listen(http.createServer(answer));
}

function post(url: URL, { agents = open, clock = new StoppedClock(), signal = never } = {}) {
  return httpPost({ url, headers: { 'X-One': '1' }, body: 'grüße' }, { agents, clock }, signal);
}

describe('an answer', () => {
  it('of 2xx is a success', async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      const { 'x-one': one, 'content-length': length } = request.headers;
      request.on('data', (body: Buffer) => {
        seen.push([request.method, request.url, one, length, body.toString()]);
      });
      request.on('end', () => response.writeHead(seen.length === 1 ? 200 : 204).end());
    });
    const clock = new StoppedClock();
    await post(url, { clock });
    await post(url, { clock });
    const request = ['POST', '/hook?a=b', '1', '7', 'grüße'];
    expect(seen).toEqual([request, request]);
    expect(clock.waiting).toEqual([]);
  });

  it.each([300, 301, 302, 303, 307, 308, 400, 404, 429, 500, 503])(
    'of %i fails',
    async (status) => {
      const paths: unknown[] = [];
      const url = await serve((request, response) => {
        paths.push(request.url);
        response.writeHead(status, { Location: '/elsewhere' }).end();
      });
      await expect(post(url)).rejects.toThrow(`The receiver answered ${status}`);
      expect(paths).toEqual(['/hook?a=b']);
    },
  );

  it('that does not come is a failure', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(post(url)).rejects.toThrow(/socket hang up|without an answer/);
  });

  it('that breaks off is a failure', async () => {
    const url = await serve((request, response) => {
      response
        .writeHead(200, { 'Content-Length': 10 })
        .write('12345', () => request.socket.destroy());
    });
    await expect(post(url)).rejects.toThrow('aborted');
  });

  it('that changes the protocol is a failure', async () => {
    const url = await listen(
      net.createServer((socket) => {
        socket.on('error', () => {}).resume();
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
        );
      }),
    );
    await expect(post(url)).rejects.toThrow('The connection ended without an answer');
  });

  it('without end is read for 64 KiB', async () => {
    let writtenBytes = 0;
    let closed: Promise<unknown> = Promise.resolve();
    const url = await serve((_request, response) => {
      closed = once(response, 'close');
      const flow = () => {
        writtenBytes += 16_384;
        if (response.write(Buffer.alloc(16_384))) setImmediate(flow);
        else response.once('drain', flow);
      };
      flow();
    });
    await post(url);
    await closed;
    expect(writtenBytes).toBeGreaterThanOrEqual(maxAnswerBytes);
  });
});

describe('time', () => {
  it('for everything is 10 s, the end of the answer included', async () => {
    const clock = new StoppedClock();
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': 10 }).write('12345');
      setTimeout(() => clock.pass(10_000), 50);
    });
    await expect(post(url, { clock })).rejects.toThrow('No answer within 10 s');
    expect(clock.waiting).toEqual([]);
  });

  it('to connect is 5 s, the handshake included', async () => {
    const clock = new StoppedClock();
    const silent = net.createServer((socket) => {
      socket.on('error', () => {}).resume();
      clock.pass(5_000);
    });
    const url = await listen(silent, 'https');
    await expect(post(url, { clock })).rejects.toThrow('No connection within 5 s');
    expect(clock.waiting).toEqual([]);
  });

  it('to connect does not count when connected', async () => {
    const clock = new StoppedClock();
    const url = await serve((_request, response) => {
      clock.pass(5_000);
      response.end();
    });
    await post(url, { clock });
  });

  it('ends when the caller says so, with its reason', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort(new Error('stopped')));
    await expect(post(url, { signal: stop.signal })).rejects.toThrow('stopped');
    await expect(post(url, { signal: stop.signal })).rejects.toThrow('stopped');
  });
});

describe('the receiver', () => {
  it('must have an address that may be called', async () => {
    const agents = guardedAgents(createAddressGuard({ allow: [] }));
    const url = await serve((_request, response) => response.end());
    await expect(post(url, { agents })).rejects.toThrow(AddressRefusedError);
  });

  it('must have a certificate that is trusted', async () => {
    const { certificatePem, privateKeyPem } = await makeSigningCertificate();
    const options = { cert: certificatePem, key: privateKeyPem };
    let requests = 0;
    const server = https.createServer(options, (_request, response) => {
      requests += 1;
      response.end();
    });
    const url = await listen(server, 'https');
    await expect(post(url)).rejects.toThrow('self-signed certificate');
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await expect(post(url)).rejects.toThrow('self-signed certificate');
    vi.unstubAllEnvs();
    expect(requests).toBe(0);
    const checkServerIdentity = () => undefined;
    const httpsAgent = new https.Agent({ ca: certificatePem, checkServerIdentity });
    await post(url, { agents: { ...open, httpsAgent } });
    expect(requests).toBe(1);
  });

  it('is not named by errors', async () => {
    const url = await serve((_request, response) => response.writeHead(500).end());
    url.username = 'user';
    url.password = 'top-secret';
    url.search = '?token=top-secret';
    await expect(post(url)).rejects.toThrow(/^The receiver answered 500$/);
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    await expect(post(url)).rejects.toThrow(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
  });
});
