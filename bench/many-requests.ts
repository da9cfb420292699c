/** Rows with many small requests: requests a second, and the peers that they are compared with. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { headerOf } from './connection.ts';
import { archiveRequest, describeVaultRequest, expectStatus } from './glacier.ts';
import type { Peer } from './limits.ts';
import { countFor, type Measure, type Measured } from './measure.ts';
import { contentOf } from './pattern.ts';
import type { BareHttp } from './peers/bare-http.ts';
import type { OneFileEach } from './peers/one-file-each.ts';
import { startPeer } from './peers/peer-process.ts';
import { removeDirectory } from './scratch.ts';
import type { Stage } from './stage.ts';

const smallBytes = 4 * 1024;

export async function uploadSmall(stage: Stage, clients: number): Promise<Measure> {
  const content = await contentOf(0, smallBytes);
  return async () => {
    const request = await archiveRequest(stage.server.endpoint, content);
    return stage.withConnections(clients, (connections) =>
      countFor(
        stage.sizes.spanSeconds,
        connections.map((connection) => () => expectStatus(connection, 201, { request })),
      ),
    );
  };
}

export function oneFileEach(writers: number): Peer {
  return {
    title: `a file each, ${writers} ${writers === 1 ? 'writer' : 'writers'}`,
    begin: async (stage) => {
      const directory = join(stage.directory, 'files');
      await mkdir(directory);
      const peer = startPeer<OneFileEach, Measured>('one-file-each.ts');
      stage.onClose(async () => {
        await peer.stop();
        await removeDirectory(directory);
      });
      const { spanSeconds: seconds } = stage.sizes;
      return () => peer.ask({ directory, writers, sizeBytes: smallBytes, seconds });
    },
  };
}

export async function describeVault(
  stage: Stage,
  clients: number,
  endpoint = stage.server.endpoint,
) {
  const request = await describeVaultRequest(stage.server.endpoint);
  return stage.withConnections(
    clients,
    (connections) =>
      countFor(
        stage.sizes.spanSeconds,
        connections.map((connection) => () => expectStatus(connection, 200, { request })),
      ),
    endpoint,
  );
}

export function bareHttp(clients: number): Peer {
  return {
    title: 'node:http that answers the same bytes',
    begin: async (stage) => {
      const peer = startPeer<BareHttp, string>('bare-http.ts');
      stage.onClose(() => peer.stop());
      const endpoint = new URL(await peer.ask(await describedVault(stage)));
      return () => describeVault(stage, clients, endpoint);
    },
  };
}

/** What Firn answers. Node adds the headers Date and Connection by itself, there as here. */
async function describedVault(stage: Stage): Promise<BareHttp> {
  const request = await describeVaultRequest(stage.server.endpoint);
  const answer = await stage.withConnections(1, ([connection]) =>
    expectStatus(connection as NonNullable<typeof connection>, 200, { request }),
  );
  const names = ['x-amzn-RequestId', 'Content-Type', 'Content-Length'];
  const headers = names.flatMap((name) => [name, headerOf(answer.head, name.toLowerCase()) ?? '']);
  return { headers, body: answer.body.toString() };
}
