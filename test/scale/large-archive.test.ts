/**
 * A large archive in parts, in and out by ranges, with the server's memory bounded.
 *
 * Short by default. The long forms: FIRN_SCALE_MIB=5120 FIRN_SCALE_PART_MIB=64 (5 GiB), and
 * FIRN_SCALE_MIB=10000 FIRN_SCALE_PART_MIB=1 (10,000 parts).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { foldTreeHash, MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const totalMib = Number(process.env.FIRN_SCALE_MIB ?? 320);
const partMib = Number(process.env.FIRN_SCALE_PART_MIB ?? 16);
const partsAtOnce = 4;
/** The last leaf is short, so that the last part is too. */
const sizeBytes = totalMib * MIB - 123;
const mostMemoryBytes = 256 * MIB;

/** The MiB with this number: all different, and known without being kept. */
function leaf(number: number): Buffer {
  const bytes = Buffer.alloc(Math.min(MIB, sizeBytes - number * MIB), `firn leaf ${number} `);
  bytes.writeUInt32BE(number, 0);
  return bytes;
}

function* leaves(firstLeaf: number, count: number): Generator<Buffer> {
  for (let number = firstLeaf; number < Math.min(firstLeaf + count, totalMib); number++) {
    yield leaf(number);
  }
}

const leafHash = (number: number) => createHash('sha256').update(leaf(number)).digest();

function hashesOf(firstLeaf: number, count: number) {
  const linear = createHash('sha256');
  const nodes: Buffer[] = [];
  let length = 0;
  for (const bytes of leaves(firstLeaf, count)) {
    linear.update(bytes);
    nodes.push(createHash('sha256').update(bytes).digest());
    length += bytes.length;
  }
  return { length, linearHash: linear.digest('hex'), node: foldTreeHash(nodes) };
}

async function uploadPart(client: Client, target: string, part: number): Promise<Buffer> {
  const firstLeaf = part * partMib;
  const { length, linearHash, node } = hashesOf(firstLeaf, partMib);
  const startByte = firstLeaf * MIB;
  await client.expect(204, 'PUT', target, {
    headers: {
      'Content-Length': String(length),
      'Content-Range': `bytes ${startByte}-${startByte + length - 1}/*`,
      'x-amz-content-sha256': linearHash,
      'x-amz-sha256-tree-hash': node.toString('hex'),
    },
    body: leaves(firstLeaf, partMib),
  });
  return node;
}

async function uploadAll(client: Client, target: string): Promise<Buffer[]> {
  const nodes: Buffer[] = [];
  const parts = Array.from({ length: Math.ceil(totalMib / partMib) }, (_, part) => part);
  const queue = parts[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: partsAtOnce }, async () => {
      for (const part of queue) nodes[part] = await uploadPart(client, target, part);
    }),
  );
  return nodes;
}

async function checkRange(client: Client, vault: string, jobId: string, firstLeaf: number) {
  const count = Math.min(partMib, totalMib - firstLeaf);
  const endByte = Math.min((firstLeaf + count) * MIB, sizeBytes) - 1;
  const range = `bytes=${firstLeaf * MIB}-${endByte}`;
  const reply = await client.getJobOutput(vault, jobId, { range });
  expect(reply.status).toBe(206);
  expect(reply.header('content-range')).toBe(`${range.replace('=', ' ')}/${sizeBytes}`);
  const nodes = Array.from({ length: count }, (_, index) => leafHash(firstLeaf + index));
  expect(reply.header('x-amz-sha256-tree-hash')).toBe(foldTreeHash(nodes).toString('hex'));
  for (let index = 0; index < count; index++) {
    const received = reply.body.subarray(index * MIB, (index + 1) * MIB);
    expect(received.equals(leaf(firstLeaf + index))).toBe(true);
  }
}

/** The most memory that the process has ever had resident. */
function peakMemoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

describe.skipIf(isRemote)(`an archive of ${totalMib} MiB in parts of ${partMib} MiB`, () => {
  const used = useServer();

  it('goes in, comes out by ranges, and leaves the memory alone', {
    timeout: 3_600_000,
  }, async () => {
    const { client, server } = used;
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, partMib * MIB);
    const target = `/-/vaults/${vault}/multipart-uploads/${uploadId}`;
    const nodes = await uploadAll(client, target);
    const hash = foldTreeHash(nodes).toString('hex');
    const completed = await client.completeUpload(vault, uploadId, sizeBytes, hash);
    expect(completed.text).toBe('');
    expect(completed.status).toBe(201);
    const archiveId = completed.header('x-amz-archive-id') ?? '';
    const jobId = await client.retrieveArchive(vault, archiveId);
    for (;;) {
      const job = await client.describeJob(vault, jobId);
      if (job.Completed) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await client.describeJob(vault, jobId)).toMatchObject({
      StatusCode: 'Succeeded',
      SHA256TreeHash: hash,
      ArchiveSizeInBytes: sizeBytes,
    });
    for (let firstLeaf = 0; firstLeaf < totalMib; firstLeaf += partMib) {
      await checkRange(client, vault, jobId, firstLeaf);
    }
    const peakBytes = peakMemoryBytes(server.pid);
    console.log(`peak memory of the server: ${Math.round(peakBytes / MIB)} MiB`);
    expect(peakBytes).toBeLessThan(mostMemoryBytes);
  });
});
