import { describe, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const configuration = {
  Events: ['ArchiveRetrievalCompleted', 'InventoryRetrievalCompleted'],
  SNSTopic: 'arn:aws:sns:us-west-2:111122223333:glacier-done',
};

function targetOf(vault: string, account = '-'): string {
  return `/${account}/vaults/${vault}/notification-configuration`;
}

async function setNotifications(vault: string): Promise<void> {
  const body = JSON.stringify(configuration);
  await firn.client.expect(204, 'PUT', targetOf(vault), { body });
}

async function notifyingVault(): Promise<string> {
  const vault = await firn.client.freshVault();
  await setNotifications(vault);
  return vault;
}

function deleteNotifications(vault: string) {
  return firn.client.request('DELETE', targetOf(vault));
}

async function checkIsSet(vault: string): Promise<void> {
  checkJson(await firn.client.request('GET', targetOf(vault)), configuration);
}

async function checkNotSet(vault: string): Promise<void> {
  const reply = await firn.client.request('GET', targetOf(vault));
  const message = `No notification configuration is set for vault: ${vault}`;
  checkError(reply, 'ResourceNotFoundException', message);
}

describe('DeleteVaultNotifications', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const message = 'Required parameter missing: vaultName';
      checkError(await deleteNotifications(''), 'MissingParameterValueException', message);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const message = 'Vault not found for ARN: my vault';
      checkError(await deleteNotifications('my%20vault'), 'ResourceNotFoundException', message);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await deleteNotifications(vault), firn.client, vault);
    });

    it('for another account', async () => {
      const vault = await notifyingVault();
      const reply = await firn.client.request('DELETE', targetOf(vault, '999999999999'));
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      await checkIsSet(vault);
    });

    it('for an unsigned request', async () => {
      const vault = await notifyingVault();
      const reply = await firn.client.request('DELETE', targetOf(vault), { signing: 'none' });
      checkError(reply, 'MissingAuthenticationTokenException');
      await checkIsSet(vault);
    });
  });

  describe('works', () => {
    it('and then none is set', async () => {
      const vault = await notifyingVault();
      checkNoContent(await deleteNotifications(vault));
      await checkNotSet(vault);
    });

    it('again, and where none ever was', async () => {
      const vault = await notifyingVault();
      for (let i = 0; i < 3; i += 1) checkNoContent(await deleteNotifications(vault));
      checkNoContent(await deleteNotifications(await firn.client.freshVault()));
    });

    it('and it can be set again', async () => {
      const vault = await notifyingVault();
      checkNoContent(await deleteNotifications(vault));
      await setNotifications(vault);
      await checkIsSet(vault);
    });

    it('only for the vault that is named, also with the account written out', async () => {
      const [one, two] = [await notifyingVault(), await notifyingVault()];
      const { client, server } = firn;
      checkNoContent(await client.request('DELETE', targetOf(one, server.accountId)));
      await checkNotSet(one);
      await checkIsSet(two);
    });
  });
});

describe.skipIf(isRemote)('DeleteVaultNotifications', () => {
  it('lasts over a kill and a restart', async () => {
    const vault = await notifyingVault();
    checkNoContent(await deleteNotifications(vault));
    await firn.server.kill();
    await firn.server.restart();
    await checkNotSet(vault);
    await firn.server.restart();
    await checkNotSet(vault);
  });
});
