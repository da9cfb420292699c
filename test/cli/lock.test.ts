/** `firn lock simulate` against a real server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LockSimulation } from '../support/admin.ts';
import { useServer } from '../support/use-server.ts';
import { CommandLine, environmentOf } from './support/command-line.ts';

/** Each command is a process of its own, which takes its time on a busy machine. */
vi.setConfig({ testTimeout: 90_000 });

const used = useServer();
const firn = () => new CommandLine(environmentOf(used.server));
const folder = mkdtempSync(join(tmpdir(), 'firn-cli-'));
const policyFile = join(folder, 'lock.json');
afterAll(() => rmSync(folder, { recursive: true }));

/** Archives younger than a year stay. */
function policyFor(vault: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'keep-a-year',
        Effect: 'Deny',
        Principal: '*',
        Action: 'glacier:DeleteArchive',
        Resource: used.client.arn(vault),
        Condition: { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } },
      },
    ],
  });
}

const deletionAt = (archiveAgeInDays: number) =>
  JSON.stringify({ action: 'DeleteArchive', archiveAgeInDays });

describe('simulate', () => {
  let vault: string;
  beforeAll(async () => {
    vault = await used.client.freshVault();
    writeFileSync(policyFile, policyFor(vault));
  });

  it('shows what a policy would deny, and ends well all the same', async () => {
    const words = ['lock', 'simulate', vault, '--policy-file', policyFile];
    const requests = ['--request', deletionAt(364), '--request', deletionAt(365)];
    const { code, stdout, stderr } = await firn().run([...words, ...requests]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `Judged by ${policyFile} and the other policies; nothing was changed.\n`,
    });
    const [titles, young, old, ...rest] = stdout.split('\n');
    expect(titles).toMatch(/^DECISION +ACTION +AGE IN DAYS +PRINCIPAL +BECAUSE$/);
    expect(young).toMatch(
      /^denied +DeleteArchive +364 .*the vault lock, statement keep-a-year, denies it$/,
    );
    expect(old).toMatch(/^allowed +DeleteArchive +365 .*root may, unless something denies it$/);
    expect(rest).toEqual(['']);
  });

  it('takes requests from a file and the policy from a pipe', async () => {
    const file = join(folder, 'requests.json');
    writeFileSync(file, `[${deletionAt(1)},{"action":"glacier:DeleteVault","principal":"root"}]`);
    const words = ['lock', 'simulate', vault, '--policy-file', '-', '--requests-file', file];
    const { code, stdout } = await firn().run([...words, '--json'], policyFor(vault));
    expect(code).toBe(0);
    const { results } = JSON.parse(stdout) as LockSimulation;
    expect(
      results.map(({ action, decision }) => [action.replace('glacier:', ''), decision]),
    ).toEqual([
      ['DeleteArchive', 'denied'],
      ['DeleteVault', 'allowed'],
    ]);
  });

  it('makes samples of its own', async () => {
    const words = ['lock', 'simulate', vault, '--policy-file', policyFile];
    const { results } = await firn().json<LockSimulation>(...words);
    const decisions = new Set(results.map(({ decision }) => decision));
    expect(decisions).toEqual(new Set(['denied', 'allowed']));
  });

  it('judges by the lock in force when it is given no other', async () => {
    const locked = await used.client.freshVault();
    const body = JSON.stringify({ Policy: policyFor(locked) });
    await used.client.expect(201, 'POST', `/-/vaults/${locked}/lock-policy`, { body });
    const words = ['lock', 'simulate', locked, '--request', deletionAt(1)];
    const { results } = await firn().json<LockSimulation>(...words);
    expect(results).toMatchObject([{ decision: 'denied', source: 'vault-lock' }]);
  });

  it('changes nothing', async () => {
    const reply = await used.client.request('GET', `/-/vaults/${vault}/lock-policy`);
    expect(reply.status).toBe(404);
  });

  it('says what is wrong with the policy, the requests and the vault', async () => {
    const simulate = (name: string, ...words: string[]) =>
      firn().fail(1, 'lock', 'simulate', name, '--policy-file', policyFile, ...words);
    expect(await simulate('no-such-vault')).toContain('ResourceNotFoundException');
    expect(await simulate(vault, '--request', '{"action":"Fly"}')).toContain('Fly');
    const file = join(folder, 'none.json');
    expect(await firn().fail(2, 'lock', 'simulate', vault, '--policy-file', file)).toContain(file);
  });
});

it('the help says that completing is for ever', async () => {
  expect(await firn().succeed('lock', '--help')).toContain('FOR EVER');
});
