/**
 * A locked archive resists: whatever is asked of the server, and whatever is done to the machine
 * short of changing the store, the archive stays (reliability page, P12 and P13).
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkError, checkNoContent, checkNoVault } from '../support/check.ts';
import { Client, type JsonObject, type RequestOptions } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { isRemote, startServer } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const age = 'glacier:ArchiveAgeInDays';
const dayMs = 86_400_000;
const tenYears = 3_653;
const tenYearsMs = tenYears * dayMs;
const bytes = 'what must not go';
/** The lock of the guide, which lets the old go. */
const aYear = { Condition: { NumericLessThan: { [age]: '365' } } };

function statement(client: Client, vault: string, more: JsonObject = {}): JsonObject {
  return {
    Effect: 'Deny',
    Principal: '*',
    Action: 'glacier:DeleteArchive',
    Resource: client.arn(vault),
    ...more,
  };
}

function policyOf(...statements: unknown[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function setAccessPolicy(client: Client, vault: string, policy: string) {
  const body = JSON.stringify({ Policy: policy });
  return client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
}

/** Gives the lock's id. */
async function initiate(client: Client, vault: string, more: JsonObject = {}): Promise<string> {
  const body = JSON.stringify({ Policy: policyOf(statement(client, vault, more)) });
  const reply = await client.expect(201, 'POST', `/-/vaults/${vault}/lock-policy`, { body });
  return reply.header('x-amz-lock-id') ?? '';
}

interface Locked {
  readonly client: Client;
  readonly vault: string;
  readonly archiveId: string;
  readonly lockId: string;
}

/** A fresh vault, locked, with an archive that the policy protects. */
async function lock(client: Client, more: JsonObject = {}): Promise<Locked> {
  const vault = await client.freshVault();
  const archiveId = await client.uploadArchive(vault, bytes);
  const lockId = await initiate(client, vault, more);
  await client.expect(204, 'POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
  return { client, vault, archiveId, lockId };
}

function checkDenied(reply: Reply, action: string, { client, vault }: Locked): void {
  const message =
    `User: arn:aws:iam::${client.target.accountId}:root is not authorized to perform: ` +
    `glacier:${action} on resource: ${client.arn(vault)} ` +
    'with an explicit deny in a resource-based policy';
  checkError(reply, 'AccessDeniedException', message);
}

function checkLocked(reply: Reply, { vault }: Locked): void {
  checkError(reply, 'AccessDeniedException', `The vault is locked: ${vault}`);
}

/** The lock stands, nobody deletes the archive, and its bytes are what they were. */
async function checkHolds(locked: Locked): Promise<void> {
  const { client, vault, archiveId } = locked;
  const shown = await client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
  expect(shown.json()).toMatchObject({ State: 'Locked', ExpirationDate: null });
  checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', locked);
  const { ArchiveList } = await client.inventory(vault);
  expect(ArchiveList.map(({ ArchiveId }) => ArchiveId)).toContain(archiveId);
  const jobId = await client.retrievedArchive(vault, archiveId);
  expect((await client.getJobOutput(vault, jobId)).text).toBe(bytes);
}

describe.each([
  ['whatever its age', {}],
  ['for a year', aYear],
])('An archive that is locked %s', (_, more) => {
  it('is not deleted by the root, however often', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault, archiveId } = locked;
    const asked = Array.from({ length: 10 }, () => client.deleteArchive(vault, archiveId));
    for (const reply of await Promise.all(asked)) checkDenied(reply, 'DeleteArchive', locked);
    const target = `/${client.target.accountId}/vaults/${vault}/archives/${archiveId}`;
    checkDenied(await client.request('DELETE', target), 'DeleteArchive', locked);
    await checkHolds(locked);
  });

  it('is not deleted by way of another vault', async () => {
    const locked = await lock(firn.client, more);
    const { client, archiveId } = locked;
    const other = await client.freshVault();
    const reply = await client.deleteArchive(other, archiveId);
    const message = `Invalid vault name: ${client.arn(other)}`;
    checkError(reply, 'InvalidParameterValueException', message);
    await checkHolds(locked);
  });

  it('does not go with its vault', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault } = locked;
    const message = `Vault not empty or recently written to: ${client.arn(vault)}`;
    const reply = await client.request('DELETE', `/-/vaults/${vault}`);
    checkError(reply, 'InvalidParameterValueException', message);
    await checkHolds(locked);
  });

  it('is not freed by making the vault again', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault } = locked;
    await client.request('DELETE', `/-/vaults/${vault}`);
    await client.createVault(vault);
    await checkHolds(locked);
  });

  it('is not freed by AbortVaultLock', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault } = locked;
    checkLocked(await client.request('DELETE', `/-/vaults/${vault}/lock-policy`), locked);
    await checkHolds(locked);
  });

  it('is not freed by another lock', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault } = locked;
    const allow = policyOf(statement(client, vault, { Effect: 'Allow', Action: '*' }));
    const body = JSON.stringify({ Policy: allow });
    checkLocked(await client.request('POST', `/-/vaults/${vault}/lock-policy`, { body }), locked);
    await checkHolds(locked);
  });

  it('is not freed by CompleteVaultLock with another id, nor with its own', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault, lockId } = locked;
    const other = await client.freshVault();
    const otherId = await initiate(client, other, { Effect: 'Allow' });
    for (const id of [otherId, 'n'.repeat(24)]) {
      const target = `/-/vaults/${vault}/lock-policy/${id}`;
      checkLocked(await client.request('POST', target), locked);
    }
    const own = await client.request('POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
    checkNoContent(own);
    await checkHolds(locked);
  });

  it('is not freed by an access policy, nor by removing one', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault } = locked;
    const allow = statement(client, vault, { Effect: 'Allow', Action: '*', Resource: '*' });
    await setAccessPolicy(client, vault, policyOf(allow));
    await checkHolds(locked);
    await setAccessPolicy(client, vault, policyOf(statement(client, vault)));
    await checkHolds(locked);
    await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
    await checkHolds(locked);
  });

  it('is not freed by headers that tell another date', async () => {
    const locked = await lock(firn.client, more);
    const { client, vault, archiveId } = locked;
    const target = `/-/vaults/${vault}/archives/${archiveId}`;
    const later = new Date(Date.now() + tenYearsMs);
    const told = await client.request('DELETE', target, { headers: { Date: later.toUTCString() } });
    checkDenied(told, 'DeleteArchive', locked);
    const signed = await client.request('DELETE', target, { signing: { date: later } });
    checkError(signed, 'InvalidSignatureException');
    await checkHolds(locked);
  });

  describe.skipIf(isRemote)('and its server', () => {
    it.each<[string, () => Promise<unknown>]>([
      ['a restart', () => firn.server.stop()],
      ['a kill', () => firn.server.kill()],
      [
        'the loss of the view, which is made again from the journal',
        async () => {
          await firn.server.stop();
          const { dataDirectory } = firn.server;
          for (const name of readdirSync(dataDirectory)) {
            if (name.startsWith('view.sqlite')) rmSync(join(dataDirectory, name));
          }
        },
      ],
      [
        'a kill and the loss of the view',
        async () => {
          await firn.server.kill();
          const { dataDirectory } = firn.server;
          for (const name of readdirSync(dataDirectory)) {
            if (name.startsWith('view.sqlite')) rmSync(join(dataDirectory, name));
          }
        },
      ],
    ])('outlast %s', async (_end, end) => {
      const locked = await lock(firn.client, more);
      const trial = await firn.client.freshVault();
      const tried = await firn.client.uploadArchive(trial, bytes);
      await initiate(firn.client, trial, more);
      await end();
      await firn.server.restart();
      await checkHolds(locked);
      const { client } = locked;
      checkDenied(await client.deleteArchive(trial, tried), 'DeleteArchive', {
        ...locked,
        vault: trial,
      });
    });
  });
});

describe('A legal hold by tag', () => {
  it('holds as long as the vault has the tag, and can be made to last', async () => {
    const hold = { Condition: { StringLike: { 'glacier:ResourceTag/LegalHold': ['true', ''] } } };
    const { client } = firn;
    const locked = await lock(client, hold);
    const { vault, archiveId } = locked;
    const second = await client.uploadArchive(vault, 'second');
    const setTag = (value: string) =>
      client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=add`, {
        body: JSON.stringify({ Tags: { LegalHold: value } }),
      });
    checkNoContent(await client.deleteArchive(vault, second));
    for (const value of ['true', '']) {
      await setTag(value);
      await checkHolds(locked);
    }
    await setTag('false');
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it('is not lifted where the lock denies to touch the tags', async () => {
    const locked = await lock(firn.client, {
      Action: ['glacier:DeleteArchive', 'glacier:AddTagsToVault', 'glacier:RemoveTagsFromVault'],
    });
    const { client, vault } = locked;
    const tags = `/-/vaults/${vault}/tags`;
    const added = await client.request('POST', `${tags}?operation=add`, {
      body: JSON.stringify({ Tags: { LegalHold: 'false' } }),
    });
    checkDenied(added, 'AddTagsToVault', locked);
    const removed = await client.request('POST', `${tags}?operation=remove`, {
      body: JSON.stringify({ TagKeys: ['LegalHold'] }),
    });
    checkDenied(removed, 'RemoveTagsFromVault', locked);
    await checkHolds(locked);
  });
});

describe('A locked vault without archives', () => {
  async function emptyLocked(more: JsonObject = {}) {
    const { client } = firn;
    const vault = await client.freshVault();
    const lockId = await initiate(client, vault, more);
    await client.expect(204, 'POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
    return { client, vault, lockId, archiveId: '' };
  }

  it('can be deleted, and takes its lock with it', async () => {
    const { client, vault, lockId } = await emptyLocked();
    checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
    checkNoVault(await client.request('GET', `/-/vaults/${vault}/lock-policy`), client, vault);
    await client.createVault(vault);
    const message = `No vault lock policy is set for: ${vault}`;
    const again = await client.request('POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
    checkError(again, 'ResourceNotFoundException', message);
    const archiveId = await client.uploadArchive(vault, bytes);
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it('stays where the lock denies its deletion', async () => {
    const locked = await emptyLocked({ Action: 'glacier:DeleteVault' });
    const { client, vault } = locked;
    checkDenied(await client.request('DELETE', `/-/vaults/${vault}`), 'DeleteVault', locked);
    await client.createVault(vault);
    const shown = await client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
    expect(shown.json()).toMatchObject({ State: 'Locked' });
  });

  it('stays where the access policy denies its deletion, as long as that is set', async () => {
    const locked = await emptyLocked();
    const { client, vault } = locked;
    const denial = statement(client, vault, { Action: 'glacier:DeleteVault' });
    await setAccessPolicy(client, vault, policyOf(denial));
    checkDenied(await client.request('DELETE', `/-/vaults/${vault}`), 'DeleteVault', locked);
    await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
    checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
  });

  it('protects what is uploaded from then on', async () => {
    const { client, vault, lockId } = await emptyLocked(aYear);
    const archiveId = await client.uploadArchive(vault, bytes);
    await checkHolds({ client, vault, lockId, archiveId });
  });
});

describe('A lock in progress', () => {
  it('holds as if locked, until it is aborted', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, bytes);
    const lockId = await initiate(client, vault, aYear);
    const trial = { client, vault, archiveId, lockId };
    checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', trial);
    checkNoContent(await client.request('DELETE', `/-/vaults/${vault}/lock-policy`));
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });
});

/** Debian's faketime, where it is installed; its library is what a program is started with. */
function findFakeTime(): string | undefined {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return folders
    .map((folder) => join('/usr/lib', folder, 'faketime', 'libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}

const fakeTime = findFakeTime();
if (fakeTime === undefined && !isRemote) {
  process.stderr.write('faketime is not installed: its test of the wall clock is skipped\n');
}

/** A module that a server is started with, in which it is ten years later. */
const preloaded = `const now = Date.now; Date.now = () => now() + ${tenYearsMs};`;

const laterClocks: readonly (readonly [string, boolean, Record<string, string>])[] = [
  ['in Node', true, { NODE_OPTIONS: `--import=data:text/javascript,${encodeURI(preloaded)}` }],
  [
    'by faketime',
    fakeTime !== undefined,
    {
      LD_PRELOAD: fakeTime ?? '',
      FAKETIME: `+${tenYears}d`,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  ],
];

/** Signs with the date that the server takes for today. */
class LaterClient extends Client {
  override request(method: string, target: string, options: RequestOptions = {}): Promise<Reply> {
    const date = new Date(Date.now() + tenYearsMs);
    return super.request(method, target, { ...options, signing: { date } });
  }
}

describe.skipIf(isRemote).each(laterClocks)('The wall clock, set %s', (_, isPossible, later) => {
  it.runIf(isPossible)('ten years ahead, frees nothing and ends no trial', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firn-lock-'));
    const dataDirectory = join(folder, 'store');
    const before = await startServer({ dataDirectory });
    onTestFinished(async () => {
      await before.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const client = new Client(before);
    const locked = await lock(client, aYear);
    const trial = await client.freshVault();
    const tried = await client.uploadArchive(trial, bytes);
    await initiate(client, trial, aYear);
    await before.stop();

    const after = await startServer({ dataDirectory, environment: later });
    onTestFinished(() => after.close());
    const laterClient = new LaterClient(after);
    const { CreationDate } = await laterClient.describeVault(await laterClient.freshVault());
    expect(Date.parse(CreationDate) - Date.now()).toBeGreaterThan(tenYearsMs - dayMs);
    await checkHolds({ ...locked, client: laterClient });
    const other = { ...locked, client: laterClient, vault: trial };
    checkDenied(await laterClient.deleteArchive(trial, tried), 'DeleteArchive', other);
    const shown = await laterClient.expect(200, 'GET', `/-/vaults/${trial}/lock-policy`);
    expect(shown.json()).toMatchObject({ State: 'InProgress' });
    const young = await laterClient.uploadArchive(locked.vault, bytes);
    await checkHolds({ ...locked, client: laterClient, archiveId: young });
    await after.stop();

    await before.restart();
    await checkHolds(locked);
    await checkHolds({ ...locked, archiveId: young });
  });
});
