import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

function listTags(vault: string, query = '') {
  return firn.client.request('GET', `/-/vaults/${vault}/tags${query}`);
}

async function taggedVault(tags: Record<string, string>): Promise<string> {
  const vault = await firn.client.freshVault();
  const body = JSON.stringify({ Tags: tags });
  await firn.client.expect(204, 'POST', `/-/vaults/${vault}/tags?operation=add`, { body });
  return vault;
}

describe('ListTagsForVault', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const reply = await firn.client.request('GET', '/-/vaults//tags');
      const message = 'Required parameter missing: vaultName';
      checkError(reply, 'MissingParameterValueException', message);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const message = 'Vault not found for ARN: my vault';
      checkError(await listTags('my%20vault'), 'ResourceNotFoundException', message);
    });

    it.each(['PUT', 'DELETE', 'PATCH'])('knows no %s', async (method) => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request(method, `/-/vaults/${vault}/tags`);
      checkError(reply, 'BadRequest', `There is no operation ${method} /-/vaults/${vault}/tags`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await listTags(vault), firn.client, vault);
    });

    it('for a vault that was deleted, with its tags', async () => {
      const { client } = firn;
      const vault = await taggedVault({ k: 'v' });
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkNoVault(await listTags(vault), client, vault);
      await client.createVault(vault);
      checkJson(await listTags(vault), { Tags: {} });
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('GET', `/999999999999/vaults/${vault}/tags`);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });

    it('for an unsigned request', async () => {
      const vault = await firn.client.freshVault();
      const target = `/-/vaults/${vault}/tags`;
      const reply = await firn.client.request('GET', target, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
    });
  });

  describe('works', () => {
    it('for a vault without tags', async () => {
      checkJson(await listTags(await firn.client.freshVault()), { Tags: {} });
    });

    it('in alphabetical order', async () => {
      const vault = await taggedVault({ b: '1', a: '2', B: '3', é: '4', _: '5', 'a b': '6' });
      checkJson(await listTags(vault), {
        Tags: { B: '3', _: '5', a: '2', 'a b': '6', b: '1', é: '4' },
      });
    });

    it('in alphabetical order also where the keys are numbers', async () => {
      const vault = await taggedVault({ 9: 'nine', 10: 'ten', a: 'letter', 1: 'one' });
      const reply = await listTags(vault);
      const text = '{"Tags":{"1":"one","10":"ten","9":"nine","a":"letter"}}';
      expect({ status: reply.status, text: reply.text }).toEqual({ status: 200, text });
    });

    it('only for the vault that is named', async () => {
      const one = await taggedVault({ k: 'one' });
      const two = await taggedVault({ k: 'two', l: '' });
      checkJson(await listTags(one), { Tags: { k: 'one' } });
      checkJson(await listTags(two), { Tags: { k: 'two', l: '' } });
    });

    it('with the account written out', async () => {
      const { client, server } = firn;
      const vault = await taggedVault({ k: 'v' });
      const reply = await client.request('GET', `/${server.accountId}/vaults/${vault}/tags`);
      checkJson(reply, { Tags: { k: 'v' } });
    });

    it.each(['?limit=1', '?limit=0&marker=nonsense', '?operation=add', '?operation=remove'])(
      'whole, whatever the query: %s',
      async (query) => {
        const vault = await taggedVault({ k: 'v', l: 'w' });
        checkJson(await listTags(vault, query), { Tags: { k: 'v', l: 'w' } });
      },
    );

    it('with the presigned form', async () => {
      const vault = await taggedVault({ k: 'v' });
      const reply = await firn.client.presignedGet(`/-/vaults/${vault}/tags`, {
        headers: { 'x-amz-glacier-version': '2012-06-01' },
      });
      checkJson(reply, { Tags: { k: 'v' } });
    });
  });
});
