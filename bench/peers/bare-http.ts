/** `node:http` and nothing else: gives every request the same answer. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerMessages } from './peer-process.ts';

export interface BareHttp {
  /** Names and values by turns. */
  readonly headers: readonly string[];
  readonly body: string;
}

answerMessages<BareHttp, string>(async ({ headers, body }) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, [...headers]).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
