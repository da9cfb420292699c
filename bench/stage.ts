/** What every row has at hand: sizes, a directory, and a server of its own with one vault. */
import { join, resolve } from 'node:path';
import { Connection } from './connection.ts';
import { Glacier } from './glacier.ts';
import { MIB } from './pattern.ts';
import { removeDirectory } from './scratch.ts';
import { Server } from './server.ts';

export interface Sizes {
  readonly rounds: number;
  /** Of what is called a large archive. */
  readonly largeBytes: number;
  /** How long requests are counted for. */
  readonly spanSeconds: number;
}

export const fullSizes: Sizes = { rounds: 5, largeBytes: 512 * MIB, spanSeconds: 3 };
export const quickSizes: Sizes = { rounds: 3, largeBytes: 128 * MIB, spanSeconds: 1 };

export interface StageOptions {
  readonly sizes: Sizes;
  readonly directory: string;
  /** Where every server process leaves a profile of its main thread, if that is wanted. */
  readonly profileDirectory: string | undefined;
}

export class Stage {
  readonly sizes: Sizes;
  /** Everything that is written lies in it: the store and the files that it is compared with. */
  readonly directory: string;
  readonly #nodeFlags: readonly string[];
  readonly #closings: (() => unknown)[] = [];
  #server: Server | undefined;

  constructor({ sizes, directory, profileDirectory }: StageOptions) {
    this.sizes = sizes;
    this.directory = directory;
    this.#nodeFlags =
      profileDirectory === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${resolve(profileDirectory)}`];
  }

  get server(): Server {
    if (!this.#server) throw new Error('No server has been started');
    return this.#server;
  }

  /** Starts the server on an empty store and makes the vault. */
  async open(): Promise<void> {
    this.#server = await Server.start(this.#storeDirectory, this.#nodeFlags);
    await this.asClient((glacier) => glacier.createVault());
  }

  /** The same store, but a server that has done nothing yet. */
  async restart(): Promise<void> {
    await this.server.stop();
    this.#server = await Server.start(this.#storeDirectory, this.#nodeFlags);
  }

  /** Has `close` called when the row is done. */
  onClose(close: () => unknown): void {
    this.#closings.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closings.splice(0).reverse()) await close();
    await this.#server?.stop();
    this.#server = undefined;
    await removeDirectory(this.#storeDirectory);
  }

  async asClient<T>(work: (glacier: Glacier) => Promise<T>): Promise<T> {
    const { endpoint } = this.server;
    const connection = await Connection.open(endpoint);
    try {
      return await work(new Glacier(endpoint, connection));
    } finally {
      connection.close();
    }
  }

  /** Lends as many open connections to Firn, or to another server, as there are clients. */
  async withConnections<T>(
    count: number,
    work: (connections: readonly Connection[]) => Promise<T>,
    endpoint = this.server.endpoint,
  ): Promise<T> {
    const opening = Array.from({ length: count }, () => Connection.open(endpoint));
    const connections = await Promise.all(opening);
    try {
      return await work(connections);
    } finally {
      for (const connection of connections) connection.close();
    }
  }

  get #storeDirectory(): string {
    return join(this.directory, 'store');
  }
}
