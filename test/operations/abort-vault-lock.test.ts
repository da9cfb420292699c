import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkError, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

function abort(vault: string) {
  return firn.client.request('DELETE', `/-/vaults/${vault}/lock-policy`);
}

function getLock(vault: string) {
  return firn.client.request('GET', `/-/vaults/${vault}/lock-policy`);
}

function policyFor(vault: string, Action: unknown): string {
  const Resource = firn.client.arn(vault);
  const Statement = [{ Effect: 'Deny', Principal: '*', Action, Resource }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

/** A fresh vault with an archive and a lock in progress. */
async function tried(Action: unknown = 'glacier:DeleteArchive') {
  const vault = await firn.client.freshVault();
  const archiveId = await firn.client.uploadArchive(vault, 'hello');
  const body = JSON.stringify({ Policy: policyFor(vault, Action) });
  const target = `/-/vaults/${vault}/lock-policy`;
  const reply = await firn.client.expect(201, 'POST', target, { body });
  return { vault, archiveId, lockId: reply.header('x-amz-lock-id') ?? '' };
}

async function locked() {
  const made = await tried();
  const target = `/-/vaults/${made.vault}/lock-policy/${made.lockId}`;
  await firn.client.expect(204, 'POST', target);
  return made;
}

function checkNone(reply: Reply, vault: string): void {
  const message = `No vault lock policy is set for: ${vault}`;
  checkError(reply, 'ResourceNotFoundException', message);
}

function checkDenied(reply: Reply, action: string, vault: string): void {
  const message =
    `User: arn:aws:iam::${firn.server.accountId}:root is not authorized to perform: ` +
    `glacier:${action} on resource: ${firn.client.arn(vault)} ` +
    'with an explicit deny in a resource-based policy';
  checkError(reply, 'AccessDeniedException', message);
}

describe('AbortVaultLock', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const message = 'Required parameter missing: vaultName';
      checkError(await abort(''), 'MissingParameterValueException', message);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const message = 'Vault not found for ARN: my vault';
      checkError(await abort('my%20vault'), 'ResourceNotFoundException', message);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await abort(vault), firn.client, vault);
    });

    it('when locked, however often', async () => {
      const { client } = firn;
      const { vault, archiveId } = await locked();
      const before = (await getLock(vault)).text;
      for (let count = 0; count < 3; count += 1) {
        checkError(await abort(vault), 'AccessDeniedException', `The vault is locked: ${vault}`);
      }
      expect((await getLock(vault)).text).toBe(before);
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    });

    it('for another account', async () => {
      const { vault } = await tried();
      const target = `/999999999999/vaults/${vault}/lock-policy`;
      const reply = await firn.client.request('DELETE', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      expect((await getLock(vault)).json()).toMatchObject({ State: 'InProgress' });
    });

    it('for an unsigned request', async () => {
      const { vault } = await tried();
      const target = `/-/vaults/${vault}/lock-policy`;
      const reply = await firn.client.request('DELETE', target, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
      expect((await getLock(vault)).json()).toMatchObject({ State: 'InProgress' });
    });

    it('where the policy on trial denies it itself', async () => {
      const { vault } = await tried('glacier:Abort*');
      checkDenied(await abort(vault), 'AbortVaultLock', vault);
      expect((await getLock(vault)).json()).toMatchObject({ State: 'InProgress' });
    });

    it('where the access policy denies it', async () => {
      const { client } = firn;
      const { vault } = await tried();
      const body = JSON.stringify({ Policy: policyFor(vault, 'glacier:AbortVaultLock') });
      await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      checkDenied(await abort(vault), 'AbortVaultLock', vault);
      await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
      checkNoContent(await abort(vault));
    });
  });

  describe('works', () => {
    it('at once, and again', async () => {
      const { client } = firn;
      const { vault, archiveId } = await tried();
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
      checkNoContent(await abort(vault));
      checkNone(await getLock(vault), vault);
      checkNoContent(await client.deleteArchive(vault, archiveId));
      checkNoContent(await abort(vault));
      checkNone(await getLock(vault), vault);
    });

    it('where there never was a lock', async () => {
      const vault = await firn.client.freshVault();
      checkNoContent(await abort(vault));
      checkNone(await getLock(vault), vault);
    });

    it('with the account written out', async () => {
      const { vault } = await tried();
      const target = `/${firn.server.accountId}/vaults/${vault}/lock-policy`;
      checkNoContent(await firn.client.request('DELETE', target));
      checkNone(await getLock(vault), vault);
    });

    it('only for the vault that is named', async () => {
      const one = await tried();
      const two = await tried();
      checkNoContent(await abort(one.vault));
      expect((await getLock(two.vault)).json()).toMatchObject({ State: 'InProgress' });
    });

    it('and leaves the access policy alone', async () => {
      const { client } = firn;
      const { vault, archiveId } = await tried();
      const body = JSON.stringify({ Policy: policyFor(vault, 'glacier:DeleteArchive') });
      await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      checkNoContent(await abort(vault));
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    });
  });
});

describe.skipIf(isRemote)('AbortVaultLock', () => {
  it.each([
    ['a restart', (): Promise<unknown> => firn.server.stop()],
    ['a kill', (): Promise<unknown> => firn.server.kill()],
    [
      'the loss of the view',
      async (): Promise<void> => {
        await firn.server.stop();
        rmSync(join(firn.server.dataDirectory, 'view.sqlite'));
      },
    ],
  ])('lasts over %s', async (_, end) => {
    const { vault, archiveId, lockId } = await tried();
    checkNoContent(await abort(vault));
    await end();
    await firn.server.restart();
    checkNone(await getLock(vault), vault);
    const target = `/-/vaults/${vault}/lock-policy/${lockId}`;
    checkNone(await firn.client.request('POST', target), vault);
    checkNoContent(await firn.client.deleteArchive(vault, archiveId));
  });
});
