import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault, DATE } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const DAY_MS = 86_400_000;

interface Lock {
  readonly CreationDate: string;
  readonly ExpirationDate: string | null;
  readonly Policy: string;
  readonly State: string;
}

function getLock(vault: string, query = '') {
  return firn.client.request('GET', `/-/vaults/${vault}/lock-policy${query}`);
}

function policyFor(vault: string, Action: unknown): string {
  const Resource = firn.client.arn(vault);
  const Statement = [{ Effect: 'Deny', Principal: '*', Action, Resource }];
  return JSON.stringify({ Version: '2012-10-17', Statement }, undefined, 2);
}

/** A fresh vault with a lock in progress. */
async function tried(Action: unknown = 'glacier:DeleteArchive') {
  const vault = await firn.client.freshVault();
  const policy = policyFor(vault, Action);
  const body = JSON.stringify({ Policy: policy });
  const target = `/-/vaults/${vault}/lock-policy`;
  const reply = await firn.client.expect(201, 'POST', target, { body });
  return { vault, policy, lockId: reply.header('x-amz-lock-id') ?? '' };
}

async function locked() {
  const made = await tried();
  const target = `/-/vaults/${made.vault}/lock-policy/${made.lockId}`;
  await firn.client.expect(204, 'POST', target);
  return made;
}

describe('GetVaultLock', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const message = 'Required parameter missing: vaultName';
      checkError(await getLock(''), 'MissingParameterValueException', message);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const message = 'Vault not found for ARN: my vault';
      checkError(await getLock('my%20vault'), 'ResourceNotFoundException', message);
    });

    it.each([
      ['PUT', 'lock-policy'],
      ['GET', 'lock-policies'],
      ['GET', 'lock-policy/'],
      ['GET', 'Lock-Policy'],
    ])('knows no %s %s', async (method, path) => {
      const { vault } = await tried();
      const target = `/-/vaults/${vault}/${path}`;
      const reply = await firn.client.request(method, target);
      checkError(reply, 'BadRequest', `There is no operation ${method} ${target}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await getLock(vault), firn.client, vault);
    });

    it('where there is none, or only an access policy', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const message = `No vault lock policy is set for: ${vault}`;
      checkError(await getLock(vault), 'ResourceNotFoundException', message);
      const body = JSON.stringify({ Policy: policyFor(vault, 'glacier:DeleteArchive') });
      await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      checkError(await getLock(vault), 'ResourceNotFoundException', message);
    });

    it('where it was aborted', async () => {
      const { vault } = await tried();
      checkNoContent(await firn.client.request('DELETE', `/-/vaults/${vault}/lock-policy`));
      const message = `No vault lock policy is set for: ${vault}`;
      checkError(await getLock(vault), 'ResourceNotFoundException', message);
    });

    it('for a vault that was deleted, and for the next one of its name', async () => {
      const { client } = firn;
      const { vault } = await locked();
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkNoVault(await getLock(vault), client, vault);
      await client.createVault(vault);
      const message = `No vault lock policy is set for: ${vault}`;
      checkError(await getLock(vault), 'ResourceNotFoundException', message);
    });

    it('for another account', async () => {
      const { vault } = await tried();
      const reply = await firn.client.request('GET', `/999999999999/vaults/${vault}/lock-policy`);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });

    it('for an unsigned request', async () => {
      const { vault } = await tried();
      const target = `/-/vaults/${vault}/lock-policy`;
      const reply = await firn.client.request('GET', target, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
    });

    it('where the lock denies it', async () => {
      const { vault } = await tried('glacier:GetVaultLock');
      const message =
        `User: arn:aws:iam::${firn.server.accountId}:root is not authorized to perform: ` +
        `glacier:GetVaultLock on resource: ${firn.client.arn(vault)} ` +
        'with an explicit deny in a resource-based policy';
      checkError(await getLock(vault), 'AccessDeniedException', message);
    });
  });

  describe('works', () => {
    it.each(['', '?limit=0', '?colour=red'])('in progress: "%s"', async (query) => {
      const { vault, policy, lockId } = await tried();
      const reply = await getLock(vault, query);
      const { CreationDate } = reply.json() as Lock;
      expect(CreationDate).toMatch(DATE);
      checkJson(reply, {
        CreationDate,
        ExpirationDate: new Date(Date.parse(CreationDate) + DAY_MS).toISOString(),
        Policy: policy,
        State: 'InProgress',
      });
      expect(reply.text).not.toContain(lockId);
      expect(reply.header('x-amz-lock-id')).toBeUndefined();
    });

    it('locked, with the date of its beginning and none of its end', async () => {
      const { vault, policy, lockId } = await tried();
      const { CreationDate } = (await getLock(vault)).json() as Lock;
      await firn.client.expect(204, 'POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
      const reply = await getLock(vault);
      checkJson(reply, { CreationDate, ExpirationDate: null, Policy: policy, State: 'Locked' });
      expect(reply.header('x-amz-lock-id')).toBeUndefined();
    });

    it('and nothing moves its dates', async () => {
      const { client } = firn;
      const { vault } = await tried();
      const { text } = await getLock(vault);
      await client.uploadArchive(vault, 'hello');
      const body = JSON.stringify({ Policy: policyFor(vault, 'glacier:DeleteVault') });
      await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      await client.expect(403, 'POST', `/-/vaults/${vault}/lock-policy`, { body });
      expect((await getLock(vault)).text).toBe(text);
    });

    it('with the account written out', async () => {
      const { vault, policy } = await locked();
      const target = `/${firn.server.accountId}/vaults/${vault}/lock-policy`;
      const reply = await firn.client.request('GET', target);
      const { CreationDate } = reply.json() as Lock;
      checkJson(reply, { CreationDate, ExpirationDate: null, Policy: policy, State: 'Locked' });
    });
  });
});
