/**
 * The data retrieval policy where it is in force: InitiateJob. The policy and what counts against
 * it are the account's, so every test has an account of its own. Retrievals take an hour by a clock
 * that stands, so that they stay in progress.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Admin } from '../support/admin.ts';
import { checkCommon, checkEmpty, checkError, checkNoVault } from '../support/check.ts';
import { Client, type JsonObject, uniqueName } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { isRemote, type RunningServer, startServer } from '../support/server.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const HOUR = 'expedited=3600,standard=3600,bulk=3600';
const LARGEST = '9223372036854775807';
/** 10 GiB / 30. */
const FREE_BYTES_PER_DAY = 357_913_941;

const firn = useServer({ arguments: ['--test-clock', '--retrieval-seconds', HOUR] });
let admin: Admin;
beforeAll(async () => {
  admin = new Admin(firn.client);
  await admin.freezeClock();
});

async function setRule(client: Client, rule: string): Promise<void> {
  const body = `{"Policy":{"Rules":[${rule}]}}`;
  await client.expect(204, 'PUT', '/-/policies/data-retrieval', { body });
}

/** The digits as they stand. Four hours, a job's nominal time, carry four times as many bytes. */
function setBytesPerHour(client: Client, digits: string): Promise<void> {
  return setRule(client, `{"Strategy":"BytesPerHour","BytesPerHour":${digits}}`);
}

interface Stored {
  readonly vault: string;
  readonly archiveId: string;
}

/** A fresh vault with an archive of so many bytes. */
async function store(client: Client, sizeBytes: number): Promise<Stored> {
  const vault = await client.freshVault();
  return { vault, archiveId: await client.uploadArchive(vault, content(sizeBytes)) };
}

function retrieve(client: Client, { vault, archiveId }: Stored, more: JsonObject = {}) {
  return client.postJob(vault, { Type: 'archive-retrieval', ArchiveId: archiveId, ...more });
}

/** PolicyEnforcedException, whole. */
function checkDenied(reply: Reply): void {
  const body = {
    code: 'PolicyEnforcedException',
    message: 'InitiateJob request denied by current data retrieval policy.',
    type: 'Client',
  };
  const text = JSON.stringify(body);
  expect({ status: reply.status, text: reply.text }).toEqual({ status: 400, text });
  expect(reply.header('Content-Type')).toBe('application/json');
  expect(reply.header('Content-Length')).toBe(String(text.length));
  expect(reply.header('x-amz-job-id')).toBeUndefined();
  expect(reply.header('Location')).toBeUndefined();
  checkCommon(reply);
}

async function countJobs(client: Client, vault: string): Promise<number> {
  const reply = await client.expect(200, 'GET', `/-/vaults/${vault}/jobs`);
  return (reply.json() as { JobList: unknown[] }).JobList.length;
}

const ends: readonly (readonly [string, (server: RunningServer) => Promise<unknown>])[] = [
  ['a restart', (server) => server.stop()],
  ['a kill', (server) => server.kill()],
  [
    'the loss of the view',
    async (server) => {
      await server.stop();
      rmSync(join(server.dataDirectory, 'view.sqlite'));
    },
  ],
];

describe.skipIf(isRemote)('InitiateJob under BytesPerHour', () => {
  describe('malformed', () => {
    it('is refused for that first', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 5);
      await setBytesPerHour(client, '1');
      checkDenied(await retrieve(client, stored));
      const badRange = await retrieve(client, stored, { RetrievalByteRange: '4-0' });
      checkError(badRange, 'InvalidParameterValueException', 'Invalid byte range: 4-0');
      const badTier = await retrieve(client, stored, { Tier: 'Fast' });
      checkError(badTier, 'InvalidParameterValueException', 'Invalid tier: Fast');
      const noArchive = await retrieve(client, stored, { ArchiveId: null });
      const message = 'Required parameter missing: archiveId';
      checkError(noArchive, 'MissingParameterValueException', message);
    });
  });

  describe('refused', () => {
    it('for a vault or an archive that does not exist, before the policy is asked', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 5);
      await setBytesPerHour(client, '1');
      const vault = uniqueName();
      checkNoVault(await retrieve(client, { ...stored, vault }), client, vault);
      const archiveId = 'A'.repeat(138);
      const reply = await retrieve(client, { ...stored, archiveId });
      const message = `The archive ID was not found: ${archiveId}`;
      checkError(reply, 'ResourceNotFoundException', message);
    });

    it('for one byte more than four hours carry, and no job is made', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 5);
      await setBytesPerHour(client, '1');
      checkDenied(await retrieve(client, stored));
      expect(await countJobs(client, stored.vault)).toBe(0);
      const four = await store(client, 4);
      checkEmpty(await retrieve(client, four), 202);
      expect(await countJobs(client, four.vault)).toBe(1);
    });

    it('with the tier Standard, named or not', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 5);
      await setBytesPerHour(client, '1');
      for (const more of [{}, { Tier: null }, { Tier: '' }, { Tier: 'Standard' }]) {
        checkDenied(await retrieve(client, stored, more));
      }
      expect(await countJobs(client, stored.vault)).toBe(0);
    });

    it('when the jobs in progress of all vaults and this one are too many together', async () => {
      const client = await admin.freshAccount();
      const [one, two, single] = await Promise.all([2, 2, 1].map((size) => store(client, size)));
      if (!one || !two || !single) throw new Error('nothing stored');
      await setBytesPerHour(client, '1');
      checkEmpty(await retrieve(client, one), 202);
      checkDenied(await retrieve(client, await store(client, 3)));
      checkEmpty(await retrieve(client, two), 202);
      for (const stored of [one, two, single]) checkDenied(await retrieve(client, stored));
      expect(await countJobs(client, one.vault)).toBe(1);
      expect(await countJobs(client, two.vault)).toBe(1);
      expect(await countJobs(client, single.vault)).toBe(0);
    });

    it('for all but four bytes at the same time', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 1);
      await setBytesPerHour(client, '1');
      const replies = await Promise.all(Array.from({ length: 10 }, () => retrieve(client, stored)));
      const accepted = replies.filter((reply) => reply.status === 202);
      expect(accepted).toHaveLength(4);
      for (const reply of replies.filter((one) => !accepted.includes(one))) checkDenied(reply);
      expect(await countJobs(client, stored.vault)).toBe(4);
    });

    it('by the size of the range, not of the archive', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 2 * MIB + 5);
      await setBytesPerHour(client, String(MIB / 4));
      checkDenied(await retrieve(client, stored));
      checkDenied(await retrieve(client, stored, { RetrievalByteRange: `0-${2 * MIB - 1}` }));
      checkDenied(await retrieve(client, stored, { RetrievalByteRange: `${MIB}-${2 * MIB + 4}` }));
      const range = `${MIB}-${2 * MIB - 1}`;
      checkEmpty(await retrieve(client, stored, { RetrievalByteRange: range }), 202);
      const tail = `${2 * MIB}-${2 * MIB + 4}`;
      checkDenied(await retrieve(client, stored, { RetrievalByteRange: tail }));
      await setBytesPerHour(client, String(MIB / 4 + 1));
      checkDenied(await retrieve(client, stored, { RetrievalByteRange: tail }));
      await setBytesPerHour(client, String(MIB / 4 + 2));
      checkEmpty(await retrieve(client, stored, { RetrievalByteRange: tail }), 202);
    });
  });

  describe('works', () => {
    it('for Expedited, Bulk and inventories, which do not count either', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 1000);
      await setBytesPerHour(client, '1');
      for (let i = 0; i < 2; i += 1) {
        checkEmpty(await retrieve(client, stored, { Tier: 'Expedited' }), 202);
        checkEmpty(await retrieve(client, stored, { Tier: 'Bulk' }), 202);
        for (const Tier of [null, 'Standard']) {
          const job = { Type: 'inventory-retrieval', Tier };
          checkEmpty(await client.postJob(stored.vault, job), 202);
        }
      }
      const four = await store(client, 4);
      checkEmpty(await retrieve(client, four), 202);
      checkDenied(await retrieve(client, await store(client, 1)));
      checkEmpty(await retrieve(client, stored, { Tier: 'Expedited' }), 202);
      checkEmpty(await retrieve(client, stored, { Tier: 'Bulk' }), 202);
      checkEmpty(await client.postJob(four.vault, { Type: 'inventory-retrieval' }), 202);
    });

    it('for anything with very many bytes per hour', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 1000);
      for (const digits of [LARGEST, '9007199254740993', '2305843009213693952']) {
        await setBytesPerHour(client, digits);
        for (let i = 0; i < 3; i += 1) checkEmpty(await retrieve(client, stored), 202);
      }
    });

    it('at once when the policy is changed', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 5);
      await setBytesPerHour(client, '1');
      checkDenied(await retrieve(client, stored));
      await setBytesPerHour(client, '2');
      checkEmpty(await retrieve(client, stored), 202);
      checkDenied(await retrieve(client, stored));
      await setRule(client, '{"Strategy":"None"}');
      for (let i = 0; i < 3; i += 1) checkEmpty(await retrieve(client, stored), 202);
      await setBytesPerHour(client, '5');
      checkDenied(await retrieve(client, stored));
      await setRule(client, '{"Strategy":"FreeTier"}');
      checkEmpty(await retrieve(client, stored), 202);
    });

    it('for jobs that run: a policy that would refuse them lets them end', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 5);
      const four = await store(client, 4);
      const one = await store(client, 1);
      const jobIds = await Promise.all(
        [0, 1].map(() => client.retrieveArchive(stored.vault, stored.archiveId)),
      );
      const [before] = await Promise.all(jobIds.map((id) => client.describeJob(stored.vault, id)));
      expect(before).toMatchObject({ StatusCode: 'InProgress' });
      await setBytesPerHour(client, '1');
      checkDenied(await retrieve(client, one));
      await admin.advanceClock(3600);
      for (const id of jobIds) {
        expect(await client.waitForJob(stored.vault, id)).toEqual({
          ...before,
          JobId: id,
          CreationDate: expect.any(String),
          Completed: true,
          CompletionDate: expect.any(String),
          StatusCode: 'Succeeded',
          StatusMessage: 'Succeeded',
        });
        const output = await client.getJobOutput(stored.vault, id);
        expect(output.body).toEqual(content(5));
      }
      // What has ended does not count any more.
      checkEmpty(await retrieve(client, four), 202);
      checkDenied(await retrieve(client, one));
    });

    it('when the jobs that counted went with their vault', async () => {
      const client = await admin.freshAccount();
      const stored = await store(client, 4);
      const other = await store(client, 1);
      await setBytesPerHour(client, '1');
      checkEmpty(await retrieve(client, stored), 202);
      checkDenied(await retrieve(client, other));
      await client.deleteArchive(stored.vault, stored.archiveId);
      await client.expect(204, 'DELETE', `/-/vaults/${stored.vault}`);
      checkEmpty(await retrieve(client, other), 202);
    });

    it.each(ends)('and lasts over %s, with what is in progress', async (_, end) => {
      const client = await admin.freshAccount();
      const three = await store(client, 3);
      const two = await store(client, 2);
      const one = await store(client, 1);
      checkEmpty(await retrieve(client, three), 202);
      await setBytesPerHour(client, '1');
      await end(firn.server);
      await firn.server.restart();
      expect(await countJobs(client, three.vault)).toBe(1);
      checkDenied(await retrieve(client, two));
      checkEmpty(await retrieve(client, one), 202);
      checkDenied(await retrieve(client, one));
    });
  });
});

describe.skipIf(isRemote)('InitiateJob under None', () => {
  it('accepts everything, set or not', async () => {
    const client = await admin.freshAccount();
    const stored = await store(client, 5);
    for (let i = 0; i < 3; i += 1) checkEmpty(await retrieve(client, stored), 202);
    await setRule(client, '{"Strategy":"None"}');
    for (let i = 0; i < 3; i += 1) checkEmpty(await retrieve(client, stored), 202);
  });
});

describe.skipIf(isRemote)('InitiateJob under FreeTier', () => {
  const pieceBytes = 16 * MIB;
  const wholePieces = Math.floor(FREE_BYTES_PER_DAY / pieceBytes);
  const restBytes = FREE_BYTES_PER_DAY % pieceBytes;
  const restMebibytes = Math.floor(restBytes / MIB);

  /** Uses up the day's allowance but for the last bytes, which are an archive of their own. */
  async function useAllButRest(client: Client, stored: Stored): Promise<Stored> {
    for (let i = 0; i < wholePieces; i += 1) checkEmpty(await retrieve(client, stored), 202);
    checkDenied(await retrieve(client, stored));
    const range = `0-${restMebibytes * MIB - 1}`;
    checkEmpty(await retrieve(client, stored, { RetrievalByteRange: range }), 202);
    return store(client, restBytes % MIB);
  }

  it('refuses what goes beyond 10 GiB / 30 a day, to the byte', async () => {
    const client = await admin.freshAccount();
    const stored = await store(client, pieceBytes);
    const one = await store(client, 1);
    await setRule(client, '{"Strategy":"FreeTier"}');
    const rest = await useAllButRest(client, stored);
    checkDenied(await retrieve(client, await store(client, (restBytes % MIB) + 1)));
    checkEmpty(await retrieve(client, rest), 202);
    checkDenied(await retrieve(client, one));
    checkDenied(await retrieve(client, one, { Tier: 'Standard' }));
    expect(await countJobs(client, one.vault)).toBe(0);

    for (const Tier of ['Expedited', 'Bulk']) {
      checkEmpty(await retrieve(client, one, { Tier }), 202);
    }
    checkEmpty(await client.postJob(one.vault, { Type: 'inventory-retrieval' }), 202);
    await setRule(client, '{"Strategy":"None"}');
    checkEmpty(await retrieve(client, one), 202);
  });

  it('does not count Expedited, Bulk and inventories', async () => {
    const client = await admin.freshAccount();
    const stored = await store(client, pieceBytes);
    await setRule(client, '{"Strategy":"FreeTier"}');
    for (let i = 0; i <= wholePieces; i += 1) {
      checkEmpty(await retrieve(client, stored, { Tier: i % 2 ? 'Expedited' : 'Bulk' }), 202);
    }
    checkEmpty(await client.postJob(stored.vault, { Type: 'inventory-retrieval' }), 202);
    const rest = await useAllButRest(client, stored);
    checkEmpty(await retrieve(client, rest), 202);
    checkDenied(await retrieve(client, rest));
  });

  it('counts what has ended, and what was accepted before it was set', async () => {
    const server = await startServer({ arguments: ['--retrieval-seconds', 'standard=0'] });
    onTestFinished(() => server.close());
    const client = new Client(server);
    const stored = await store(client, pieceBytes);
    for (let i = 0; i < wholePieces; i += 1) {
      await client.retrievedArchive(stored.vault, stored.archiveId);
    }
    await setRule(client, '{"Strategy":"FreeTier"}');
    checkDenied(await retrieve(client, stored));
    const range = `0-${restMebibytes * MIB - 1}`;
    checkEmpty(await retrieve(client, stored, { RetrievalByteRange: range }), 202);
    checkDenied(await retrieve(client, stored, { RetrievalByteRange: range }));
  });

  it('counts what went with its vault', async () => {
    const client = await admin.freshAccount();
    const stored = await store(client, pieceBytes);
    const other = await store(client, pieceBytes);
    await setRule(client, '{"Strategy":"FreeTier"}');
    for (let i = 0; i < wholePieces; i += 1) checkEmpty(await retrieve(client, stored), 202);
    await client.deleteArchive(stored.vault, stored.archiveId);
    await client.expect(204, 'DELETE', `/-/vaults/${stored.vault}`);
    checkDenied(await retrieve(client, other));
  });

  it.each(ends)('and lasts over %s, with what was used', async (_, end) => {
    const client = await admin.freshAccount();
    const stored = await store(client, pieceBytes);
    await setRule(client, '{"Strategy":"FreeTier"}');
    const rest = await useAllButRest(client, stored);
    await end(firn.server);
    await firn.server.restart();
    checkDenied(await retrieve(client, stored));
    checkEmpty(await retrieve(client, rest), 202);
    checkDenied(await retrieve(client, rest));
  });
});
