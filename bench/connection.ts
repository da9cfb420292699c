/**
 * A client that costs as little as possible: one connection, one request at a time, bytes received
 * into one reused buffer. It understands just the answers that Firn (and `node:http`) give: a length
 * and a body of that length.
 */
import { connect, type Socket } from 'node:net';

const receiveBytes = 256 * 1024;
const headEnd = '\r\n\r\n';

export interface Answer {
  readonly status: number;
  /** Status line and headers as they came. */
  readonly head: string;
  /** Of the body, in bytes. */
  readonly sizeBytes: number;
  /** Empty when a sink took it. */
  readonly body: Buffer;
}

/** Takes the body of a success as it comes. The bytes are valid until it returns. */
export type Sink = (bytes: Buffer, startByte: number) => void;

export interface Sending {
  /** Request line, headers and the empty line; a small body may follow. */
  readonly request: Buffer | string;
  /** The rest of a large body. */
  readonly body?: Iterable<Buffer>;
  readonly sink?: Sink;
}

interface Exchange {
  readonly sink: Sink | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  head: string;
  isHeadComplete: boolean;
  status: number;
  lengthBytes: number;
  receivedBytes: number;
  kept: Buffer[];
}

export class Connection {
  readonly #endpoint: URL;
  readonly #buffer = Buffer.allocUnsafeSlow(receiveBytes);
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;
  #onDrain = () => {};

  private constructor(endpoint: URL) {
    this.#endpoint = endpoint;
  }

  static async open(endpoint: URL): Promise<Connection> {
    const connection = new Connection(endpoint);
    await connection.#connect();
    return connection;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Sends a request and gives its answer, whatever the status is. */
  async send({ request, body, sink }: Sending): Promise<Answer> {
    const socket = this.#socket ?? (await this.#connect());
    return new Promise((resolve, reject) => {
      this.#exchange = { sink, resolve, reject, ...nothingReceived() };
      socket.write(request);
      if (body) this.#sendBody(socket, body).catch(reject);
    });
  }

  #connect(): Promise<Socket> {
    const buffer = this.#buffer;
    const callback = (length: number) => {
      this.#receive(buffer.subarray(0, length));
      return true;
    };
    const { hostname: host, port } = this.#endpoint;
    return new Promise((resolve, reject) => {
      const socket = connect(
        { host, port: Number(port), noDelay: true, onread: { buffer, callback } },
        () => {
          this.#socket = socket;
          resolve(socket);
        },
      );
      const fail = (error: Error) => {
        reject(error);
        if (this.#socket === socket) this.#fail(error);
      };
      socket.on('drain', () => this.#onDrain());
      socket.on('error', fail);
      socket.on('close', () => fail(new Error('The server has closed the connection')));
    });
  }

  /** Stops when the server has answered before it was done, which then is a refusal. */
  async #sendBody(socket: Socket, body: Iterable<Buffer>): Promise<void> {
    const exchange = this.#exchange;
    for (const piece of body) {
      if (this.#exchange !== exchange) return;
      if (socket.write(piece)) continue;
      await new Promise<void>((resolve) => {
        this.#onDrain = resolve;
      });
    }
  }

  #receive(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    const body = exchange.isHeadComplete ? bytes : takeHead(exchange, bytes);
    if (!exchange.isHeadComplete) return;
    if (exchange.sink && exchange.status < 300) exchange.sink(body, exchange.receivedBytes);
    else exchange.kept.push(Buffer.from(body));
    exchange.receivedBytes += body.length;
    if (exchange.receivedBytes < exchange.lengthBytes) return;
    this.#exchange = undefined;
    const { status, head, kept, resolve } = exchange;
    // Firn closes a connection after so many requests; the next one opens another.
    if (/^connection: close$/im.test(head)) this.close();
    resolve({ status, head, sizeBytes: exchange.receivedBytes, body: Buffer.concat(kept) });
  }

  #fail(error: Error): void {
    this.#socket = undefined;
    this.#exchange?.reject(error);
    this.#exchange = undefined;
    this.#onDrain();
  }
}

function nothingReceived() {
  return {
    head: '',
    isHeadComplete: false,
    status: 0,
    lengthBytes: 0,
    receivedBytes: 0,
    kept: [],
  };
}

/** Adds to the head of an answer. Returns what is behind it, once it is complete. */
function takeHead(exchange: Exchange, bytes: Buffer): Buffer {
  exchange.head += bytes.toString('latin1');
  const end = exchange.head.indexOf(headEnd);
  if (end < 0) return bytes.subarray(0, 0);
  const bodyBytes = exchange.head.length - end - headEnd.length;
  exchange.head = exchange.head.slice(0, end);
  exchange.isHeadComplete = true;
  exchange.status = Number(exchange.head.slice(9, 12));
  exchange.lengthBytes = Number(headerOf(exchange.head, 'content-length') ?? 0);
  return bytes.subarray(bytes.length - bodyBytes);
}

/** The value of a header of an answer; `name` in lower case. */
export function headerOf(head: string, name: string): string | undefined {
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}
