import { describe, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

function getPolicy(vault: string, query = '') {
  return firn.client.request('GET', `/-/vaults/${vault}/access-policy${query}`);
}

async function setPolicy(vault: string, Effect: string, Action: string): Promise<string> {
  const Resource = firn.client.arn(vault);
  const Statement = [{ Effect, Principal: '*', Action, Resource }];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement }, undefined, 2);
  const body = JSON.stringify({ Policy: policy });
  await firn.client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
  return policy;
}

async function governedVault() {
  const vault = await firn.client.freshVault();
  const policy = await setPolicy(vault, 'Deny', 'glacier:DeleteArchive');
  return { vault, policy };
}

describe('GetVaultAccessPolicy', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const message = 'Required parameter missing: vaultName';
      checkError(await getPolicy(''), 'MissingParameterValueException', message);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const message = 'Vault not found for ARN: my vault';
      checkError(await getPolicy('my%20vault'), 'ResourceNotFoundException', message);
    });

    it.each([
      ['POST', 'access-policy'],
      ['GET', 'access-policies'],
      ['GET', 'access-policy/'],
      ['GET', 'Access-Policy'],
    ])('knows no %s %s', async (method, path) => {
      const { vault } = await governedVault();
      const target = `/-/vaults/${vault}/${path}`;
      const reply = await firn.client.request(method, target);
      checkError(reply, 'BadRequest', `There is no operation ${method} ${target}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await getPolicy(vault), firn.client, vault);
    });

    it('where none is set', async () => {
      const vault = await firn.client.freshVault();
      const message = `No vault access policy is set for: ${vault}`;
      checkError(await getPolicy(vault), 'ResourceNotFoundException', message);
    });

    it('where only a lock policy is', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const Resource = client.arn(vault);
      const Statement = { Effect: 'Deny', Principal: '*', Action: 'glacier:DeleteVault', Resource };
      const body = JSON.stringify({ Policy: JSON.stringify({ Statement }) });
      await client.expect(201, 'POST', `/-/vaults/${vault}/lock-policy`, { body });
      const message = `No vault access policy is set for: ${vault}`;
      checkError(await getPolicy(vault), 'ResourceNotFoundException', message);
    });

    it('for a vault that was deleted, and for the next one of its name', async () => {
      const { client } = firn;
      const { vault } = await governedVault();
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkNoVault(await getPolicy(vault), client, vault);
      await client.createVault(vault);
      const message = `No vault access policy is set for: ${vault}`;
      checkError(await getPolicy(vault), 'ResourceNotFoundException', message);
    });

    it('for another account', async () => {
      const { vault } = await governedVault();
      const target = `/999999999999/vaults/${vault}/access-policy`;
      const reply = await firn.client.request('GET', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });

    it('for an unsigned request', async () => {
      const { vault } = await governedVault();
      const target = `/-/vaults/${vault}/access-policy`;
      const reply = await firn.client.request('GET', target, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
    });

    it('where the policy denies it, and a policy in its place no longer does', async () => {
      const vault = await firn.client.freshVault();
      await setPolicy(vault, 'Deny', 'glacier:GetVaultAccessPolicy');
      const { accountId } = firn.server;
      const message =
        `User: arn:aws:iam::${accountId}:root is not authorized to perform: ` +
        `glacier:GetVaultAccessPolicy on resource: ${firn.client.arn(vault)} ` +
        'with an explicit deny in a resource-based policy';
      checkError(await getPolicy(vault), 'AccessDeniedException', message);
      const policy = await setPolicy(vault, 'Allow', 'glacier:GetVaultAccessPolicy');
      checkJson(await getPolicy(vault), { Policy: policy });
    });
  });

  describe('works', () => {
    it.each(['', '?limit=0', '?colour=red'])('with the text as it was set: "%s"', async (query) => {
      const { vault, policy } = await governedVault();
      checkJson(await getPolicy(vault, query), { Policy: policy });
    });

    it('with the account written out', async () => {
      const { vault, policy } = await governedVault();
      const target = `/${firn.server.accountId}/vaults/${vault}/access-policy`;
      checkJson(await firn.client.request('GET', target), { Policy: policy });
    });
  });
});
