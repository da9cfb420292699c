/** A server that says what a test wants it to say, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';

export interface AskedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface ScriptedAnswer {
  readonly status: number;
  /** Becomes JSON; a string is sent as it is; undefined: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ScriptedServer {
  readonly endpoint: string;
  /** All since the last look. */
  takeRequests(): AskedRequest[];
  close(): Promise<void>;
}

/** @param answer 'break': the connection is cut */
export async function startScriptedServer(
  answer: (request: AskedRequest) => ScriptedAnswer | 'break',
): Promise<ScriptedServer> {
  let requests: AskedRequest[] = [];
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = incoming;
    const request = { method, target: url, headers, body: await textOf(incoming) };
    requests.push(request);
    const scripted = answer(request);
    if (scripted === 'break') {
      response.destroy();
      return;
    }
    const { status, body } = scripted;
    response.writeHead(status, scripted.headers);
    if (body === undefined) response.end();
    else response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeRequests() {
      const taken = requests;
      requests = [];
      return taken;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
