/**
 * A server of the file's own that can be stopped and started again, also where the other tests talk
 * to a remote one. Everything it leaves lies in one folder, which goes with it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { Client } from '../../support/client.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../support/server.ts';

export interface OwnServer {
  readonly server: RunningServer;
  /** The tests' own client, for what is not the story's subject. */
  readonly client: Client;
  /** A folder for the files of clients. */
  readonly folder: string;
}

export function useOwnServer(options: Omit<ServerOptions, 'dataDirectory'> = {}): OwnServer {
  let server: RunningServer | undefined;
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'firn-clients-'));
    server = await startServer({ ...options, dataDirectory: join(folder, 'store') });
  });
  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const running = (): RunningServer => {
    if (server === undefined) throw new Error('the server runs only inside tests');
    return server;
  };
  return {
    get server() {
      return running();
    },
    get client() {
      return new Client(running());
    },
    get folder() {
      return folder;
    },
  };
}
