/** `firn clock` and `firn faults` against a real server with a test clock. */
import { describe, expect, it, vi } from 'vitest';
import type { ClockDescription } from '../support/admin.ts';
import { checkError } from '../support/check.ts';
import { useServer } from '../support/use-server.ts';
import { CommandLine, environmentOf } from './support/command-line.ts';

const fourHours = 14_400;
/** Each command is a process of its own, which takes its time on a busy machine. */
vi.setConfig({ testTimeout: 90_000 });

const used = useServer({
  arguments: ['--test-clock', '--retrieval-seconds', `standard=${fourHours}`],
});
/** Given options, so that it is never somebody's own server. */
const plain = useServer({ environment: {} });
const firn = (server = used.server) => new CommandLine(environmentOf(server));
const clock = (...words: string[]) => firn().json<ClockDescription>('clock', ...words);

describe('the clock', () => {
  it('is shown', async () => {
    await clock('freeze');
    await clock('set', '2031-01-01');
    expect(await firn().succeed('clock', 'show')).toMatch(
      /^time +2031-01-01T00:00:00.000Z\nlock time +\S+\nclock +test clock, frozen\n$/,
    );
  });

  it('goes ahead by what it is told', async () => {
    await clock('freeze');
    await clock('set', '2032-02-28T12:00:00+02:00');
    expect(await clock('advance', '1d12h')).toMatchObject({ time: '2032-02-29T22:00:00.000Z' });
    expect(await clock('advance', '90')).toMatchObject({ time: '2032-02-29T22:01:30.000Z' });
    expect(await clock('advance', '2w250ms')).toMatchObject({ time: '2032-03-14T22:01:30.250Z' });
    expect(await clock('run')).toMatchObject({ isTestClock: true, state: 'running' });
  });

  it('takes a job of four hours through them', async () => {
    const { client } = used;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, Buffer.from('kept'));
    await clock('freeze');
    const jobId = await client.retrieveArchive(vault, archiveId, { Tier: 'Standard' });
    await clock('advance', '3h59m59s');
    expect(await client.describeJob(vault, jobId)).toMatchObject({ StatusCode: 'InProgress' });
    await clock('advance', '1s');
    expect(await client.describeJob(vault, jobId)).toMatchObject({ StatusCode: 'Succeeded' });
    expect((await client.getJobOutput(vault, jobId)).text).toBe('kept');
  });

  it('cannot be moved on a store that is in earnest', async () => {
    const earnest = firn(plain.server);
    expect(await earnest.json('clock', 'show')).toMatchObject({ isTestClock: false });
    for (const words of [['advance', '4h'], ['set', '2031-01-01'], ['freeze'], ['run']]) {
      const message = await earnest.fail(1, 'clock', ...words);
      expect(message).toContain('firn serve --test-clock makes a new store with one');
    }
  });
});

describe('a fault', () => {
  const addError = (code: string, ...words: string[]) =>
    firn().json<{ faultId: string }>('faults', 'add', 'error', code, ...words);

  it('meets as many requests as it was made for', async () => {
    const { client } = used;
    const vault = await client.freshVault();
    await addError('ThrottlingException', '--vault', vault, '--count', '2');
    const ask = () => client.request('GET', `/-/vaults/${vault}`);
    const statuses = [(await ask()).json(), (await ask()).json()];
    const refusal = expect.objectContaining({ code: 'ThrottlingException' });
    expect(statuses).toEqual([refusal, refusal]);
    expect((await ask()).status).toBe(200);
  });

  it('carries its message, and meets its operation only', async () => {
    const { client } = used;
    const vault = await client.freshVault();
    const words = ['--vault', vault, '--operation', 'DeleteVault', '--message', 'Not today.'];
    await addError('LimitExceededException', ...words);
    expect((await client.request('GET', `/-/vaults/${vault}`)).status).toBe(200);
    const reply = await client.request('DELETE', `/-/vaults/${vault}`);
    checkError(reply, 'LimitExceededException', 'Not today.');
  });

  it('is listed until it is taken back', async () => {
    const { faultId } = await addError('BadRequest', '--vault', 'nobodys', '--count', '7');
    await firn().succeed('faults', 'add', 'delay', '1m', '--vault', 'nobodys');
    const listed = await firn().succeed('faults', 'list');
    expect(listed).toMatch(new RegExp(`^${faultId} +7 +any +nobodys +error BadRequest$`, 'm'));
    expect(listed).toMatch(/^\S+ +1 +any +nobodys +delay of 60000 ms$/m);
    await firn().succeed('faults', 'clear', faultId);
    expect(await firn().succeed('faults', 'list')).not.toContain(faultId);
    await firn().succeed('faults', 'clear');
    expect(await firn().json('faults', 'list')).toEqual({ faults: [] });
  });

  it('fails the next job', async () => {
    const { client } = used;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, Buffer.from('lost'));
    await firn().succeed('faults', 'add', 'fail-job', '--vault', vault, '--reason', 'On purpose.');
    const jobId = await client.retrieveArchive(vault, archiveId, { Tier: 'Expedited' });
    expect(await client.waitForJob(vault, jobId)).toMatchObject({ StatusCode: 'Failed' });
  });

  it('cannot be ordered on a store that is in earnest', async () => {
    const message = await firn(plain.server).fail(1, 'faults', 'add', 'delay', '1s');
    expect(message).toContain('firn serve --test-clock');
  });
});
