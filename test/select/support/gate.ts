/**
 * A gate in front of a store, for its failures: connections pass, or get no word, or break, or are
 * refused. The server opens one connection for each object that it puts.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pollUntil } from '../../support/client.ts';

export type Passage = 'open' | 'silent' | 'broken';

export class Gate {
  /** How many connections were made. */
  connections = 0;
  /** The first lines of what passed: `PUT /bucket/key HTTP/1.1`. */
  readonly requestLines: string[] = [];
  readonly #store: URL | undefined;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  /** Of the connections to come, one after the other. */
  #next: Passage[] = [];
  #later: Passage = 'open';

  /** Without a store nothing can pass: then say what else it is to do. */
  constructor(store?: URL) {
    this.#store = store;
  }

  /** Lets the world connect, again on the port of the last time. */
  async listen(): Promise<void> {
    this.#server = createServer((socket) => this.#receive(socket));
    await once(this.#server.listen(this.#port, '127.0.0.1'), 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): URL {
    return new URL(`http://127.0.0.1:${this.#port}`);
  }

  /** What becomes of the next connections, and of all after them. */
  let(next: readonly Passage[], later: Passage): void {
    this.#next = [...next];
    this.#later = later;
  }

  /** Waits until so many connections were made. */
  async waitFor(connections: number): Promise<void> {
    await pollUntil(
      async () => this.connections,
      (count) => count >= connections,
    );
  }

  /** From now on connections are refused, and those that are open break. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #receive(socket: Socket): void {
    this.connections += 1;
    this.#keep(socket);
    const passage = this.#next.shift() ?? this.#later;
    if (passage === 'broken') socket.destroy();
    else if (passage === 'silent') socket.resume();
    else this.#pass(socket);
  }

  #pass(socket: Socket): void {
    if (!this.#store) throw new Error('there is no store behind the gate');
    const { hostname, port } = this.#store;
    const onward = connect(Number(port), hostname);
    this.#keep(onward);
    socket.once('data', (chunk) => {
      this.requestLines.push(chunk.toString('latin1').split('\r\n', 1)[0] ?? '');
    });
    socket.pipe(onward).pipe(socket);
    socket.once('close', () => onward.destroy());
    onward.once('close', () => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
