import { describe, expect, it } from 'vitest';
import { checkEmpty, checkError, DATE } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { rawExchange } from '../support/socket.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

describe('CreateVault', () => {
  describe('malformed', () => {
    it.each([
      ['a space', 'my%20vault', 'my vault'],
      ['a slash', 'my%2Fvault', 'my/vault'],
      ['a letter outside ASCII', 'caf%C3%A9', 'café'],
      ['a percent sign', '100%25', '100%'],
      ['a plus sign', 'a+b', 'a+b'],
      ['a colon', 'a%3Ab', 'a:b'],
      ['256 characters', 'v'.repeat(256), 'v'.repeat(256)],
      ['one dot', '%2E', '.'],
      ['two dots', '%2E%2E', '..'],
    ])('refuses a name with %s', async (_, encoded, name) => {
      const reply = await firn.client.request('PUT', `/-/vaults/${encoded}`);
      checkError(reply, 'InvalidParameterValueException', `Invalid vault name: ${name}`);
    });

    it('refuses an empty name', async () => {
      const reply = await firn.client.request('PUT', '/-/vaults/');
      checkError(reply, 'MissingParameterValueException', /^Required parameter missing: /);
    });
  });

  describe('refused', () => {
    it('for another account', async () => {
      const reply = await firn.client.request('PUT', `/999999999999/vaults/${uniqueName()}`);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });

    it('for another account, whatever the name', async () => {
      const reply = await firn.client.request('PUT', '/999999999999/vaults/my%20vault');
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('and answers with the Location', async () => {
      const { client, server } = firn;
      const vault = uniqueName();
      const reply = await client.request('PUT', `/-/vaults/${vault}`);
      checkEmpty(reply, 201);
      expect(reply.header('Location')).toBe(`/${server.accountId}/vaults/${vault}`);
    });

    it('with the account written out', async () => {
      const { client, server } = firn;
      const vault = uniqueName();
      const reply = await client.request('PUT', `/${server.accountId}/vaults/${vault}`);
      checkEmpty(reply, 201);
      expect(reply.header('Location')).toBe(`/${server.accountId}/vaults/${vault}`);
    });

    it('and the vault is visible at once, empty and without an inventory', async () => {
      const vault = await firn.client.freshVault();
      expect(await firn.client.describeVault(vault)).toEqual({
        CreationDate: expect.stringMatching(DATE),
        LastInventoryDate: null,
        NumberOfArchives: 0,
        SizeInBytes: 0,
        VaultARN: firn.client.arn(vault),
        VaultName: vault,
      });
    });

    it('again: the same answer, and the vault stays as it was', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      await client.uploadArchive(vault, 'hello');
      const before = await client.describeVault(vault);
      const reply = await client.request('PUT', `/-/vaults/${vault}`);
      checkEmpty(reply, 201);
      expect(reply.header('Location')).toBe(`/${server.accountId}/vaults/${vault}`);
      expect(await client.describeVault(vault)).toEqual(before);
    });

    it('once, when many ask at the same time', async () => {
      const { client } = firn;
      const vault = uniqueName();
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => client.request('PUT', `/-/vaults/${vault}`)),
      );
      for (const reply of replies) checkEmpty(reply, 201);
      const marker = encodeURIComponent(client.arn(vault.slice(0, -1)));
      const list = await client.expect(200, 'GET', `/-/vaults?marker=${marker}`);
      const names = (list.json() as { VaultList: { VaultName: string }[] }).VaultList;
      expect(names.filter(({ VaultName }) => VaultName === vault)).toHaveLength(1);
    });

    it.each([
      ['one character', 'x'],
      ['255 characters', `${uniqueName()}.${'v'.repeat(230)}`.slice(0, 255)],
      ['every kind of character', `${uniqueName()}_AZaz.09-`],
      ['a hyphen in front', `-${uniqueName()}`],
      ['a dot in front', `.${uniqueName()}`],
      ['three dots', '...'],
      ['digits only', String(Date.now())],
      ['the name of a route', 'vaults'],
    ])('with a name of %s', async (_, name) => {
      checkEmpty(await firn.client.request('PUT', `/-/vaults/${name}`), 201);
      expect(await firn.client.describeVault(name)).toMatchObject({ VaultName: name });
    });

    it('with names that differ in case only', async () => {
      const { client } = firn;
      const lower = await client.freshVault('case');
      const upper = lower.toUpperCase();
      checkEmpty(await client.request('PUT', `/-/vaults/${upper}`), 201);
      expect(await client.describeVault(upper)).toMatchObject({ VaultName: upper });
      expect(await client.describeVault(lower)).toMatchObject({ VaultName: lower });
    });

    it('with a body, which is ignored', async () => {
      const vault = uniqueName();
      const reply = await firn.client.request('PUT', `/-/vaults/${vault}`, { body: '{"a":1}' });
      checkEmpty(reply, 201);
    });

    it('without any length of the body', async () => {
      const { client, server } = firn;
      const head = client.head('PUT', `/-/vaults/${uniqueName()}`, {
        headers: { 'Content-Length': undefined, Connection: 'close' },
      });
      expect(head).not.toContain('Content-Length');
      const answer = await rawExchange(server.endpoint, head);
      expect(answer.status).toBe(201);
    });
  });
});

describe.skipIf(isRemote)('CreateVault at the limit of 1,000 vaults', () => {
  const full = useServer({ environment: { FIRN_ACCOUNT_ID: '444455556666' } });

  it('refuses one more, keeps the old ones, and has room again after a deletion', async () => {
    const { client } = full;
    const names = Array.from({ length: 1000 }, (_, i) => `vault-${String(i).padStart(4, '0')}`);
    await Promise.all(names.map((name) => client.createVault(name)));
    const refused = await client.request('PUT', '/-/vaults/one-more');
    checkError(
      refused,
      'LimitExceededException',
      'The maximum number of vaults for this account has been reached.',
    );
    checkEmpty(await client.request('PUT', '/-/vaults/vault-0999'), 201);
    await client.expect(204, 'DELETE', '/-/vaults/vault-0500');
    checkEmpty(await client.request('PUT', '/-/vaults/one-more'), 201);
  });
});
