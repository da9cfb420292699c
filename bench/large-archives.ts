/** Rows with one large archive: bytes a second, in and out. */
import type { Connection } from './connection.ts';
import { expectStatus, Glacier, outputRequests } from './glacier.ts';
import { type Measure, share, timed } from './measure.ts';
import { assertPattern, type Content, contentOf, MIB } from './pattern.ts';
import type { Stage } from './stage.ts';

const partBytes = 16 * MIB;
/** Between two looks at a job. */
const pollMs = 5;

export async function uploadArchives(stage: Stage, clients: number): Promise<Measure> {
  const content = await contentOf(0, stage.sizes.largeBytes / clients);
  return () =>
    stage.withConnections(clients, (connections) =>
      timed(stage.sizes.largeBytes, () =>
        Promise.all(
          connections.map((connection) =>
            new Glacier(stage.server.endpoint, connection).uploadArchive(content),
          ),
        ),
      ),
    );
}

export async function uploadParts(stage: Stage, clients: number): Promise<Measure> {
  const { largeBytes } = stage.sizes;
  const whole = await contentOf(0, largeBytes);
  const parts: Content[] = [];
  for (let startByte = 0; startByte < largeBytes; startByte += partBytes) {
    parts.push(await contentOf(startByte, partBytes));
  }
  return () =>
    stage.withConnections(clients, (connections) => {
      const glaciers = connections.map(
        (connection) => new Glacier(stage.server.endpoint, connection),
      );
      const [first] = glaciers as [Glacier];
      return timed(largeBytes, async () => {
        const uploadId = await first.initiateUpload(partBytes);
        await share(parts, glaciers, (part, glacier) => glacier.uploadPart(uploadId, part));
        await first.completeUpload(uploadId, whole);
      });
    });
}

async function uploadLarge(stage: Stage): Promise<string> {
  const content = await contentOf(0, stage.sizes.largeBytes);
  return stage.asClient((glacier) => glacier.uploadArchive(content));
}

export async function prepareJob(stage: Stage): Promise<Measure> {
  const archiveId = await uploadLarge(stage);
  return () =>
    stage.asClient((glacier) => timed(stage.sizes.largeBytes, () => retrieve(glacier, archiveId)));
}

/** Asks for an archive and waits until it can be downloaded. */
async function retrieve(glacier: Glacier, archiveId: string): Promise<string> {
  const jobId = await glacier.initiateRetrieval(archiveId);
  while (!(await glacier.isCompleted(jobId))) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return jobId;
}

async function makeOutput(stage: Stage): Promise<string> {
  const archiveId = await uploadLarge(stage);
  return stage.asClient((glacier) => retrieve(glacier, archiveId));
}

export async function downloadWhole(stage: Stage, clients: number): Promise<Measure> {
  const { largeBytes } = stage.sizes;
  const jobId = await makeOutput(stage);
  return async () => {
    const { whole } = await outputRequests(stage.server.endpoint, jobId);
    const expected = { status: 200, startByte: 0, sizeBytes: largeBytes };
    return stage.withConnections(clients, (connections) =>
      timed(clients * largeBytes, () =>
        Promise.all(connections.map((connection) => receive(connection, whole, expected))),
      ),
    );
  };
}

export async function downloadRanges(stage: Stage, clients: number): Promise<Measure> {
  const { largeBytes } = stage.sizes;
  const jobId = await makeOutput(stage);
  const starts = Array.from({ length: largeBytes / MIB }, (_, index) => index * MIB);
  return async () => {
    const { range } = await outputRequests(stage.server.endpoint, jobId);
    return stage.withConnections(clients, (connections) =>
      timed(largeBytes, () =>
        share(starts, connections, (startByte, connection) => {
          const request = range(startByte, startByte + MIB - 1);
          return receive(connection, request, { status: 206, startByte, sizeBytes: MIB });
        }),
      ),
    );
  };
}

interface ExpectedOutput {
  readonly status: number;
  /** Of the archive, which is the pattern from its beginning. */
  readonly startByte: number;
  readonly sizeBytes: number;
}

/** Downloads, and compares every byte with what was uploaded. */
async function receive(
  connection: Connection,
  request: string,
  { status, startByte, sizeBytes }: ExpectedOutput,
): Promise<void> {
  const sink = (bytes: Buffer, offset: number) => assertPattern(bytes, startByte + offset);
  const answer = await expectStatus(connection, status, { request, sink });
  if (answer.sizeBytes === sizeBytes) return;
  throw new Error(`${answer.sizeBytes} bytes instead of ${sizeBytes}`);
}
