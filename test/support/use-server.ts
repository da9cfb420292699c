/** One server for all tests of a file or block: started before the first, removed after the last. */
import { afterAll, beforeAll } from 'vitest';
import { Client } from './client.ts';
import { type RunningServer, type ServerOptions, startServer } from './server.ts';

export interface UsedServer {
  readonly server: RunningServer;
  readonly client: Client;
}

export function useServer(options: ServerOptions = {}): UsedServer {
  let server: RunningServer | undefined;
  let client: Client | undefined;
  beforeAll(async () => {
    server = await startServer(options);
    client = new Client(server);
  });
  afterAll(async () => {
    await server?.close();
  });
  return {
    get server() {
      if (server === undefined) throw new Error('the server runs only inside tests');
      return server;
    },
    get client() {
      if (client === undefined) throw new Error('the server runs only inside tests');
      return client;
    },
  };
}
