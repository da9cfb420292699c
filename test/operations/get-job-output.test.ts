import { describe, expect, it } from 'vitest';
import { checkCommon, checkError, checkNoVault } from '../support/check.ts';
import { type Client, uniqueName } from '../support/client.ts';
import { content, partVectors, SEVEN_MIB_123 } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const whole = content(SEVEN_MIB_123.sizeBytes);
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

interface Output {
  readonly vault: string;
  readonly jobId: string;
}

const outputs = new Map<string, Promise<Output>>();

async function retrieve(client: Client, range: string | undefined): Promise<Output> {
  const vault = await client.freshVault();
  const archiveId = await client.uploadInParts(vault, whole, 2 * MIB, {
    description: 'disk image',
  });
  const more = range === undefined ? {} : { RetrievalByteRange: range };
  return { vault, jobId: await client.retrievedArchive(vault, archiveId, more) };
}

/** A finished retrieval of (a range of) the 7 MiB + 123 archive, made once and read by many tests. */
function outputOf(range?: string): Promise<Output> {
  const key = range ?? 'whole';
  const known = outputs.get(key) ?? retrieve(firn.client, range);
  outputs.set(key, known);
  return known;
}

async function get({ vault, jobId }: Output, range?: string): Promise<Reply> {
  return firn.client.getJobOutput(vault, jobId, range === undefined ? {} : { range });
}

/** The bytes, and the headers that every output of an archive has. */
function checkBytes(reply: Reply, status: 200 | 206, bytes: Uint8Array): void {
  expect(reply.status).toBe(status);
  expect(reply.body.equals(bytes)).toBe(true);
  expect(reply.header('Content-Type')).toBe('application/octet-stream');
  expect(reply.header('Content-Length')).toBe(String(bytes.length));
  expect(reply.header('Accept-Ranges')).toBe('bytes');
  expect(reply.header('Content-Encoding')).toBeUndefined();
  checkCommon(reply);
}

function unavailable(jobId: string): string {
  return `The job is not currently available for download: ${jobId}`;
}

describe('GetJobOutput', () => {
  describe('malformed', () => {
    it.each([
      'bytes=a-b',
      'bytes=',
      'bytes=-',
      'bytes=5',
      'bytes=5-4',
      'bytes 0-4',
      'bytes=0-4/5',
      'bytes=0-1,3-4',
      'bytes=0-1, 3-4',
      'items=0-4',
      'BYTES',
      '0-4',
      'bytes=0x0-4',
      'bytes=-1-4',
      'bytes=0.0-4',
      'nonsense',
    ])('refuses the range %s', async (range) => {
      const reply = await get(await outputOf(), range);
      checkError(reply, 'InvalidParameterValueException', `Invalid range: ${range}`);
    });

    it.each(['bytes=7340155-', 'bytes=7340155-7340155', 'bytes=8388608-9437183'])(
      'refuses %s, which begins after the end',
      async (range) => {
        const reply = await get(await outputOf(), range);
        checkError(reply, 'InvalidParameterValueException', `Invalid range: ${range}`);
      },
    );

    it.each([
      ['abc', 'abc'],
      ['j'.repeat(92), 'j'.repeat(92)],
      ['%E2%82%AC%20%22', '€ "'],
    ])('answers 404 for the job id %s', async (encoded, jobId) => {
      const vault = await firn.client.freshVault();
      const reply = await get({ vault, jobId: encoded });
      checkError(reply, 'ResourceNotFoundException', `The job ID was not found: ${jobId}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const { jobId } = await outputOf();
      const vault = uniqueName();
      checkNoVault(await get({ vault, jobId }), firn.client, vault);
    });

    it('for a job of another vault', async () => {
      const { jobId } = await outputOf();
      const vault = await firn.client.freshVault();
      const reply = await get({ vault, jobId });
      checkError(reply, 'ResourceNotFoundException', `The job ID was not found: ${jobId}`);
    });

    it('for another account', async () => {
      const { vault, jobId } = await outputOf();
      const target = `/999999999999/vaults/${vault}/jobs/${jobId}/output`;
      const reply = await firn.client.request('GET', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('whole', async () => {
      const reply = await get(await outputOf());
      checkBytes(reply, 200, whole);
      expect(reply.header('Content-Range')).toBeUndefined();
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(SEVEN_MIB_123.treeHash);
      expect(reply.header('x-amz-archive-description')).toBe('disk image');
    });

    it('whole with an empty Range', async () => {
      const reply = await get(await outputOf(), '');
      checkBytes(reply, 200, whole);
      expect(reply.header('Content-Range')).toBeUndefined();
    });

    it('whole with the account written out, whatever Accept-Encoding says', async () => {
      const { vault, jobId } = await outputOf();
      const target = `/${firn.server.accountId}/vaults/${vault}/jobs/${jobId}/output`;
      const reply = await firn.client.request('GET', target, {
        headers: { 'Accept-Encoding': 'gzip, deflate, br' },
      });
      checkBytes(reply, 200, whole);
    });

    it.each([
      ['bytes=0-', 0, 7_340_154],
      ['bytes=0-7340154', 0, 7_340_154],
      ['bytes=0-0', 0, 0],
      ['bytes=5-4099', 5, 4099],
      ['bytes=7340154-7340154', 7_340_154, 7_340_154],
      ['bytes=7340154-', 7_340_154, 7_340_154],
      ['bytes=-1', 7_340_154, 7_340_154],
      ['bytes=-123', 7_340_032, 7_340_154],
      ['bytes=-99999999', 0, 7_340_154],
      ['bytes=4194304-8388607', 4_194_304, 7_340_154],
      ['bytes=7340032-99999999999999999999', 7_340_032, 7_340_154],
      ['bytes=2097150-2097153', 2_097_150, 2_097_153],
      ['bytes=1048575-6291456', 1_048_575, 6_291_456],
    ])('with the range %s', async (range, startByte, endByte) => {
      const reply = await get(await outputOf(), range);
      checkBytes(reply, 206, whole.subarray(startByte, endByte + 1));
      const total = SEVEN_MIB_123.sizeBytes;
      expect(reply.header('Content-Range')).toBe(`bytes ${startByte}-${endByte}/${total}`);
      expect(reply.header('x-amz-archive-description')).toBe('disk image');
    });

    it('in chunks, past the end as boto 2 asks', async () => {
      const output = await outputOf();
      const chunkBytes = 4 * MIB;
      const chunks: Buffer[] = [];
      for (let start = 0; start < whole.length; start += chunkBytes) {
        const reply = await get(output, `bytes=${start}-${start + chunkBytes - 1}`);
        expect(reply.status).toBe(206);
        expect(reply.header('x-amz-sha256-tree-hash')).toBe(treeHash(reply.body));
        chunks.push(reply.body);
      }
      expect(Buffer.concat(chunks).equals(whole)).toBe(true);
    });

    it('many times in parallel', async () => {
      const output = await outputOf();
      const starts = Array.from({ length: 24 }, (_, i) => i * 300_007);
      const replies = await Promise.all(
        starts.map((start) => get(output, `bytes=${start}-${start + 400_000}`)),
      );
      for (const [i, reply] of replies.entries()) {
        const start = starts[i] as number;
        checkBytes(reply, 206, whole.subarray(start, start + 400_001));
      }
    });

    it('again after a download that was broken off', async () => {
      const { vault, jobId } = await outputOf();
      const target = `/-/vaults/${vault}/jobs/${jobId}/output`;
      const broken = await firn.client.request('GET', target, { readAtMostBytes: 1 });
      expect(broken.status).toBe(200);
      expect(broken.body.length).toBeLessThan(whole.length);
      checkBytes(await get({ vault, jobId }), 200, whole);
    });

    it('with a presigned URL', async () => {
      const { vault, jobId } = await outputOf();
      const reply = await firn.client.presignedGet(`/-/vaults/${vault}/jobs/${jobId}/output`, {
        headers: { 'x-amz-glacier-version': '2012-06-01' },
        signedHeaders: { Range: 'bytes=0-9' },
      });
      checkBytes(reply, 206, whole.subarray(0, 10));
    });

    it('of a small archive without description', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const jobId = await client.retrievedArchive(vault, archiveId);
      const reply = await get({ vault, jobId });
      checkBytes(reply, 200, Buffer.from('hello'));
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(helloHash);
      expect(reply.header('x-amz-archive-description')).toBeUndefined();
      const part = await get({ vault, jobId }, 'bytes=1-3');
      checkBytes(part, 206, Buffer.from('ell'));
      expect(part.header('x-amz-sha256-tree-hash')).toBeUndefined();
      const all = await get({ vault, jobId }, 'bytes=0-4');
      expect(all.header('x-amz-sha256-tree-hash')).toBe(helloHash);
    });
  });
});

describe('GetJobOutput and the tree hash of a whole archive', () => {
  const aligned = [...partVectors.values()].flat();

  it.each(aligned)('is given for $startByte-$endByte', async (vector) => {
    const { startByte, endByte } = vector;
    const reply = await get(await outputOf(), `bytes=${startByte}-${endByte}`);
    checkBytes(reply, 206, whole.subarray(startByte, endByte + 1));
    expect(reply.header('x-amz-sha256-tree-hash')).toBe(vector.treeHash);
  });

  it.each([
    ['bytes=0-', SEVEN_MIB_123.treeHash],
    ['bytes=4194304-', 'e3c069b4101f901385faf941c7718143190438b4452facf1b1c2865ab437d805'],
    ['bytes=6291456-8388607', '683abc62350d893b2a0d84a42b4caf0f3005f287ed98f79371dde1e85a19d3f1'],
    ['bytes=-123', '84975defc1430b0024694a430f52737dadb9ffff2abe24271e2490bd8f93ca1a'],
  ])('is given for %s after clamping', async (range, hash) => {
    const reply = await get(await outputOf(), range);
    expect(reply.header('x-amz-sha256-tree-hash')).toBe(hash);
  });

  it.each([
    'bytes=1048576-3145727',
    'bytes=0-3145727',
    'bytes=3145728-',
    'bytes=1048576-',
    'bytes=0-7340031',
    'bytes=0-1048574',
    'bytes=1-1048575',
    'bytes=0-0',
  ])('is not given for %s', async (range) => {
    const reply = await get(await outputOf(), range);
    expect(reply.status).toBe(206);
    expect(reply.header('x-amz-sha256-tree-hash')).toBeUndefined();
  });
});

describe('GetJobOutput of a tree-hash aligned range', () => {
  const range = '4194304-7340154';
  const bytes = whole.subarray(4 * MIB);

  it('counts from the start of the range', async () => {
    const output = await outputOf(range);
    const all = await get(output);
    checkBytes(all, 200, bytes);
    expect(all.header('x-amz-sha256-tree-hash')).toBe(
      'e3c069b4101f901385faf941c7718143190438b4452facf1b1c2865ab437d805',
    );
    const first = await get(output, 'bytes=0-2097151');
    checkBytes(first, 206, bytes.subarray(0, 2 * MIB));
    expect(first.header('Content-Range')).toBe('bytes 0-2097151/3145851');
    expect(first.header('x-amz-sha256-tree-hash')).toBe(
      '3f1cd462b63cf286198c3f2ee91cf116dfed51d327686dca0fb06ba94a4ae759',
    );
    const last = await get(output, 'bytes=2097152-4194303');
    checkBytes(last, 206, bytes.subarray(2 * MIB));
    expect(last.header('Content-Range')).toBe('bytes 2097152-3145850/3145851');
    expect(last.header('x-amz-sha256-tree-hash')).toBe(
      '683abc62350d893b2a0d84a42b4caf0f3005f287ed98f79371dde1e85a19d3f1',
    );
  });

  it('has no hash for a download that is not aligned, and ends where the range ends', async () => {
    const output = await outputOf(range);
    const odd = await get(output, 'bytes=1048576-3145850');
    checkBytes(odd, 206, bytes.subarray(MIB));
    expect(odd.header('x-amz-sha256-tree-hash')).toBeUndefined();
    const after = await get(output, 'bytes=3145851-');
    checkError(after, 'InvalidParameterValueException', 'Invalid range: bytes=3145851-');
  });

  it('of one MiB in the middle', async () => {
    const reply = await get(await outputOf('1048576-2097151'));
    checkBytes(reply, 200, whole.subarray(MIB, 2 * MIB));
    expect(reply.header('x-amz-sha256-tree-hash')).toBe(
      '729b9155f00261a681000ccd0ff20e750ed3d525b5b1e6fc961837a3bb666fd6',
    );
  });
});

describe('GetJobOutput of a range that is only MiB-aligned', () => {
  it.each([undefined, 'bytes=0-', 'bytes=0-1048575', 'bytes=1048576-2097151', 'bytes=0-2097151'])(
    'never has a tree hash: %s',
    async (range) => {
      const reply = await get(await outputOf('1048576-3145727'), range);
      const [start = 0, end = 2 * MIB - 1] = (range?.match(/\d+/g) ?? []).map(Number);
      const bytes = whole.subarray(MIB + start, MIB + end + 1);
      checkBytes(reply, range === undefined ? 200 : 206, bytes);
      expect(reply.header('x-amz-sha256-tree-hash')).toBeUndefined();
    },
  );
});

describe.skipIf(isRemote)('GetJobOutput of a job in progress', () => {
  const slow = useServer({
    arguments: ['--retrieval-seconds', 'expedited=3600,standard=3600,bulk=3600'],
  });

  it('refuses an archive and an inventory', async () => {
    const { client } = slow;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobs = [
      await client.retrieveArchive(vault, archiveId),
      await client.retrieveInventory(vault),
    ];
    for (const jobId of jobs) {
      for (const options of [{}, { range: 'bytes=0-1' }]) {
        const reply = await client.getJobOutput(vault, jobId, options);
        checkError(reply, 'InvalidParameterValueException', unavailable(jobId));
      }
    }
  });
});

describe.skipIf(isRemote)('GetJobOutput at once after InitiateJob', () => {
  it('gives the output or says that it is not there yet, and soon gives it', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    for (let i = 0; i < 20; i++) {
      const jobId = await client.retrieveArchive(vault, archiveId);
      const reply = await client.getJobOutput(vault, jobId);
      if (reply.status === 200) expect(reply.text).toBe('hello');
      else checkError(reply, 'InvalidParameterValueException', unavailable(jobId));
      await client.waitForJob(vault, jobId);
      expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    }
  });
});
