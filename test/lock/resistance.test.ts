/**
 * A locked archive resists, continued: everybody who might ask, every door there is, every way to
 * spell it, every command and setting, and every moment (reliability page, P12 and P13). After each
 * the archive is there, byte for byte, and its lock stands.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CommandLine, environmentOf } from '../cli/support/command-line.ts';
import { Admin, clientFor } from '../support/admin.ts';
import { checkError, checkNoContent } from '../support/check.ts';
import { Client, type JsonObject, pollUntil, type RequestOptions } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { isRemote, type RunningServer, startServer } from '../support/server.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

vi.setConfig({ testTimeout: 120_000 });

const firn = useServer({ arguments: ['--removal-grace-seconds', '0'] });
const admin = () => new Admin(firn.client);

const DAY = 24 * 60 * 60;
const YEAR = 365 * DAY;
const bytes = Buffer.from('what must not go');
const young = { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } };
const aYear: JsonObject = { Condition: young };
const allowAll = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 'glacier:*', Resource: '*' },
};

function policyOf(client: Client, vault: string, more: JsonObject): string {
  const everybody = { Effect: 'Deny', Principal: '*', Resource: client.arn(vault) };
  const statement = { ...everybody, Action: 'glacier:DeleteArchive', ...more };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

const asBody = (policy: string): RequestOptions => ({ body: JSON.stringify({ Policy: policy }) });

/** Gives the lock's id. */
async function initiate(client: Client, vault: string, more: JsonObject): Promise<string> {
  const body = asBody(policyOf(client, vault, more));
  const reply = await client.expect(201, 'POST', `/-/vaults/${vault}/lock-policy`, body);
  return reply.header('x-amz-lock-id') ?? '';
}

async function lockVault(client: Client, vault: string, more: JsonObject): Promise<string> {
  const lockId = await initiate(client, vault, more);
  await client.expect(204, 'POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
  return lockId;
}

interface Locked {
  readonly client: Client;
  readonly vault: string;
  readonly lockId: string;
  /** By their ids: a small one in a segment, one in a file, one of parts. */
  readonly archives: ReadonlyMap<string, Buffer>;
  /** The small one. */
  readonly archiveId: string;
  /** By which the archive of parts was uploaded. */
  readonly uploadId: string;
}

async function makeArchives(client: Client, vault: string) {
  const file = content(300_000, 7);
  const parts = content(MIB + 9, 11);
  const archiveId = await client.uploadArchive(vault, bytes);
  const fileId = await client.uploadArchive(vault, file);
  const uploadId = await client.initiateUpload(vault, MIB);
  await client.uploadParts(vault, uploadId, MIB, parts);
  const reply = await client.completeUpload(vault, uploadId, parts.length, treeHash(parts));
  const partsId = reply.header('x-amz-archive-id') ?? '';
  const archives = new Map([
    [archiveId, bytes],
    [fileId, file],
    [partsId, parts],
  ]);
  return { archives, archiveId, uploadId };
}

/** A fresh vault, locked, with archives that the policy protects. */
async function lock(client = firn.client, more: JsonObject = aYear): Promise<Locked> {
  const vault = await client.freshVault();
  const made = await makeArchives(client, vault);
  return { client, vault, ...made, lockId: await lockVault(client, vault, more) };
}

function checkDenied(reply: Reply): void {
  checkError(reply, 'AccessDeniedException', /with an explicit deny in a resource-based policy$/);
}

/** The lock stands, nobody deletes the archives, and their bytes are what they were. */
async function checkHolds({ client, vault, archives }: Locked): Promise<void> {
  const shown = await client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
  expect(shown.json()).toMatchObject({ State: 'Locked', ExpirationDate: null });
  for (const [archiveId, expected] of archives) {
    checkDenied(await client.deleteArchive(vault, archiveId));
    const jobId = await client.retrievedArchive(vault, archiveId);
    const { body } = await client.getJobOutput(vault, jobId);
    expect(body.equals(expected)).toBe(true);
  }
}

/** Waits until the sweep has been by, seen by an upload that it must end or a job that it must drop. */
async function waitForSweep(client: Client): Promise<void> {
  const vault = await client.freshVault();
  await client.uploadArchive(vault, 'x');
  const jobId = await client.retrievedInventory(vault);
  const { ArchiveList } = (await client.getJobOutput(vault, jobId)).json() as {
    ArchiveList: readonly { ArchiveId: string }[];
  };
  for (const { ArchiveId } of ArchiveList) await client.deleteArchive(vault, ArchiveId);
  await client.expect(204, 'DELETE', `/-/vaults/${vault}`);
  const isSwept = async () => {
    const { entries } = await new Admin(client).audit({ kind: 'JobExpired', limit: 1000 });
    return entries.some(({ data }) => data.jobId === jobId);
  };
  await pollUntil(isSwept, (is) => is);
}

describe('nobody deletes a locked archive', () => {
  it('no user, whatever his policy allows', async () => {
    const locked = await lock();
    const { client } = await admin().freshUser(allowAll);
    checkDenied(await client.deleteArchive(locked.vault, locked.archiveId));
    const { client: nobody } = await admin().freshUser();
    const refusal = await nobody.deleteArchive(locked.vault, locked.archiveId);
    checkError(refusal, 'AccessDeniedException');
    await checkHolds(locked);
  });

  it('no session, of the root or a user', async () => {
    const locked = await lock();
    const { userName } = await admin().freshUser(allowAll);
    for (const options of [{}, { userName }]) {
      const session = await admin().createSession(options);
      const client = clientFor(firn.server, session, session.sessionToken);
      checkDenied(await client.deleteArchive(locked.vault, locked.archiveId));
    }
    await checkHolds(locked);
  });

  it('no key that was rotated, neither the old nor the new', async () => {
    const locked = await lock();
    const { key, client } = await admin().freshUser(allowAll);
    const rotated = await admin().rotateAccessKey(key.accessKeyId);
    const refusal = await client.deleteArchive(locked.vault, locked.archiveId);
    checkError(refusal, 'UnrecognizedClientException');
    const after = clientFor(firn.server, rotated);
    checkDenied(await after.deleteArchive(locked.vault, locked.archiveId));
    await checkHolds(locked);
  });

  it('no other account that the access policy lets in', async () => {
    const locked = await lock();
    const { client, vault, archiveId } = locked;
    const access = policyOf(client, vault, { Effect: 'Allow', Action: 'glacier:*' });
    await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, asBody(access));
    const other = await admin().freshAccount();
    const target = `/${client.target.accountId}/vaults/${vault}`;
    // It is let in, and the lock is all that keeps it.
    await other.expect(200, 'GET', target);
    checkDenied(await other.request('DELETE', `${target}/archives/${archiveId}`));
    const { client: user } = await new Admin(other).freshUser(allowAll);
    checkDenied(await user.request('DELETE', `${target}/archives/${archiveId}`));
    for (const path of ['/lock-policy', '/tags?operation=remove']) {
      const method = path === '/lock-policy' ? 'DELETE' : 'POST';
      const reply = await other.request(method, `${target}${path}`, { body: '{"TagKeys":["k"]}' });
      checkError(reply, 'AccessDeniedException');
    }
    await checkHolds(locked);
  });

  it('not the operator, in an account that is not his', async () => {
    const owner = await admin().freshAccount();
    const locked = await lock(owner);
    const target = `/${owner.target.accountId}/vaults/${locked.vault}`;
    for (const path of ['', `/archives/${locked.archiveId}`, '/lock-policy', '/access-policy']) {
      const reply = await firn.client.request('DELETE', `${target}${path}`);
      expect(reply.status).toBe(403);
    }
    // With a root key of that account, which the operator may make, he is its root and no more.
    const key = await admin().of(owner.target.accountId).createAccessKey();
    const { accountId } = owner.target;
    const root = clientFor(firn.server, { ...key, accountId });
    checkDenied(await root.deleteArchive(locked.vault, locked.archiveId));
    await checkHolds(locked);
  });

  it('not after the user who locked it is gone, with keys and policies', async () => {
    const { userName, client, key } = await admin().freshUser(allowAll);
    const locked = await lock(client);
    await admin().deletePolicy(userName, 'first');
    await admin().deleteAccessKey(key.accessKeyId);
    await admin().deleteUser(userName);
    await checkHolds({ ...locked, client: firn.client });
    await admin().createUser(userName);
    await admin().putPolicy(userName, 'first', allowAll);
    const again = clientFor(firn.server, await admin().createAccessKey(userName));
    await checkHolds({ ...locked, client: again });
  });

  it('not an account with its locks: there is no way to delete one', async () => {
    const owner = await admin().freshAccount();
    const locked = await lock(owner);
    for (const path of [`/accounts/${owner.target.accountId}`, '/accounts']) {
      checkError(await admin().request('DELETE', path), 'BadRequest');
    }
    const again = await admin().request('POST', '/accounts', { accountId: owner.target.accountId });
    checkError(again, 'InvalidParameterValueException');
    await checkHolds(locked);
  });

  it('nobody but whom the policy exempts, and it is not enough to be called like him', async () => {
    const { userName, arn } = await admin().freshUser(allowAll);
    const locked = await lock(firn.client, {
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': arn } },
    });
    const { client: longer } = await admin().freshUser(allowAll);
    checkDenied(await longer.deleteArchive(locked.vault, locked.archiveId));
    const other = new Admin(await admin().freshAccount());
    await other.createUser(userName);
    await other.putPolicy(userName, 'all', allowAll);
    const namesake = clientFor(firn.server, await other.createAccessKey(userName));
    const target = `/${firn.server.accountId}/vaults/${locked.vault}`;
    const reply = await namesake.request('DELETE', `${target}/archives/${locked.archiveId}`);
    checkError(reply, 'AccessDeniedException');
    await checkHolds(locked);
  });
});

describe('no door leads to a locked archive', () => {
  const send =
    (method: string, path: (locked: Locked) => string, options: RequestOptions = {}) =>
    async (locked: Locked) => {
      const reply = await locked.client.request(method, path(locked), options);
      expect(reply.status).toBeGreaterThanOrEqual(400);
    };
  const archivePath = ({ vault, archiveId }: Locked) => `/-/vaults/${vault}/archives/${archiveId}`;
  const vaultPath = ({ vault }: Locked) => `/-/vaults/${vault}`;

  it.each<[string, (locked: Locked) => Promise<void>]>([
    ['DeleteVault', send('DELETE', vaultPath)],
    ['DELETE with a body', send('DELETE', archivePath, { body: '{"Force":true}' })],
    ['a query', send('DELETE', (it) => `${archivePath(it)}?force=true&operation=remove`)],
    ['PUT on the archive', send('PUT', archivePath, { body: 'other bytes' })],
    ['POST on the archive', send('POST', archivePath, { body: 'other bytes' })],
    ['PATCH on the archive', send('PATCH', archivePath, { body: '{}' })],
    ['PATCH on the vault', send('PATCH', vaultPath, { body: '{}' })],
    ['POST on the vault', send('POST', vaultPath, { body: '{}' })],
    ['DELETE of all archives', send('DELETE', (it) => `${vaultPath(it)}/archives`)],
    ['DELETE of archives by an empty id', send('DELETE', (it) => `${vaultPath(it)}/archives/`)],
    ['DELETE of all vaults', send('DELETE', () => '/-/vaults')],
    ['DELETE of the account', send('DELETE', () => '/-')],
    [
      'a method in a header',
      async ({ client, ...locked }) => {
        const headers = { 'X-HTTP-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE' };
        for (const method of ['GET', 'POST']) {
          const reply = await client.request(method, archivePath({ client, ...locked }), {
            headers,
          });
          checkError(reply, 'BadRequest');
        }
        await client.expect(200, 'GET', `/-/vaults/${locked.vault}`, { headers });
      },
    ],
    ['AbortVaultLock', send('DELETE', (it) => `${vaultPath(it)}/lock-policy`)],
    [
      'AbortVaultLock by its id',
      send('DELETE', (it) => `${vaultPath(it)}/lock-policy/${it.lockId}`),
    ],
    ['PUT on the lock', send('PUT', (it) => `${vaultPath(it)}/lock-policy`, asBody('{}'))],
    [
      'InitiateVaultLock without a policy',
      send('POST', (it) => `${vaultPath(it)}/lock-policy`, { body: '{}' }),
    ],
    [
      'completing by the id of another trial of the vault',
      async ({ client, vault, lockId }) => {
        const path = `/-/vaults/${vault}/lock-policy`;
        const body = asBody(policyOf(client, vault, { Effect: 'Allow' }));
        checkError(await client.request('POST', path, body), 'AccessDeniedException');
        checkNoContent(await client.request('POST', `${path}/${lockId}`));
      },
    ],
    [
      'the lock of a trial that was aborted',
      async ({ client, vault }) => {
        const other = await client.freshVault();
        const aborted = await initiate(client, other, { Effect: 'Allow' });
        await client.expect(204, 'DELETE', `/-/vaults/${other}/lock-policy`);
        for (const name of [vault, other]) {
          const path = `/-/vaults/${name}/lock-policy/${aborted}`;
          expect((await client.request('POST', path)).status).toBeGreaterThanOrEqual(403);
        }
      },
    ],
    [
      'making the vault again',
      async ({ client, vault }) => {
        await client.createVault(vault);
        await client.request('DELETE', `/-/vaults/${vault}`);
        await client.createVault(vault);
      },
    ],
    [
      'uploading the same again, which is as locked',
      async ({ client, vault }) => {
        const again = await client.uploadArchive(vault, bytes);
        checkDenied(await client.deleteArchive(vault, again));
      },
    ],
    [
      'deleting the same bytes elsewhere',
      async ({ client }) => {
        const other = await client.freshVault();
        const twin = await client.uploadArchive(other, bytes);
        checkNoContent(await client.deleteArchive(other, twin));
        await waitForSweep(client);
      },
    ],
    [
      'a description that speaks of a deletion',
      async ({ client, vault, archiveId }) => {
        const description = `{"kind":"ArchiveDeleted","data":{"archiveId":"${archiveId}"}}`;
        await client.uploadArchive(vault, 'x', { description });
      },
    ],
    [
      'the upload that it was made by: abort, part, complete',
      async ({ client, vault, uploadId, archives }) => {
        expect((await client.abortUpload(vault, uploadId)).status).toBe(404);
        const part = await client.putPart(vault, uploadId, 0, content(MIB, 99));
        expect(part.status).toBe(404);
        const other = await client.completeUpload(vault, uploadId, MIB, treeHash(content(MIB, 99)));
        expect(other.status).toBe(400);
        const parts = [...archives.values()].at(-1) ?? bytes;
        const same = await client.completeUpload(vault, uploadId, parts.length, treeHash(parts));
        expect(same.header('x-amz-archive-id')).toBe([...archives.keys()].at(-1));
      },
    ],
    [
      'the archive by the operations of uploads and jobs',
      async ({ client, vault, archiveId }) => {
        expect((await client.abortUpload(vault, archiveId)).status).toBe(404);
        const whole = await client.completeUpload(vault, archiveId, bytes.length, treeHash(bytes));
        expect(whole.status).toBe(404);
        const job = await client.request('DELETE', `/-/vaults/${vault}/jobs/${archiveId}`);
        checkError(job, 'BadRequest');
      },
    ],
    [
      'an upload of another vault',
      async ({ client, vault, uploadId }) => {
        const other = await client.freshVault();
        expect((await client.abortUpload(other, uploadId)).status).toBe(404);
        const open = await client.initiateUpload(other, MIB);
        await client.uploadPart(other, open, 0, bytes);
        const crossed = await client.completeUpload(vault, open, bytes.length, treeHash(bytes));
        expect(crossed.status).toBe(404);
        checkNoContent(await client.abortUpload(other, open));
      },
    ],
    [
      'tags, notifications and the policy of retrievals',
      async ({ client, vault }) => {
        const tags = { Tags: { LegalHold: 'false', 'glacier:lock': 'none' } };
        await client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=add`, {
          body: JSON.stringify(tags),
        });
        await client.expect(204, 'DELETE', `/-/vaults/${vault}/notification-configuration`);
        await client.expect(204, 'PUT', '/-/policies/data-retrieval', {
          body: '{"Policy":{"Rules":[{"Strategy":"None"}]}}',
        });
      },
    ],
  ])('not %s', async (_, tryIt) => {
    const locked = await lock();
    await tryIt(locked);
    await checkHolds(locked);
  });
});

describe('no spelling leads past the lock', () => {
  let locked: Locked;
  beforeAll(async () => {
    locked = await lock();
  });

  const encode = (text: string) =>
    Buffer.from(text)
      .toString('hex')
      .replaceAll(/../g, (digits) => `%${digits}`);

  it.each<[string, (vault: string, archiveId: string, accountId: string) => string]>([
    ['the account', (vault, id) => `/%2d/vaults/${vault}/archives/${id}`],
    ['the account in capitals', (vault, id) => `/%2D/vaults/${vault}/archives/${id}`],
    [
      'the digits of it',
      (vault, id, account) => `/${encode(account)}/vaults/${vault}/archives/${id}`,
    ],
    ['the vault', (vault, id) => `/-/vaults/${encode(vault)}/archives/${id}`],
    ['a letter of the vault', (vault, id) => `/-/vaults/%76${vault.slice(1)}/archives/${id}`],
    ['the archive', (vault, id) => `/-/vaults/${vault}/archives/${encode(id)}`],
  ])('that is decoded once and means it: %s', async (_, spell) => {
    const { client, vault, archiveId } = locked;
    const target = spell(vault, archiveId, client.target.accountId);
    checkDenied(await client.request('DELETE', target));
    await checkHolds(locked);
  });

  it('that the server takes for another name, or for nothing', async () => {
    const { client, vault, archiveId } = locked;
    const { accountId, endpoint } = client.target;
    const good = `/-/vaults/${vault}/archives/${archiveId}`;
    const targets = [
      `/${good}`,
      `//-//vaults//${vault}//archives//${archiveId}`,
      `${good}/`,
      `${good}//`,
      `${good}/.`,
      `${good}%00`,
      `${good}%20`,
      `${good}%0d%0a`,
      `${good};v=1`,
      `${good}#`,
      `${good}/../${archiveId}`,
      `/-/vaults/${vault}/./archives/${archiveId}`,
      `/-/vaults/${vault}/x/../archives/${archiveId}`,
      `/-/vaults/${vault}/%2e/archives/${archiveId}`,
      `/-/vaults/${vault}/%2e%2e/${vault}/archives/${archiveId}`,
      `/-/vaults/x/../${vault}/archives/${archiveId}`,
      `/-/vaults/x%2f..%2f${vault}/archives/${archiveId}`,
      `/-/vaults/${vault}%2farchives%2f${archiveId}`,
      `/-/vaults/${vault}/archives%2f${archiveId}`,
      `/-/vaults/${vault}%00/archives/${archiveId}`,
      `/-/vaults/${vault}%20/archives/${archiveId}`,
      `/-/vaults/${vault.toUpperCase()}/archives/${archiveId}`,
      `/-/VAULTS/${vault}/archives/${archiveId}`,
      `/-/vaults/${vault}/Archives/${archiveId}`,
      `/-/vaults/${vault}/archives/${archiveId.toUpperCase()}`,
      `/-/vaults/${vault}/archives/${archiveId.toLowerCase()}`,
      `/%252d/vaults/${vault}/archives/${archiveId}`,
      `/-/vaults/%25${vault}/archives/${archiveId}`,
      `/-/vaults/*/archives/${archiveId}`,
      `/-/vaults/${vault.slice(0, -1)}*/archives/${archiveId}`,
      `/-/vaults/${vault}/archives/*`,
      `/-/vaults/${vault}/archives/${archiveId},${archiveId}`,
      `/-/vaults/${client.arn(vault)}/archives/${archiveId}`,
      `/0${accountId}/vaults/${vault}/archives/${archiveId}`,
      `/${accountId}%20/vaults/${vault}/archives/${archiveId}`,
      `/%EF%BC%91${accountId.slice(1)}/vaults/${vault}/archives/${archiveId}`,
      `/999999999999/vaults/${vault}/archives/${archiveId}`,
      `/_/../-/vaults/${vault}/archives/${archiveId}`,
      `/_/accounts/-/vaults/${vault}/archives/${archiveId}`,
      `/_/accounts/-/vaults/${vault}`,
      `${endpoint}${good}`,
      `http://elsewhere${good}`,
    ];
    for (const target of targets) {
      const reply = await client.request('DELETE', target).catch(() => undefined);
      expect({ target, is: (reply?.status ?? 400) >= 400 }).toEqual({ target, is: true });
    }
    await checkHolds(locked);
  });

  it('of the method', async () => {
    const { client, vault, archiveId } = locked;
    for (const method of ['delete', 'Delete', 'PURGE', 'MOVE', 'COPY', 'UNLOCK', 'TRACE']) {
      const target = `/-/vaults/${vault}/archives/${archiveId}`;
      const reply = await client.request(method, target).catch(() => undefined);
      expect({ method, is: (reply?.status ?? 400) >= 400 }).toEqual({ method, is: true });
    }
    await checkHolds(locked);
  });
});

describe('a legal hold by tag', () => {
  const held = { StringEquals: { 'glacier:ResourceTag/LegalHold': 'true' } };
  const setTag = (client: Client, vault: string, tags: object) =>
    client.request('POST', `/-/vaults/${vault}/tags?operation=add`, {
      body: JSON.stringify({ Tags: tags }),
    });
  const removeTags = (client: Client, vault: string, ...keys: string[]) =>
    client.request('POST', `/-/vaults/${vault}/tags?operation=remove`, {
      body: JSON.stringify({ TagKeys: keys }),
    });

  it('is lifted by whoever may change the tags, when the lock says nothing of that', async () => {
    const { client } = firn;
    for (const lift of [
      (vault: string) => setTag(client, vault, { LegalHold: 'false' }),
      (vault: string) => removeTags(client, vault, 'LegalHold'),
    ]) {
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, bytes);
      checkNoContent(await setTag(client, vault, { LegalHold: 'true' }));
      await lockVault(client, vault, { Condition: held });
      checkDenied(await client.deleteArchive(vault, archiveId));
      checkNoContent(await lift(vault));
      checkNoContent(await client.deleteArchive(vault, archiveId));
    }
  });

  it('is not lifted where the lock denies that as well, by nobody and no spelling', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const made = await makeArchives(client, vault);
    checkNoContent(await setTag(client, vault, { LegalHold: 'true' }));
    const Action = ['DeleteArchive', 'AddTagsToVault', 'RemoveTagsFromVault'];
    const named = Action.map((name) => `glacier:${name}`);
    const lockId = await lockVault(client, vault, { Action: named, Condition: held });
    const locked = { client, vault, ...made, lockId };
    const { client: user } = await admin().freshUser(allowAll);
    for (const who of [client, user]) {
      for (const key of ['LegalHold', 'legalhold', 'LEGALHOLD', 'LegalHold ', 'other']) {
        checkDenied(await setTag(who, vault, { [key]: 'false' }));
        checkDenied(await removeTags(who, vault, key));
      }
    }
    await checkHolds(locked);
  });

  it('is not lifted by a tag that differs by case alone, which a policy cannot tell apart', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const made = await makeArchives(client, vault);
    checkNoContent(await setTag(client, vault, { LegalHold: 'true' }));
    const lockId = await lockVault(client, vault, { Condition: held });
    checkNoContent(await setTag(client, vault, { legalhold: 'false', LEGALHOLD: '' }));
    await checkHolds({ client, vault, ...made, lockId });
  });
});

describe('a locked vault', () => {
  const refused = 'Vault not empty or recently written to: ';

  it('that is empty stays where the lock denies its deletion, for everybody', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const lockId = await lockVault(client, vault, { Action: 'glacier:DeleteVault' });
    const { client: user } = await admin().freshUser(allowAll);
    for (const who of [client, user]) {
      checkDenied(await who.request('DELETE', `/-/vaults/${vault}`));
      checkDenied(await who.request('DELETE', `/${client.target.accountId}/vaults/${vault}`));
    }
    await client.createVault(vault);
    const shown = await client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
    expect(shown.json()).toMatchObject({ State: 'Locked' });
    checkNoContent(await client.request('POST', `/-/vaults/${vault}/lock-policy/${lockId}`));
  });

  it('is not deleted while something is uploaded to it', async () => {
    const { client } = firn;
    for (let round = 0; round < 30; round++) {
      const vault = await client.freshVault();
      await lockVault(client, vault, aYear);
      const [upload, deletion] = await Promise.all([
        client.postArchive(vault, bytes),
        client.request('DELETE', `/-/vaults/${vault}`),
      ]);
      const isStored = upload.status === 201;
      expect({ round, isStored, status: deletion.status }).toEqual({
        round,
        isStored,
        status: isStored ? 400 : 204,
      });
      if (!isStored) continue;
      const archiveId = upload.header('x-amz-archive-id') ?? '';
      checkDenied(await client.deleteArchive(vault, archiveId));
    }
  });

  describe.skipIf(isRemote)('in profile aws', () => {
    const aws = useServer({
      arguments: ['--profile', 'aws', '--test-clock', '--retrieval-seconds', 'standard=0'],
    });

    it('is not deleted by an inventory that was empty', async () => {
      const { client } = aws;
      const awsAdmin = new Admin(client);
      const vault = await client.freshVault();
      checkNoContent(await client.deleteArchive(vault, await client.uploadArchive(vault, 'first')));
      await awsAdmin.advanceClock(DAY + 60);
      expect((await client.describeVault(vault)).LastInventoryDate).not.toBeNull();
      const lockId = await lockVault(client, vault, aYear);
      const made = await makeArchives(client, vault);
      // The inventory says 0 archives still, and then tells of them.
      for (let day = 0; day < 3; day++) {
        const reply = await client.request('DELETE', `/-/vaults/${vault}`);
        const message = `${refused}${client.arn(vault)}`;
        checkError(reply, 'InvalidParameterValueException', message);
        await awsAdmin.advanceClock(DAY);
      }
      await checkHolds({ client, vault, lockId, ...made });
    });
  });
});

describe('at no moment', () => {
  it('is an archive deleted after its lock was initiated: 100 races', async () => {
    const { client } = firn;
    for (let round = 0; round < 100; round++) {
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, bytes);
      const locking = lockVault(client, vault, {});
      const deletions = await Promise.all(
        Array.from({ length: 3 }, () => client.deleteArchive(vault, archiveId)),
      );
      await locking;
      const late = await client.deleteArchive(vault, archiveId);
      checkDenied(late);
      const isDeleted = deletions.some(({ status }) => status === 204);
      const job = await client.postJob(vault, { Type: 'archive-retrieval', ArchiveId: archiveId });
      expect({ round, status: job.status }).toEqual({ round, status: isDeleted ? 404 : 202 });
    }
    await checkOrder();
  });

  /** In the journal nothing is deleted behind a lock that denies it. */
  async function checkOrder(): Promise<void> {
    const entries = await admin().auditEntries();
    const locked = new Set<unknown>();
    const order = entries.flatMap(({ kind, data }) => {
      if (kind === 'LockCompleted') locked.add(data.vaultName);
      return kind === 'ArchiveDeleted' && locked.has(data.vaultName) ? [data.vaultName] : [];
    });
    const lifted = entries
      .filter(({ kind }) => kind === 'TagsAdded' || kind === 'TagsRemoved')
      .map(({ data }) => data.vaultName);
    expect(order.filter((vault) => !lifted.includes(vault))).toEqual([]);
  }

  it('are completing and aborting a lock both a success: 100 races', async () => {
    const { client } = firn;
    for (let round = 0; round < 100; round++) {
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, bytes);
      const path = `/-/vaults/${vault}/lock-policy`;
      const lockId = await initiate(client, vault, {});
      const [completion, abort, deletion] = await Promise.all([
        client.request('POST', `${path}/${lockId}`),
        client.request('DELETE', path),
        client.deleteArchive(vault, archiveId),
      ]);
      const isLocked = completion.status === 204;
      expect({ round, isLocked, abort: abort.status }).toEqual({
        round,
        isLocked,
        abort: isLocked ? 403 : 204,
      });
      if (!isLocked) continue;
      checkDenied(deletion);
      checkDenied(await client.deleteArchive(vault, archiveId));
      const shown = await client.expect(200, 'GET', path);
      expect(shown.json()).toMatchObject({ State: 'Locked' });
    }
  });

  it('is another trial completed in the place of the one that was aborted: 50 races', async () => {
    const { client } = firn;
    for (let round = 0; round < 50; round++) {
      const vault = await client.freshVault();
      const path = `/-/vaults/${vault}/lock-policy`;
      const weak = await initiate(client, vault, { Effect: 'Allow' });
      const strict = policyOf(client, vault, {});
      const [, again, completion] = await Promise.all([
        client.request('DELETE', path),
        client.request('POST', path, asBody(strict)),
        client.request('POST', `${path}/${weak}`),
      ]);
      const shown = await client.request('GET', path);
      if (completion.status === 204) {
        expect(again.status).toBe(403);
        expect(shown.json()).toMatchObject({
          State: 'Locked',
          Policy: expect.stringMatching(/Allow/),
        });
      } else if (again.status === 201) {
        expect(shown.json()).toMatchObject({ State: 'InProgress', Policy: strict });
      }
    }
  });
});

describe.skipIf(isRemote)('time', () => {
  const timed = useServer({ arguments: ['--test-clock', '--removal-grace-seconds', '0'] });
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  const clockAdmin = () => new Admin(timed.client);
  const secondsOf = async () => Date.parse((await clockAdmin().clock()).time) / 1000;

  it('lets an archive go at 365 days of the lock clock, and not at 364', async () => {
    const { client } = timed;
    const locked = await lock(client);
    await clockAdmin().advanceClock(YEAR - 60);
    await checkHolds(locked);
    await clockAdmin().advanceClock(120);
    checkNoContent(await client.deleteArchive(locked.vault, locked.archiveId));
  });

  it('that is set back does not make what is stored then any older', async () => {
    const { client } = timed;
    const before = await secondsOf();
    await clockAdmin().setClock(iso(before - 10 * YEAR));
    const locked = await lock(client);
    await checkHolds(locked);
    await clockAdmin().setClock(iso(before));
    await checkHolds(locked);
    await clockAdmin().advanceClock(364 * DAY);
    await checkHolds(locked);
    for (let times = 0; times < 3; times++) {
      const now = await secondsOf();
      await clockAdmin().setClock(iso(now - 300 * DAY));
      await clockAdmin().setClock(iso(now));
    }
    await checkHolds(locked);
  });

  it('ends a trial that was not completed, and its policy with it; no completed one', async () => {
    const { client } = timed;
    const locked = await lock(client, {});
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, bytes);
    const lockId = await initiate(client, vault, {});
    await clockAdmin().advanceClock(DAY - 60);
    checkDenied(await client.deleteArchive(vault, archiveId));
    await clockAdmin().advanceClock(120);
    const late = await client.request('POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
    checkError(late, 'ResourceNotFoundException');
    checkNoContent(await client.deleteArchive(vault, archiveId));
    await checkHolds(locked);
  });

  it('that passes takes jobs, uploads and sessions, and no archive', async () => {
    const { client } = timed;
    const locked = await lock(client, {});
    const { vault, archives } = locked;
    for (const archiveId of archives.keys()) await client.retrievedArchive(vault, archiveId);
    const inventoryJob = await client.retrievedInventory(vault);
    const open = await client.initiateUpload(vault, MIB);
    await client.uploadPart(vault, open, 0, bytes);
    const session = await clockAdmin().createSession({ durationSeconds: 1 });
    await clockAdmin().advanceClock(30 * DAY);
    expect((await client.getJobOutput(vault, inventoryJob)).status).toBe(404);
    const gone = await client.request('GET', `/-/vaults/${vault}/multipart-uploads/${open}`);
    expect(gone.status).toBe(404);
    const expired = clientFor(timed.server, session, session.sessionToken);
    expect((await expired.deleteArchive(vault, locked.archiveId)).status).toBeGreaterThan(399);
    await checkHolds(locked);
    await clockAdmin().advanceClock(10 * YEAR);
    await checkHolds(locked);
    await timed.server.restart();
    await checkHolds(locked);
  });

  it('with faults on order changes nothing', async () => {
    const { client } = timed;
    const locked = await lock(client, {});
    const { vault, archiveId } = locked;
    const order = (operation: string, fault: Parameters<Admin['addFault']>[0]['fault']) =>
      clockAdmin().addFault({ operation, vaultName: vault, fault });
    await order('DeleteArchive', { kind: 'error', code: 'ServiceUnavailableException' });
    await order('DeleteArchive', { kind: 'delay', milliseconds: 50 });
    await order('DeleteArchive', { kind: 'break', afterBytes: 0 });
    for (let times = 0; times < 4; times++) {
      const reply = await client.deleteArchive(vault, archiveId).catch(() => undefined);
      expect(reply?.status ?? 0).not.toBe(204);
    }
    await order('InitiateJob', { kind: 'fail-job', reason: 'on order' });
    const failing = await client.retrieveArchive(vault, archiveId).catch(() => undefined);
    if (failing) await client.waitForJob(vault, failing);
    await clockAdmin().clearFaults();
    await checkHolds(locked);
  });
});

/** Modules that a server is started with, in which it is another time. */
const inYears = (years: number) =>
  `--import=data:text/javascript,${encodeURI(`const now = Date.now; Date.now = () => now() + ${years * YEAR * 1000};`)}`;

class OffsetClient extends Client {
  readonly #years: number;

  constructor(server: RunningServer, years: number) {
    super(server);
    this.#years = years;
  }

  override request(method: string, target: string, options: RequestOptions = {}): Promise<Reply> {
    const date = new Date(Date.now() + this.#years * YEAR * 1000);
    return super.request(method, target, { ...options, signing: { date } });
  }
}

describe.skipIf(isRemote)('another start', () => {
  let folder: string;
  let dataDirectory: string;
  const lockeds: Locked[] = [];
  /** For tests of the wall clock: one of each kind. */
  const dated: Locked[] = [];
  const until = iso(Date.now() + 5 * YEAR * 1000);
  const conditions: readonly (readonly [string, JsonObject])[] = [
    ['for ever', {}],
    ['for a year', aYear],
    ['until a date', { Condition: { DateLessThan: { 'aws:CurrentTime': until } } }],
    [
      'until a second',
      { Condition: { NumericLessThan: { 'aws:EpochTime': String(Date.parse(until) / 1000) } } },
    ],
  ];

  function iso(time: number): string {
    return new Date(time).toISOString();
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'firn-resistance-'));
    dataDirectory = join(folder, 'store');
    const server = await startServer({ dataDirectory });
    const client = new Client(server);
    for (const [, more] of conditions) {
      lockeds.push(await lock(client, more));
      dated.push(await lock(client, more));
    }
    await server.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function start(
    flags: readonly string[],
    environment: Record<string, string> = {},
  ): Promise<RunningServer> {
    const server = await startServer({ dataDirectory, arguments: flags, environment });
    onTestFinished(() => server.close());
    return server;
  }

  it.each([
    [['--profile', 'aws', '--retrieval-seconds', 'standard=0']],
    [['--inventory-seconds', '3600']],
    [['--removal-grace-seconds', '0']],
    [['--multipart-idle-seconds', '1', '--job-output-seconds', '5']],
    [['--signature-skew-seconds', '0999999999']],
  ])('with %j frees nothing', async (flags) => {
    const server = await start(flags);
    const client = new Client(server);
    for (const { vault, archiveId } of lockeds) {
      checkDenied(await client.deleteArchive(vault, archiveId));
      expect((await client.request('DELETE', `/-/vaults/${vault}`)).status).toBe(400);
    }
    await server.stop();
    const after = new Client(await start([]));
    for (const locked of lockeds) await checkHolds({ ...locked, client: after });
  });

  it('with a sweep at once and a second of everything keeps the bytes', async () => {
    const flags = ['--removal-grace-seconds', '0', '--multipart-idle-seconds', '1'];
    const server = await start([...flags, '--job-output-seconds', '1']);
    const client = new Client(server);
    const ids = await Promise.all(
      lockeds.map(({ vault, archiveId }) => client.retrieveArchive(vault, archiveId)),
    );
    for (const [index, { vault }] of lockeds.entries()) {
      const target = `/-/vaults/${vault}/jobs/${ids[index]}`;
      await pollUntil(
        () => client.request('GET', target),
        ({ status }) => status === 404,
      );
    }
    await server.stop();
    const after = new Client(await start([]));
    for (const locked of lockeds) await checkHolds({ ...locked, client: after });
  });

  it.each([
    ['another region', [], { FIRN_REGION: 'eu-west-1' }],
    ['another account', [], { FIRN_ACCOUNT_ID: '999999999999' }],
    ['a test clock', ['--test-clock'], {}],
  ])('with %s is refused', async (_, flags, environment) => {
    const refusal = start(flags, environment as Record<string, string>);
    await expect(refusal).rejects.toThrow(/^firn serve ended with 2: firn: \S/);
  });

  it('with another root key is no other root', async () => {
    const server = await start([], {
      FIRN_ACCESS_KEY_ID: 'FIRNTESTACCESSKEY002',
      FIRN_SECRET_ACCESS_KEY: 'another secret of the same root',
    });
    const client = new Client(server);
    for (const locked of lockeds) await checkHolds({ ...locked, client });
  });

  describe.each([
    ['ahead', 10],
    ['back', -10],
  ])('with the wall clock ten years %s', (_, years) => {
    it.each(conditions.map(([name], index) => [name, index] as const))(
      'frees nothing that is locked %s',
      async (_name, index) => {
        const server = await start([], { NODE_OPTIONS: inYears(years) });
        const client = new OffsetClient(server, years);
        const locked = dated[index];
        if (!locked) throw new Error('there is no such lock');
        checkDenied(await client.deleteArchive(locked.vault, locked.archiveId));
      },
    );
  });

  it('after kills in the midst of deletions finds everything', async () => {
    const flags = ['--removal-grace-seconds', '0'];
    for (let round = 0; round < 5; round++) {
      const server = await start(flags);
      const client = new Client(server);
      const free = await client.freshVault();
      const ids = await Promise.all(
        Array.from({ length: 20 }, (_, index) => client.uploadArchive(free, `free ${index}`)),
      );
      const asked = [
        ...ids.map((id) => client.deleteArchive(free, id)),
        ...lockeds.map(({ vault, archiveId }) => client.deleteArchive(vault, archiveId)),
        ...lockeds.map(({ vault }) => client.request('DELETE', `/-/vaults/${vault}`)),
      ];
      const settled = Promise.allSettled(asked);
      await Promise.race(asked);
      await server.kill();
      await settled;
    }
    const after = new Client(await start(flags));
    for (const locked of lockeds) await checkHolds({ ...locked, client: after });
  });
});

describe('what lies beside a locked archive', () => {
  it('goes without it, from the same segment', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    await lockVault(client, vault, {});
    const free = await client.freshVault();
    const uploads = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const isLocked = index % 4 === 1;
        const body = content(1_000 + index, index);
        return { isLocked, body, id: await client.uploadArchive(isLocked ? vault : free, body) };
      }),
    );
    for (const { id } of uploads.filter((it) => !it.isLocked)) {
      checkNoContent(await client.deleteArchive(free, id));
    }
    await waitForSweep(client);
    if (!isRemote) await firn.server.restart();
    for (const { id, body } of uploads.filter((it) => it.isLocked)) {
      const jobId = await client.retrievedArchive(vault, id);
      expect((await client.getJobOutput(vault, jobId)).body.equals(body)).toBe(true);
    }
  });
});

describe("Firn's own API", () => {
  interface Document {
    readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  }

  async function readRoutes(): Promise<[method: string, path: string][]> {
    const reply = await firn.client.request('GET', '/_/openapi.json', { signing: 'none' });
    const { paths } = reply.json() as Document;
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
    );
  }

  it('has no route that names a vault but the simulation', async () => {
    const routes = await readRoutes();
    expect(routes.length).toBeGreaterThan(20);
    const named = routes.filter(([, path]) => /vault|archive|lock-policy/i.test(path));
    expect(named).toEqual([['POST', '/_/accounts/{account}/vaults/{vaultName}/lock-simulation']]);
  });

  it('removes nothing that is locked, whatever is asked of it', async () => {
    const locked = await lock();
    const { client, vault, archiveId } = locked;
    const allow = policyOf(client, vault, { Effect: 'Allow', Action: '*' });
    for (const [method, path] of await readRoutes()) {
      const { userName, key } = await admin().freshUser(allowAll);
      const values: Record<string, string> = {
        account: client.target.accountId,
        vaultName: vault,
        userName,
        policyName: 'first',
        accessKeyId: key.accessKeyId,
        faultId: archiveId,
      };
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`What is ${name} in ${path}?`);
        return value;
      });
      const names = { vaultName: vault, archiveId, lockId: locked.lockId };
      const bodies = [
        {},
        { ...names, policy: allow, requests: [{ action: 'DeleteArchive' }] },
        { ...names, policy: JSON.stringify(allowAll), userName: `${userName}-2`, status: 'Active' },
        { ...names, seconds: 10 * YEAR, time: '2099-01-01T00:00:00Z', durationSeconds: 900 },
      ];
      for (const body of method === 'GET' ? [undefined] : bodies) {
        await admin().request(method, filled.slice('/_'.length), body);
        for (const other of ['DELETE', 'PUT', 'PATCH', 'POST'].filter((it) => it !== method)) {
          if (filled.endsWith(vault) || filled.includes('/vaults/')) {
            await admin().request(other, filled.slice('/_'.length), body ?? {});
          }
        }
      }
    }
    await checkHolds(locked);
  });
});

describe('the command line', () => {
  /** All commands that do something, by the help of each. */
  async function findCommands(command: readonly string[] = []): Promise<string[][]> {
    const { stdout } = await new CommandLine({}).run([...command, '--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z][a-z-]*)(?: |$)/gm)]
      .map(([, name]) => name ?? '')
      .filter((name) => name !== 'help');
    const hasCommands = /^Usage:.*\[command\]/m.test(stdout);
    if (!hasCommands) return [[...command]];
    const found = await Promise.all(names.map((name) => findCommands([...command, name])));
    return found.flat();
  }

  it('has no command that removes what is locked', async () => {
    const locked = await lock();
    const { vault } = locked;
    const commands = await findCommands();
    const all = commands.map((words) => words.join(' '));
    expect(all).toEqual(expect.arrayContaining(['serve', 'lock simulate', 'admin users delete']));
    expect(all.filter((it) => /vault|archive|purge|sweep|repair|unlock/.test(it))).toEqual([]);
    const { userName, key } = await admin().freshUser(allowAll);
    const firnCommand = new CommandLine(environmentOf(firn.server));
    for (const words of commands.filter(([name]) => name !== 'serve')) {
      const last = words.at(-1) ?? '';
      const isOfKeys = words[1] === 'keys';
      const named = isOfKeys ? key.accessKeyId : userName;
      const places = ['list', 'show', 'status'].includes(last) ? [[]] : [[vault], [named, 'first']];
      for (const more of places) await firnCommand.run([...words, ...more], '{}');
    }
    await checkHolds(locked);
  });
});
