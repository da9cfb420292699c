/** A request written byte for byte on a plain socket, for what node:http will not send. */
import { connect } from 'node:net';

export interface RawAnswer {
  /** All that came, headers and bodies, as latin1 text. */
  readonly text: string;
  /** The status of the first answer. */
  readonly status: number;
  /** Whether the server closed the connection. */
  readonly isClosed: boolean;
}

/**
 * Sends the text and reads until the server closes the connection, or for `waitMs` after the last
 * byte that came.
 */
export function rawExchange(endpoint: string, text: string, waitMs = 10_000): Promise<RawAnswer> {
  const url = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    const chunks: Buffer[] = [];
    const finish = (isClosed: boolean): void => {
      const answer = Buffer.concat(chunks).toString('latin1');
      socket.destroy();
      resolve({ text: answer, status: Number(answer.split(' ', 2)[1] ?? 0), isClosed });
    };
    socket.setTimeout(waitMs, () => finish(false));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => finish(true));
    socket.on('error', (error) => (chunks.length > 0 ? finish(true) : reject(error)));
    socket.write(Buffer.from(text, 'latin1'));
  });
}
