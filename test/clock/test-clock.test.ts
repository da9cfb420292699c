/**
 * The test clock, from outside: a store that was made with `--test-clock` lives through hours and
 * years in moments; no other store can be talked into it. What falls due does so at its own time,
 * however far the clock is moved at once.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { journalEntries, type OwnStore, openStore, removeView } from '../crash/support/store.ts';
import { Admin, clientFor } from '../support/admin.ts';
import { checkError, checkJson, checkNoContent, DATE } from '../support/check.ts';
import { Client, hashHeaders, pollUntil } from '../support/client.ts';
import { content } from '../support/content.ts';
import { startServer } from '../support/server.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function iso(time: number): string {
  return new Date(time).toISOString();
}

/** The store's time in milliseconds. */
async function timeOf(admin: Admin): Promise<number> {
  return Date.parse((await admin.clock()).time);
}

/** Stops the clock and gives its time in milliseconds. */
async function freeze(admin: Admin): Promise<number> {
  return Date.parse((await admin.freezeClock()).time);
}

/** Denies deleting archives that are younger than so many days, in the words of the guide. */
function keepFor(days: number, resource: string): string {
  const statement = {
    Effect: 'Deny',
    Principal: '*',
    Action: 'glacier:DeleteArchive',
    Resource: resource,
    Condition: { NumericLessThan: { 'glacier:ArchiveAgeInDays': String(days) } },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

/** Starts the trial of a lock and gives its id. */
async function initiateLock(client: Client, vault: string, policy: string): Promise<string> {
  const body = JSON.stringify({ Policy: policy });
  const reply = await client.expect(201, 'POST', `/-/vaults/${vault}/lock-policy`, { body });
  return reply.header('x-amz-lock-id') ?? '';
}

/** Bytes of which the second half waits until it is let go. */
function heldBack(bytes: Buffer) {
  let sendRest = (): void => undefined;
  let noteHalf = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    sendRest = resolve;
  });
  const isHalfSent = new Promise<void>((resolve) => {
    noteHalf = resolve;
  });
  async function* body(): AsyncGenerator<Buffer> {
    const half = Math.floor(bytes.length / 2);
    yield bytes.subarray(0, half);
    noteHalf();
    await released;
    yield bytes.subarray(half);
  }
  return { body: body(), isHalfSent, sendRest };
}

describe('a test clock', () => {
  const firn = useServer({ arguments: ['--test-clock'] });
  let admin: Admin;
  let client: Client;
  beforeEach(async () => {
    client = firn.client;
    admin = new Admin(client);
    await admin.runClock();
  });

  describe('moves', () => {
    it('runs from the beginning, and says so', async () => {
      expect(await admin.status()).toMatchObject({ testClock: true });
      const clock = await admin.clock();
      expect(Object.keys(clock).sort()).toEqual(['isTestClock', 'lockTime', 'state', 'time']);
      expect(clock).toMatchObject({ isTestClock: true, state: 'running' });
      expect(clock.time).toMatch(DATE);
      expect(clock.lockTime).toMatch(DATE);
      await pollUntil(
        () => timeOf(admin),
        (time) => time > Date.parse(clock.time),
      );
    });

    it('stands while it is frozen, and goes on from there', async () => {
      const time = await freeze(admin);
      const vault = await client.freshVault();
      expect(await admin.clock()).toMatchObject({ state: 'frozen', time: iso(time) });
      expect((await client.describeVault(vault)).CreationDate).toBe(iso(time));
      const again = await admin.freezeClock();
      expect(again).toMatchObject({ state: 'frozen', time: iso(time) });
      const running = await admin.runClock();
      expect(running.state).toBe('running');
      expect(Date.parse(running.time)).toBeGreaterThanOrEqual(time);
      await pollUntil(
        () => timeOf(admin),
        (later) => later > time,
      );
    });

    it.each([0.5, 1, 10_000, 400 * DAY])('advances a standing clock by %d s', async (seconds) => {
      const time = await freeze(admin);
      const moved = await admin.advanceClock(seconds);
      expect(moved).toMatchObject({ state: 'frozen', time: iso(time + seconds * 1000) });
      expect(await admin.clock()).toEqual(moved);
    });

    it('advances a running clock, which runs on', async () => {
      const time = await timeOf(admin);
      const moved = await admin.advanceClock(DAY);
      expect(moved.state).toBe('running');
      expect(Date.parse(moved.time)).toBeGreaterThanOrEqual(time + DAY * 1000);
      expect(Date.parse(moved.time)).toBeLessThan(time + 2 * DAY * 1000);
    });

    it.each([
      ['ahead', 90 * DAY],
      ['back', -30 * DAY],
    ])('is set %s', async (_, seconds) => {
      const time = (await freeze(admin)) + seconds * 1000;
      const there = await admin.setClock(iso(time));
      expect(there).toMatchObject({ state: 'frozen', time: iso(time) });
      const vault = await client.freshVault();
      expect((await client.describeVault(vault)).CreationDate).toBe(iso(time));
    });

    it('takes a time with an offset, and one without milliseconds', async () => {
      await freeze(admin);
      const { time } = await admin.setClock('2040-02-29T01:30:00+02:00');
      expect(time).toBe('2040-02-28T23:30:00.000Z');
      expect((await admin.setClock('2041-01-01T00:00:00Z')).time).toBe('2041-01-01T00:00:00.000Z');
    });

    it('adds up what is asked for at the same time', async () => {
      const time = await freeze(admin);
      const vault = await client.freshVault();
      await client.uploadArchive(vault, 'something to do on the way');
      const steps = [DAY, HOUR, MINUTE, 1];
      await Promise.all(steps.map((seconds) => admin.advanceClock(seconds)));
      expect(await timeOf(admin)).toBe(time + (DAY + HOUR + MINUTE + 1) * 1000);
    });

    it.each<[path: string, body: object, code: 'InvalidParameterValueException']>([
      ['/clock/advance', { seconds: 0 }, 'InvalidParameterValueException'],
      ['/clock/advance', { seconds: -1 }, 'InvalidParameterValueException'],
      ['/clock/advance', { seconds: 1e15 }, 'InvalidParameterValueException'],
      ['/clock/set', { time: 'tomorrow' }, 'InvalidParameterValueException'],
      ['/clock/set', { time: '2040-02-30T00:00:00Z' }, 'InvalidParameterValueException'],
      ['/clock/set', { time: '1969-12-31T23:59:59Z' }, 'InvalidParameterValueException'],
    ])('refuses %s %j', async (path, body, code) => {
      const before = await admin.freezeClock();
      checkError(await admin.request('POST', path, body), code);
      expect(await admin.clock()).toEqual(before);
    });

    it.each(['/clock/advance', '/clock/set'])('refuses %s without a goal', async (path) => {
      checkError(await admin.request('POST', path, {}), 'MissingParameterValueException');
    });

    it('is moved by nobody but the operator, and shown to anybody', async () => {
      const allowed = { Effect: 'Allow', Action: '*', Resource: '*' };
      const user = await admin.freshUser({ Version: '2012-10-17', Statement: [allowed] });
      const before = await admin.freezeClock();
      const others = [user.client, await admin.freshAccount()].map((it) => new Admin(it));
      for (const other of others) {
        expect(await other.clock()).toEqual(before);
        const moves: [path: string, body?: object][] = [
          ['/clock/advance', { seconds: 1 }],
          ['/clock/set', { time: '2040-01-01T00:00:00Z' }],
          ['/clock/freeze'],
          ['/clock/run'],
        ];
        for (const [path, body] of moves) {
          checkError(await other.request('POST', path, body), 'AccessDeniedException');
        }
      }
      expect(await admin.clock()).toEqual(before);
    });
  });

  describe('what lives by the real clock', () => {
    it('is a signature: the years that the store is ahead do not matter', async () => {
      const time = await freeze(admin);
      await admin.advanceClock(1000 * DAY);
      const date = new Date(time + 1000 * DAY * 1000);
      checkError(
        await client.request('GET', '/-/vaults', { signing: { date } }),
        'InvalidSignatureException',
        /^Signature not yet current: /,
      );
      await client.expect(200, 'GET', '/-/vaults');
      expect((await client.presignedGet('/-/vaults', { expiresSeconds: 60 })).status).toBe(400);
      const headers = { 'x-amz-glacier-version': '2012-06-01' };
      const presigned = await client.presignedGet('/-/vaults', { expiresSeconds: 60, headers });
      expect(presigned.status).toBe(200);
    });

    it.each(['archive', 'part'])('is the %s that is under way', async (kind) => {
      const vault = await client.freshVault();
      const bytes = content(MIB, 7);
      const held = heldBack(bytes);
      const headers = { 'Content-Length': String(bytes.length), ...hashHeaders(bytes) };
      const options = { body: held.body, headers };
      const uploadId = await client.initiateUpload(vault, MIB);
      const sending =
        kind === 'archive'
          ? client.postArchive(vault, bytes, options)
          : client.putPart(vault, uploadId, 0, bytes, options);
      await held.isHalfSent;
      const time = await freeze(admin);
      await admin.advanceClock(10_000);
      held.sendRest();
      const reply = await sending;
      expect({ status: reply.status, text: reply.text }).toEqual({
        status: kind === 'archive' ? 201 : 204,
        text: '',
      });
      const { 'x-amz-sha256-tree-hash': hash = '' } = hashHeaders(bytes);
      if (kind === 'part') {
        expect((await client.completeUpload(vault, uploadId, MIB, hash)).status).toBe(201);
      }
      const [archive] = (await client.inventory(vault)).ArchiveList;
      const second = Math.floor(time / 1000) * 1000 + 10_000_000;
      expect(archive).toMatchObject({
        CreationDate: iso(second).replace('.000Z', 'Z'),
        SHA256TreeHash: hash,
      });
    });
  });

  describe('what lives by the test clock', () => {
    it('are session tokens', async () => {
      const time = await freeze(admin);
      const session = await admin.createSession({ durationSeconds: HOUR });
      expect(session.expiresAt).toBe(iso(time + HOUR * 1000));
      const temporary = clientFor(client.target, session, session.sessionToken);
      await admin.advanceClock(HOUR - 1);
      await temporary.expect(200, 'GET', '/-/vaults');
      await admin.advanceClock(1);
      const reply = await temporary.request('GET', '/-/vaults');
      const message = 'The security token included in the request is expired';
      expect(reply.status).toBe(403);
      expect(reply.json()).toEqual({ message, code: 'ExpiredTokenException', type: 'Client' });
      await client.expect(200, 'GET', '/-/vaults');
    });

    it('are sessions of a second, which only testers get', async () => {
      await freeze(admin);
      const session = await admin.createSession({ durationSeconds: 1 });
      const temporary = clientFor(client.target, session, session.sessionToken);
      await temporary.expect(200, 'GET', '/-/vaults');
      await admin.advanceClock(1);
      expect((await temporary.request('GET', '/-/vaults')).status).toBe(403);
    });

    it('is the trial of a lock: 24 hours, to the second', async () => {
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'kept');
      const time = await freeze(admin);
      const policy = keepFor(365, client.arn(vault));
      const lockId = await initiateLock(client, vault, policy);
      await admin.advanceClock(DAY - 1);
      checkJson(await client.request('GET', `/-/vaults/${vault}/lock-policy`), {
        CreationDate: iso(time),
        ExpirationDate: iso(time + DAY * 1000),
        Policy: policy,
        State: 'InProgress',
      });
      checkError(await client.deleteArchive(vault, archiveId), 'AccessDeniedException');
      await admin.advanceClock(1);
      const gone = `No vault lock policy is set for: ${vault}`;
      for (const [method, path] of [
        ['GET', 'lock-policy'],
        ['POST', `lock-policy/${lockId}`],
      ] as const) {
        const reply = await client.request(method, `/-/vaults/${vault}/${path}`);
        checkError(reply, 'ResourceNotFoundException', gone);
      }
      checkNoContent(await client.deleteArchive(vault, archiveId));
      await initiateLock(client, vault, policy);
    });

    it('is a lock that was completed in its last second: it stays', async () => {
      const vault = await client.freshVault();
      await freeze(admin);
      const lockId = await initiateLock(client, vault, keepFor(1, client.arn(vault)));
      await admin.advanceClock(DAY - 1);
      await client.expect(204, 'POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
      await admin.advanceClock(3650 * DAY);
      const lock = await client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
      expect(lock.json()).toMatchObject({ State: 'Locked', ExpirationDate: null });
    });

    it.each(['access policy', 'lock policy'])('is the age of archives in the %s', async (kind) => {
      const vault = await client.freshVault();
      const policy = keepFor(365, client.arn(vault));
      if (kind === 'access policy') {
        const body = JSON.stringify({ Policy: policy });
        await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      } else {
        const lockId = await initiateLock(client, vault, policy);
        await client.expect(204, 'POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
      }
      await freeze(admin);
      const archiveId = await client.uploadArchive(vault, 'kept for a year');
      await admin.advanceClock(364 * DAY);
      const denied = /with an explicit deny in a resource-based policy$/;
      checkError(await client.deleteArchive(vault, archiveId), 'AccessDeniedException', denied);
      await admin.advanceClock(DAY - 1);
      checkError(await client.deleteArchive(vault, archiveId), 'AccessDeniedException', denied);
      await admin.advanceClock(1);
      checkNoContent(await client.deleteArchive(vault, archiveId));
    });
  });

  describe('the lock clock', () => {
    it('goes ahead with the clock', async () => {
      await freeze(admin);
      const { time, lockTime } = await admin.advanceClock(5000 * DAY);
      expect(lockTime).toBe(time);
    });

    it('does not go back with it, and waits for it', async () => {
      const vault = await client.freshVault();
      await freeze(admin);
      // Whatever the tests before have set back has been made up for.
      const { lockTime } = await admin.advanceClock(5000 * DAY);
      const archiveId = await client.uploadArchive(vault, 'young');
      const policy = keepFor(10, client.arn(vault));
      await initiateLock(client, vault, policy);
      const earlier = Date.parse(lockTime) - 20 * DAY * 1000;
      expect(await admin.setClock(iso(earlier))).toMatchObject({ time: iso(earlier), lockTime });
      // Twenty days that the lock clock has seen already age nothing and end no trial.
      expect((await admin.advanceClock(20 * DAY)).lockTime).toBe(lockTime);
      checkError(await client.deleteArchive(vault, archiveId), 'AccessDeniedException');
      const { time, lockTime: later } = await admin.advanceClock(DAY);
      expect(later).toBe(time);
      const lock = await client.request('GET', `/-/vaults/${vault}/lock-policy`);
      checkError(lock, 'ResourceNotFoundException');
    });
  });
});

describe('what falls due on the way', () => {
  const firn = useServer({ arguments: ['--test-clock', '--profile', 'aws'] });
  let admin: Admin;
  let client: Client;
  beforeEach(async () => {
    client = firn.client;
    admin = new Admin(client);
    await admin.freezeClock();
  });

  /** When the last inventory was taken, in days after a time. */
  async function inventoryDay(vault: string, since: number): Promise<number | null> {
    const { LastInventoryDate } = await client.describeVault(vault);
    if (LastInventoryDate === null) return null;
    return (Date.parse(LastInventoryDate) - since) / (DAY * 1000);
  }

  it('is done at its own time, in its order', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'asked for often');
    const begun: { jobId: string; dueAt: number }[] = [];
    for (const [Tier, seconds] of [
      ['Bulk', 28_800],
      ['Standard', 14_400],
      ['Bulk', 28_800],
      ['Standard', 14_400],
    ] as const) {
      const jobId = await client.retrieveArchive(vault, archiveId, { Tier });
      begun.push({ jobId, dueAt: (await timeOf(admin)) + seconds * 1000 });
      await admin.advanceClock(700.25);
    }
    await admin.advanceClock(20 * HOUR);
    for (const { jobId, dueAt } of begun) {
      const { CompletionDate, StatusCode } = await client.describeJob(vault, jobId);
      expect({ CompletionDate, StatusCode }).toEqual({
        CompletionDate: iso(dueAt),
        StatusCode: 'Succeeded',
      });
    }
  });

  it('is not done before, and comes to pass at the very moment', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'asked for once');
    const jobId = await client.retrieveArchive(vault, archiveId);
    const time = await timeOf(admin);
    await admin.advanceClock(4 * HOUR - 0.001);
    expect((await client.describeJob(vault, jobId)).StatusCode).toBe('InProgress');
    await admin.advanceClock(0.001);
    const due = iso(time + 4 * HOUR * 1000);
    expect(await client.describeJob(vault, jobId)).toMatchObject({ CompletionDate: due });
  });

  it('is done by a clock that is set ahead as well, and waits for one that is set back', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'patience');
    const time = await timeOf(admin);
    const jobId = await client.retrieveArchive(vault, archiveId);
    await admin.setClock(iso(time - 100 * DAY * 1000));
    await admin.advanceClock(99 * DAY);
    expect((await client.describeJob(vault, jobId)).Completed).toBe(false);
    await admin.setClock(iso(time + DAY * 1000));
    expect((await client.describeJob(vault, jobId)).CompletionDate).toBe(
      iso(time + 4 * HOUR * 1000),
    );
  });

  it('are outputs: they last 24 hours from completion', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId);
    await admin.advanceClock(4 * HOUR + DAY - 1);
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    await admin.advanceClock(1);
    const gone = `The job ID was not found: ${jobId}`;
    checkError(await client.getJobOutput(vault, jobId), 'ResourceNotFoundException', gone);
    const described = await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`);
    checkError(described, 'ResourceNotFoundException', gone);
    checkJson(await client.request('GET', `/-/vaults/${vault}/jobs`), {
      JobList: [],
      Marker: null,
    });
  });

  it('are inventories, day by day', async () => {
    const vault = await client.freshVault();
    const time = await timeOf(admin);
    await client.uploadArchive(vault, 'one');
    await admin.advanceClock(DAY - 1);
    expect(await inventoryDay(vault, time)).toBeNull();
    await admin.advanceClock(1);
    expect(await inventoryDay(vault, time)).toBe(1);
    await client.uploadArchive(vault, 'two');
    await admin.advanceClock(5 * DAY);
    expect(await inventoryDay(vault, time)).toBe(2);
    expect((await client.describeVault(vault)).NumberOfArchives).toBe(2);
  });

  it('is what was due already and not yet done, before the clock moves on', async () => {
    const vault = await client.freshVault();
    const time = await timeOf(admin);
    await client.uploadArchive(vault, 'one');
    await admin.advanceClock(3 * DAY);
    await client.uploadArchive(vault, 'two');
    await admin.advanceClock(10 * DAY);
    expect(await inventoryDay(vault, time)).toBe(3);
  });

  it('is the end of idle uploads', async () => {
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, MIB);
    await admin.advanceClock(DAY - 1);
    await client.uploadPart(vault, uploadId, 0, content(MIB));
    await admin.advanceClock(DAY - 1);
    await client.expect(200, 'GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}`);
    await admin.advanceClock(1);
    const listed = await client.request('GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}`);
    const gone = `The upload ID was not found: ${uploadId}`;
    checkError(listed, 'ResourceNotFoundException', gone);
  });
});

describe('the store of a test clock', () => {
  /** Runs with a store of its own, which is gone afterwards. */
  async function withStore(flags: string[], work: (store: OwnStore) => Promise<void>) {
    const store = await openStore(flags);
    try {
      await work(store);
    } finally {
      await store.close();
    }
  }

  const adminOf = ({ server }: OwnStore) => new Admin(new Client(server));
  const identityPath = ({ directory }: OwnStore) => join(directory, 'store.json');

  /** Starts the program on the store once more, with other flags. */
  const startAgain = ({ directory }: OwnStore, ...flags: string[]) =>
    startServer({ dataDirectory: directory, arguments: flags });

  it('needs no flag later', async () => {
    await withStore(['--test-clock'], async (store) => {
      const { time } = await adminOf(store).setClock('2050-01-01T00:00:00Z');
      await store.server.stop();
      const server = await startAgain(store);
      try {
        const admin = new Admin(new Client(server));
        const clock = await admin.clock();
        expect(clock).toMatchObject({ isTestClock: true, state: 'running' });
        expect(Date.parse(clock.time)).toBeGreaterThanOrEqual(Date.parse(time));
        await admin.advanceClock(DAY);
      } finally {
        await server.close();
      }
    });
  });

  it('may be asked for by the environment', async () => {
    const server = await startServer({ environment: { FIRN_TEST_CLOCK: 'true' } });
    try {
      expect((await new Admin(new Client(server)).clock()).isTestClock).toBe(true);
    } finally {
      await server.close();
    }
  });

  it('is not made of one that is in earnest', async () => {
    await withStore([], async (store) => {
      await store.client.freshVault();
      await store.server.stop();
      const journal = journalEntries(store);
      await expect(startAgain(store, '--test-clock')).rejects.toThrow(
        /ended with 2: firn: test-clock: [^\n]+\n/,
      );
      expect(journalEntries(store)).toEqual(journal);
      const server = await startAgain(store);
      expect((await new Admin(new Client(server)).clock()).isTestClock).toBe(false);
      await server.close();
    });
  });

  it.each([
    ['claims', [] as string[], { testClock: true }],
    ['has lost', ['--test-clock'], { testClock: undefined }],
    ['denies', ['--test-clock'], { testClock: false }],
  ])('is refused when store.json %s the clock', async (_, flags, change) => {
    await withStore(flags, async (store) => {
      await store.server.stop();
      const good = readFileSync(identityPath(store));
      const changed = JSON.stringify({ ...JSON.parse(String(good)), ...change });
      writeFileSync(identityPath(store), changed);
      const journal = journalEntries(store);
      await expect(startAgain(store)).rejects.toThrow(/ended with \d: firn: .*store\.json/);
      removeView(store);
      await expect(startAgain(store)).rejects.toThrow(/ended with \d: firn: .*store\.json/);
      expect(journalEntries(store)).toEqual(journal);
      writeFileSync(identityPath(store), good);
      await (await startAgain(store)).close();
    });
  });

  it.each(['a restart', 'a hard end', 'the loss of the view'])('keeps it over %s', async (how) => {
    await withStore(['--test-clock'], async (store) => {
      await adminOf(store).freezeClock();
      await adminOf(store).setClock('2031-03-04T05:06:07.089Z');
      const clock = await adminOf(store).advanceClock(100 * DAY);
      if (how === 'a hard end') await store.server.kill();
      else await store.server.stop();
      if (how === 'the loss of the view') removeView(store);
      await store.server.restart();
      expect(await adminOf(store).clock()).toEqual(clock);
      await adminOf(store).runClock();
      await store.server.restart();
      const { state, time } = await adminOf(store).clock();
      expect(state).toBe('running');
      expect(Date.parse(time)).toBeGreaterThanOrEqual(Date.parse(clock.time));
    });
  });

  it('keeps the lock clock where it was, also when the clock was set back', async () => {
    await withStore(['--test-clock'], async (store) => {
      await adminOf(store).freezeClock();
      const { lockTime, time } = await adminOf(store).advanceClock(100 * DAY);
      await adminOf(store).setClock(iso(Date.parse(time) - 50 * DAY * 1000));
      await store.server.restart();
      expect((await adminOf(store).clock()).lockTime).toBe(lockTime);
    });
  });

  it('keeps the lock clock of a clock that stood while real time went by', async () => {
    await withStore(['--test-clock'], async (store) => {
      await adminOf(store).freezeClock();
      // A start takes longer than the clock is moved: the real time has overtaken it.
      await store.server.restart();
      const clock = await adminOf(store).advanceClock(0.2);
      await store.server.restart();
      expect(await adminOf(store).clock()).toEqual(clock);
    });
  });

  it('is already set when the first entries of a start are written', async () => {
    await withStore(['--test-clock'], async (store) => {
      await adminOf(store).freezeClock();
      const { time } = await adminOf(store).setClock('2050-01-01T00:00:00Z');
      await store.server.stop();
      const environment = {
        FIRN_ACCESS_KEY_ID: 'FIRNTESTACCESSKEY002',
        FIRN_SECRET_ACCESS_KEY: 'another/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEX',
      };
      const server = await startServer({ dataDirectory: store.directory, environment });
      const keys = await new Admin(new Client(server)).accessKeys();
      await server.close();
      const added = keys.find(({ accessKeyId }) => accessKeyId === server.accessKeyId);
      expect(added?.createdAt).toBe(time);
    });
  });

  it('is where it was going when the end came on the way', async () => {
    await withStore(['--test-clock', '--profile', 'aws'], async (store) => {
      const { client, server } = store;
      const start = await freeze(adminOf(store));
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, content(2 * MIB));
      const jobIds: string[] = [];
      for (let i = 0; i < 20; i++) {
        jobIds.push(await client.retrieveArchive(vault, archiveId));
        await adminOf(store).advanceClock(1);
      }
      const departure = await timeOf(adminOf(store));
      const moving = adminOf(store).advanceClock(DAY);
      moving.catch(() => undefined); // it may break before anybody waits for it
      const entries = journalEntries(store).length;
      await pollUntil(
        async () => journalEntries(store).length,
        (now) => now > entries + 2,
      );
      await server.kill();
      await expect(moving).rejects.toThrow();
      await server.restart();
      expect(await timeOf(adminOf(store))).toBe(departure + DAY * 1000);
      for (const [i, jobId] of jobIds.entries()) {
        const { StatusCode, CompletionDate } = await client.waitForJob(vault, jobId);
        expect(StatusCode).toBe('Succeeded');
        const due = start + (i + 4 * HOUR) * 1000;
        expect(Date.parse(String(CompletionDate))).toBeGreaterThanOrEqual(due);
      }
    });
  });

  it('writes every move, and who made or tried it, into the journal', async () => {
    await withStore(['--test-clock'], async (store) => {
      const admin = adminOf(store);
      const user = await admin.freshUser();
      const before = (await admin.auditEntries()).at(-1)?.sequence ?? 0;
      await admin.freezeClock();
      await admin.advanceClock(DAY);
      await admin.setClock('2035-05-05T05:05:05Z');
      await admin.runClock();
      const denied = await new Admin(user.client).request('POST', '/clock/freeze');
      checkError(denied, 'AccessDeniedException');
      const entries = await admin.auditEntries({ after: before });
      const root = `arn:aws:iam::${store.server.accountId}:root`;
      expect(entries.map(({ kind, principal }) => [kind, principal])).toEqual([
        ...Array.from({ length: 4 }, () => ['ClockSet', root]),
        ['Refused', user.arn],
      ]);
    });
  });
});

describe('a store in earnest', () => {
  const firn = useServer();

  it('shows its clock', async () => {
    const admin = new Admin(firn.client);
    expect(await admin.status()).toMatchObject({ testClock: false });
    expect(await admin.clock()).toMatchObject({ isTestClock: false, state: 'running' });
  });

  it.each<[method: string, path: string, body?: object]>([
    ['POST', '/clock/advance', { seconds: 1 }],
    ['POST', '/clock/set', { time: '2040-01-01T00:00:00Z' }],
    ['POST', '/clock/freeze'],
    ['POST', '/clock/run'],
  ])('has no %s %s', async (method, path, body) => {
    const reply = await new Admin(firn.client).request(method, path, body);
    checkError(reply, 'BadRequest', 'This store has no test clock');
  });

  it.each<[method: string, path: string, body?: object]>([
    ['GET', '/faults'],
    ['POST', '/faults', { fault: { kind: 'error', code: 'ThrottlingException' } }],
    ['DELETE', '/faults/00000000-0000-4000-8000-000000000000'],
    ['DELETE', '/faults'],
  ])('has no %s %s', async (method, path, body) => {
    const reply = await new Admin(firn.client).request(method, path, body);
    checkError(reply, 'BadRequest', /^This store has no test clock/);
  });

  it('has no sessions of less than a quarter of an hour', async () => {
    const body = { durationSeconds: 899 };
    const reply = await new Admin(firn.client).request('POST', '/accounts/-/sessions', body);
    checkError(reply, 'InvalidParameterValueException');
  });
});
