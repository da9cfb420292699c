import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

/** As long as a lock id; never issued. */
const NO_LOCK = 'n'.repeat(24);

function complete(vault: string, lockId: string) {
  return firn.client.request('POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
}

function policyFor(vault: string, Action: unknown = 'glacier:DeleteArchive'): string {
  const Resource = firn.client.arn(vault);
  const Statement = [{ Effect: 'Deny', Principal: '*', Action, Resource }];
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

async function initiate(vault: string, Action?: unknown): Promise<string> {
  const body = JSON.stringify({ Policy: policyFor(vault, Action) });
  const target = `/-/vaults/${vault}/lock-policy`;
  const reply = await firn.client.expect(201, 'POST', target, { body });
  return reply.header('x-amz-lock-id') ?? '';
}

function abort(vault: string) {
  return firn.client.request('DELETE', `/-/vaults/${vault}/lock-policy`);
}

/** A fresh vault with a lock in progress. */
async function tried(Action?: unknown) {
  const vault = await firn.client.freshVault();
  return { vault, lockId: await initiate(vault, Action) };
}

async function lockOf(vault: string) {
  const reply = await firn.client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
  return reply.json() as Record<string, unknown>;
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

describe('CompleteVaultLock', () => {
  describe('malformed', () => {
    it.each([
      ['too short', (id: string) => id.slice(1), undefined],
      ['too long', (id: string) => `${id}A`, undefined],
      ['with other characters', () => '%E2%82%AC%20and%20%22more%22', '€ and "more"'],
      ['in another case', (id: string) => swapCase(id), undefined],
    ])('refuses an id %s, and stays in progress', async (_, change, shown) => {
      const { vault, lockId } = await tried();
      const id = change(lockId);
      const reply = await complete(vault, id);
      checkError(reply, 'InvalidParameterValueException', `Invalid lock ID: ${shown ?? id}`);
      expect(await lockOf(vault)).toMatchObject({ State: 'InProgress' });
    });

    it.each([
      ['PUT', ''],
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/'],
    ])('knows no %s of a lock id with "%s" behind it', async (method, more) => {
      const { vault, lockId } = await tried();
      const target = `/-/vaults/${vault}/lock-policy/${lockId}${more}`;
      const reply = await firn.client.request(method, target);
      checkError(reply, 'BadRequest', `There is no operation ${method} ${target}`);
      expect(await lockOf(vault)).toMatchObject({ State: 'InProgress' });
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const { lockId } = await tried();
      const vault = uniqueName();
      checkNoVault(await complete(vault, lockId), firn.client, vault);
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await complete('my%20vault', NO_LOCK);
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it('without a lock, whatever the id', async () => {
      const vault = await firn.client.freshVault();
      checkNone(await complete(vault, NO_LOCK), vault);
      const { lockId } = await tried();
      checkNone(await complete(vault, lockId), vault);
    });

    it('with the id of a lock that was aborted', async () => {
      const { vault, lockId } = await tried();
      checkNoContent(await abort(vault));
      checkNone(await complete(vault, lockId), vault);
      const second = await initiate(vault);
      const reply = await complete(vault, lockId);
      checkError(reply, 'InvalidParameterValueException', `Invalid lock ID: ${lockId}`);
      checkNoContent(await complete(vault, second));
    });

    it('with an id that was never issued, or is of another vault', async () => {
      const one = await tried();
      const two = await tried();
      for (const id of [NO_LOCK, two.lockId]) {
        const reply = await complete(one.vault, id);
        checkError(reply, 'InvalidParameterValueException', `Invalid lock ID: ${id}`);
      }
      expect(await lockOf(one.vault)).toMatchObject({ State: 'InProgress' });
      expect(await lockOf(two.vault)).toMatchObject({ State: 'InProgress' });
    });

    it('with another id when locked', async () => {
      const { vault, lockId } = await tried();
      checkNoContent(await complete(vault, lockId));
      for (const id of [NO_LOCK, lockId.slice(1), (await tried()).lockId]) {
        const reply = await complete(vault, id);
        checkError(reply, 'AccessDeniedException', `The vault is locked: ${vault}`);
      }
      expect(await lockOf(vault)).toMatchObject({ State: 'Locked' });
    });

    it('for another account', async () => {
      const { vault, lockId } = await tried();
      const target = `/999999999999/vaults/${vault}/lock-policy/${lockId}`;
      const reply = await firn.client.request('POST', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      expect(await lockOf(vault)).toMatchObject({ State: 'InProgress' });
    });

    it('for an unsigned request', async () => {
      const { vault, lockId } = await tried();
      const target = `/-/vaults/${vault}/lock-policy/${lockId}`;
      const reply = await firn.client.request('POST', target, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
      expect(await lockOf(vault)).toMatchObject({ State: 'InProgress' });
    });

    it('where the access policy denies it', async () => {
      const { client } = firn;
      const { vault, lockId } = await tried();
      const body = JSON.stringify({ Policy: policyFor(vault, 'glacier:CompleteVaultLock') });
      await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      for (const id of [lockId, NO_LOCK]) {
        checkDenied(await complete(vault, id), 'CompleteVaultLock', vault);
      }
      expect(await lockOf(vault)).toMatchObject({ State: 'InProgress' });
      await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
      checkNoContent(await complete(vault, lockId));
    });

    it('for the next vault of the name', async () => {
      const { client } = firn;
      const { vault, lockId } = await tried();
      await client.expect(204, 'DELETE', `/-/vaults/${vault}`);
      await client.createVault(vault);
      checkNone(await complete(vault, lockId), vault);
    });
  });

  describe('works', () => {
    it('for good, and again', async () => {
      const { vault, lockId } = await tried();
      const { CreationDate } = await lockOf(vault);
      for (let count = 0; count < 3; count += 1) {
        checkNoContent(await complete(vault, lockId));
        const reply = await firn.client.request('GET', `/-/vaults/${vault}/lock-policy`);
        checkJson(reply, {
          CreationDate,
          ExpirationDate: null,
          Policy: policyFor(vault),
          State: 'Locked',
        });
      }
    });

    it('with the account written out', async () => {
      const { vault, lockId } = await tried();
      const target = `/${firn.server.accountId}/vaults/${vault}/lock-policy/${lockId}`;
      checkNoContent(await firn.client.request('POST', target));
      expect(await lockOf(vault)).toMatchObject({ State: 'Locked' });
    });

    it('when many ask at the same time', async () => {
      const { vault, lockId } = await tried();
      const asked = Array.from({ length: 10 }, () => complete(vault, lockId));
      for (const reply of await Promise.all(asked)) checkNoContent(reply);
      expect(await lockOf(vault)).toMatchObject({ State: 'Locked' });
    });

    it('or is aborted, but never both', async () => {
      for (let count = 0; count < 5; count += 1) {
        const { vault, lockId } = await tried();
        const [completed, aborted] = await Promise.all([complete(vault, lockId), abort(vault)]);
        if (completed.status === 204) {
          checkError(aborted, 'AccessDeniedException', `The vault is locked: ${vault}`);
          expect(await lockOf(vault)).toMatchObject({ State: 'Locked' });
        } else {
          checkNone(completed, vault);
          checkNoContent(aborted);
        }
      }
    });

    it('only for the vault that is named', async () => {
      const one = await tried();
      const two = await tried();
      checkNoContent(await complete(one.vault, one.lockId));
      expect(await lockOf(two.vault)).toMatchObject({ State: 'InProgress' });
      checkNoContent(await abort(two.vault));
    });
  });
});

function swapCase(text: string): string {
  return text.replace(/[A-Za-z]/, (letter) => {
    const upper = letter.toUpperCase();
    return letter === upper ? letter.toLowerCase() : upper;
  });
}

describe.skipIf(isRemote)('CompleteVaultLock', () => {
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
    const { vault, lockId } = await tried();
    checkNoContent(await complete(vault, lockId));
    const before = await lockOf(vault);
    await end();
    await firn.server.restart();
    expect(await lockOf(vault)).toEqual(before);
    checkNoContent(await complete(vault, lockId));
    checkError(await abort(vault), 'AccessDeniedException', `The vault is locked: ${vault}`);
  });
});
