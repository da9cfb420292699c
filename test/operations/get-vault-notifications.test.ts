import { describe, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const TOPIC = 'arn:aws:sns:us-west-2:111122223333:glacier-done';

function getNotifications(vault: string, query = '') {
  return firn.client.request('GET', `/-/vaults/${vault}/notification-configuration${query}`);
}

async function notifyingVault(): Promise<string> {
  const vault = await firn.client.freshVault();
  const body = JSON.stringify({ SNSTopic: TOPIC, Events: ['ArchiveRetrievalCompleted'] });
  const target = `/-/vaults/${vault}/notification-configuration`;
  await firn.client.expect(204, 'PUT', target, { body });
  return vault;
}

describe('GetVaultNotifications', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const reply = await getNotifications('');
      const message = 'Required parameter missing: vaultName';
      checkError(reply, 'MissingParameterValueException', message);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const message = 'Vault not found for ARN: my vault';
      checkError(await getNotifications('my%20vault'), 'ResourceNotFoundException', message);
    });

    it.each([
      ['POST', 'notification-configuration'],
      ['GET', 'notification-policy'],
      ['GET', 'notification-configuration/'],
      ['GET', 'Notification-Configuration'],
    ])('knows no %s %s', async (method, path) => {
      const target = `/-/vaults/${await notifyingVault()}/${path}`;
      const reply = await firn.client.request(method, target);
      checkError(reply, 'BadRequest', `There is no operation ${method} ${target}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await getNotifications(vault), firn.client, vault);
    });

    it('where none is set', async () => {
      const vault = await firn.client.freshVault();
      const message = `No notification configuration is set for vault: ${vault}`;
      checkError(await getNotifications(vault), 'ResourceNotFoundException', message);
    });

    it('for a vault that was deleted, and for the next one of its name', async () => {
      const { client } = firn;
      const vault = await notifyingVault();
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkNoVault(await getNotifications(vault), client, vault);
      await client.createVault(vault);
      const message = `No notification configuration is set for vault: ${vault}`;
      checkError(await getNotifications(vault), 'ResourceNotFoundException', message);
    });

    it('for another account', async () => {
      const target = `/999999999999/vaults/${await notifyingVault()}/notification-configuration`;
      const reply = await firn.client.request('GET', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });

    it('for an unsigned request', async () => {
      const target = `/-/vaults/${await notifyingVault()}/notification-configuration`;
      const reply = await firn.client.request('GET', target, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
    });
  });

  describe('works', () => {
    it.each(['', '?limit=0', '?colour=red'])(
      'with the object itself, without a wrapper: "%s"',
      async (query) => {
        checkJson(await getNotifications(await notifyingVault(), query), {
          Events: ['ArchiveRetrievalCompleted'],
          SNSTopic: TOPIC,
        });
      },
    );

    it('with the account written out', async () => {
      const { client, server } = firn;
      const vault = await notifyingVault();
      const target = `/${server.accountId}/vaults/${vault}/notification-configuration`;
      checkJson(await client.request('GET', target), {
        Events: ['ArchiveRetrievalCompleted'],
        SNSTopic: TOPIC,
      });
    });
  });
});
