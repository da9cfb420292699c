/**
 * Bits that turn on the disk: no wrong byte ever leaves. The job fails, or the connection breaks
 * before the declared length (reliability page, P4).
 */
import { once } from 'node:events';
import { chmodSync, rmSync, truncateSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkError } from '../support/check.ts';
import type { Client } from '../support/client.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { bytesOf } from './support/bytes.ts';
import { flipBit, placesOf, useStore } from './support/store.ts';

const own = useStore();

interface Case {
  readonly name: string;
  readonly sizeBytes: number;
  readonly partSizeBytes?: number;
  /** Which of its parts is damaged, and where in it. */
  readonly part?: number;
  readonly atByte: number;
}

const cases: readonly Case[] = [
  { name: 'the only byte', sizeBytes: 1, atByte: 0 },
  { name: 'a small one that lies with others', sizeBytes: 100_000, atByte: 99_999 },
  { name: 'the largest that lies with others', sizeBytes: MIB / 4, atByte: 0 },
  { name: 'the smallest file', sizeBytes: MIB / 4 + 1, atByte: MIB / 4 },
  { name: 'one MiB', sizeBytes: MIB, atByte: MIB / 2 },
  { name: 'the first MiB', sizeBytes: 3 * MIB, atByte: 5 },
  { name: 'a MiB in the middle', sizeBytes: 3 * MIB, atByte: 2 * MIB - 1 },
  { name: 'the last MiB', sizeBytes: 3 * MIB - 7, atByte: 3 * MIB - 8 },
  { name: 'a part', sizeBytes: 4 * MIB, partSizeBytes: MIB, part: 2, atByte: 77 },
  {
    name: 'the short last part',
    sizeBytes: 2 * MIB + 9,
    partSizeBytes: MIB,
    part: 2,
    atByte: 8,
  },
];

interface Stored extends Case {
  readonly vault: string;
  readonly archiveId: string;
  readonly bytes: Buffer;
  /** Where in the archive the damage will be. */
  readonly damagedByte: number;
  readonly damage: () => void;
}

async function store(vault: string, one: Case, number: number): Promise<Stored> {
  const { client } = own;
  const { sizeBytes, partSizeBytes, part = 0, atByte } = one;
  const bytes = bytesOf({ number: number + 200, sizeBytes });
  const archiveId = partSizeBytes
    ? await client.uploadInParts(vault, bytes, partSizeBytes)
    : await client.uploadArchive(vault, bytes);
  const damage = () => {
    const place = placesOf(own, archiveId)[part];
    if (place === undefined) throw new Error(`${one.name}: its bytes are not where they should be`);
    flipBit(place.path, place.startByte + atByte, number % 8);
  };
  const damagedByte = part * (partSizeBytes ?? 0) + atByte;
  return { ...one, vault, archiveId, bytes, damagedByte, damage };
}

interface Download {
  readonly status: number;
  readonly declaredBytes: number;
  readonly received: Buffer;
  readonly isWhole: boolean;
}

/** Reads as far as it goes: `exchange` gives nothing of an answer that breaks off. */
async function download(client: Client, vault: string, jobId: string): Promise<Download> {
  const target = `/-/vaults/${vault}/jobs/${jobId}/output`;
  const { hostname, port } = new URL(client.target.endpoint);
  const headers = client.signedHeaders('GET', target).flat();
  const request = httpRequest({ hostname, port, path: target, headers, agent: false });
  request.end();
  const nothing = { status: 0, declaredBytes: 0, received: Buffer.alloc(0), isWhole: false };
  let response: IncomingMessage;
  try {
    [response] = (await once(request, 'response')) as [IncomingMessage];
  } catch {
    return nothing;
  }
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', () => undefined);
  await new Promise((resolve) => response.once('close', resolve));
  return {
    status: response.statusCode ?? 0,
    declaredBytes: Number(response.headers['content-length']),
    received: Buffer.concat(chunks),
    isWhole: response.complete,
  };
}

async function storeAll(): Promise<Stored[]> {
  const vault = await own.client.freshVault();
  const stored: Stored[] = [];
  for (const [number, one] of cases.entries()) stored.push(await store(vault, one, number));
  return stored;
}

describe('a bit that turns before the job', () => {
  it('makes the job Failed, and its output unavailable', async () => {
    const { client } = own;
    const stored = await storeAll();
    for (const archive of stored) archive.damage();
    const found: Record<string, unknown> = {};
    for (const { name, vault, archiveId } of stored) {
      const jobId = await client.retrieveArchive(vault, archiveId);
      const job = await client.waitForJob(vault, jobId);
      found[name] = [job.Completed, job.StatusCode, job.StatusMessage];
      checkError(
        await client.getJobOutput(vault, jobId),
        'InvalidParameterValueException',
        `The job is not currently available for download: ${jobId}`,
      );
    }
    const failed = stored.map(({ name }) => [name, [true, 'Failed', 'Failed']]);
    expect(found).toEqual(Object.fromEntries(failed));
    const { ArchiveList } = await client.inventory(stored[0]?.vault ?? '');
    expect(ArchiveList.map((entry) => entry.SHA256TreeHash)).toEqual(
      stored.map(({ bytes }) => treeHash(bytes)),
    );
  });

  it('leaves every other archive as it was, and comes right when the bit turns back', async () => {
    const { client } = own;
    const stored = await storeAll();
    for (const damaged of stored) {
      damaged.damage();
      const neighbour = stored[(stored.indexOf(damaged) + 1) % stored.length] as Stored;
      const others = await client.retrievedArchive(neighbour.vault, neighbour.archiveId);
      const reply = await client.getJobOutput(neighbour.vault, others);
      expect(reply.body.equals(neighbour.bytes), neighbour.name).toBe(true);
      damaged.damage();
      const again = await client.retrievedArchive(damaged.vault, damaged.archiveId);
      const healed = await client.getJobOutput(damaged.vault, again);
      expect(healed.body.equals(damaged.bytes), damaged.name).toBe(true);
    }
  });

  it('spares a job for a range that is without it', async () => {
    const { client } = own;
    const vault = await client.freshVault();
    const one = { name: 'the first MiB', sizeBytes: 3 * MIB, atByte: 5 };
    const { archiveId, bytes, damage } = await store(vault, one, 1);
    damage();
    const parameters = { RetrievalByteRange: `${MIB}-${3 * MIB - 1}` };
    const jobId = await client.retrievedArchive(vault, archiveId, parameters);
    const reply = await client.getJobOutput(vault, jobId);
    expect(reply.body.equals(bytes.subarray(MIB))).toBe(true);
    const whole = await client.retrieveArchive(vault, archiveId);
    expect(await client.waitForJob(vault, whole)).toMatchObject({ StatusCode: 'Failed' });
  });

  it('makes the job Failed when it is in the hashes beside the blob', async () => {
    const { client, server } = own;
    const vault = await client.freshVault();
    const one = { name: 'hashes', sizeBytes: 3 * MIB, atByte: 0 };
    const { archiveId } = await store(vault, one, 2);
    await server.stop();
    flipBit(`${placesOf(own, archiveId)[0]?.path}.tree`, 33);
    await server.restart();
    const jobId = await client.retrieveArchive(vault, archiveId);
    expect(await client.waitForJob(vault, jobId)).toMatchObject({ StatusCode: 'Failed' });
  });
});

describe('a blob that is not all there', () => {
  const losses: [string, (path: string) => void][] = [
    ['missing', (path) => rmSync(path)],
    ['empty', (path) => truncateSync(path, 0)],
    ['one byte short', (path) => truncateSync(path, 2 * MIB - 1)],
  ];
  it.each(losses)('makes the job Failed: %s', async (_, lose) => {
    const { client } = own;
    const vault = await client.freshVault();
    const one = { name: 'two MiB', sizeBytes: 2 * MIB, atByte: 0 };
    const { archiveId } = await store(vault, one, 3);
    const path = placesOf(own, archiveId)[0]?.path ?? '';
    chmodSync(path, 0o600);
    lose(path);
    const jobId = await client.retrieveArchive(vault, archiveId);
    expect(await client.waitForJob(vault, jobId)).toMatchObject({ StatusCode: 'Failed' });
    expect((await client.getJobOutput(vault, jobId)).status).toBe(400);
  });
});

describe('a bit that turns after the job has succeeded', () => {
  it('breaks the download before its declared length', async () => {
    const { client } = own;
    const stored = await storeAll();
    for (const { name, vault, archiveId, bytes, damagedByte, damage } of stored) {
      const jobId = await client.retrievedArchive(vault, archiveId);
      const whole = await download(client, vault, jobId);
      expect(whole, name).toMatchObject({ status: 200, isWhole: true });
      expect(whole.received.equals(bytes), name).toBe(true);
      damage();
      const broken = await download(client, vault, jobId);
      const { received } = broken;
      if (broken.status === 200) {
        expect(broken, name).toMatchObject({ isWhole: false, declaredBytes: bytes.length });
        expect(received.length, name).toBeLessThanOrEqual(damagedByte);
        expect(received.equals(bytes.subarray(0, received.length)), name).toBe(true);
      } else {
        // Nothing was sent yet: the refusal is whole and says nothing of the archive.
        expect(broken.status === 0 || broken.status >= 500, name).toBe(true);
        expect(damagedByte, name).toBeLessThan(MIB);
      }
    }
  });

  it('spares a range of the output that is without it', async () => {
    const { client } = own;
    const vault = await client.freshVault();
    const one = { name: 'the last MiB', sizeBytes: 3 * MIB, atByte: 3 * MIB - 1 };
    const { archiveId, bytes, damage } = await store(vault, one, 4);
    const jobId = await client.retrievedArchive(vault, archiveId);
    damage();
    const reply = await client.getJobOutput(vault, jobId, { range: `bytes=0-${2 * MIB - 1}` });
    expect(reply.status).toBe(206);
    expect(reply.body.equals(bytes.subarray(0, 2 * MIB))).toBe(true);
  });
});
