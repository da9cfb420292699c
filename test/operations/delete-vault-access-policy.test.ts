import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

function getPolicy(vault: string) {
  return firn.client.request('GET', `/-/vaults/${vault}/access-policy`);
}

function deletePolicy(vault: string) {
  return firn.client.request('DELETE', `/-/vaults/${vault}/access-policy`);
}

async function governedVault(Action: unknown = 'glacier:DeleteArchive') {
  const vault = await firn.client.freshVault();
  const archiveId = await firn.client.uploadArchive(vault, 'hello');
  const Statement = [{ Effect: 'Deny', Principal: '*', Action, Resource: firn.client.arn(vault) }];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const body = JSON.stringify({ Policy: policy });
  await firn.client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
  return { vault, archiveId, policy };
}

function checkNone(reply: Reply, vault: string): void {
  const message = `No vault access policy is set for: ${vault}`;
  checkError(reply, 'ResourceNotFoundException', message);
}

function checkDenied(reply: Reply, action: string, vault: string): void {
  const message =
    `User: arn:aws:iam::${firn.server.accountId}:root is not authorized to perform: ` +
    `glacier:${action} on resource: ${firn.client.arn(vault)} ` +
    'with an explicit deny in a resource-based policy';
  checkError(reply, 'AccessDeniedException', message);
}

describe('DeleteVaultAccessPolicy', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const message = 'Required parameter missing: vaultName';
      checkError(await deletePolicy(''), 'MissingParameterValueException', message);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const message = 'Vault not found for ARN: my vault';
      checkError(await deletePolicy('my%20vault'), 'ResourceNotFoundException', message);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await deletePolicy(vault), firn.client, vault);
    });

    it('for another account', async () => {
      const { vault, policy } = await governedVault();
      const target = `/999999999999/vaults/${vault}/access-policy`;
      const reply = await firn.client.request('DELETE', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      checkJson(await getPolicy(vault), { Policy: policy });
    });

    it('for an unsigned request', async () => {
      const { vault, policy } = await governedVault();
      const target = `/-/vaults/${vault}/access-policy`;
      const reply = await firn.client.request('DELETE', target, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
      checkJson(await getPolicy(vault), { Policy: policy });
    });

    it('where the policy itself denies it, and stays in force', async () => {
      const { client } = firn;
      const actions = ['glacier:DeleteVaultAccessPolicy', 'glacier:DeleteArchive'];
      const { vault, archiveId, policy } = await governedVault(actions);
      checkDenied(await deletePolicy(vault), 'DeleteVaultAccessPolicy', vault);
      checkDenied(await deletePolicy(vault), 'DeleteVaultAccessPolicy', vault);
      checkJson(await getPolicy(vault), { Policy: policy });
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    });
  });

  describe('works', () => {
    it('at once, and again', async () => {
      const { client } = firn;
      const { vault, archiveId } = await governedVault();
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
      checkNoContent(await deletePolicy(vault));
      checkNone(await getPolicy(vault), vault);
      checkNoContent(await client.deleteArchive(vault, archiveId));
      checkNoContent(await deletePolicy(vault));
      checkNone(await getPolicy(vault), vault);
    });

    it('where none was ever set', async () => {
      const vault = await firn.client.freshVault();
      checkNoContent(await deletePolicy(vault));
      checkNone(await getPolicy(vault), vault);
    });

    it('with the account written out', async () => {
      const { vault } = await governedVault();
      const target = `/${firn.server.accountId}/vaults/${vault}/access-policy`;
      checkNoContent(await firn.client.request('DELETE', target));
      checkNone(await getPolicy(vault), vault);
    });

    it('only for the vault that is named', async () => {
      const one = await governedVault();
      const two = await governedVault();
      checkNoContent(await deletePolicy(one.vault));
      checkNone(await getPolicy(one.vault), one.vault);
      checkJson(await getPolicy(two.vault), { Policy: two.policy });
    });

    it('and leaves the lock policy alone', async () => {
      const { client } = firn;
      const { vault, archiveId, policy } = await governedVault();
      const body = JSON.stringify({ Policy: policy });
      await client.expect(201, 'POST', `/-/vaults/${vault}/lock-policy`, { body });
      checkNoContent(await deletePolicy(vault));
      await client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
      checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    });
  });
});

describe.skipIf(isRemote)('DeleteVaultAccessPolicy', () => {
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
    const { vault, archiveId } = await governedVault();
    checkNoContent(await deletePolicy(vault));
    await end();
    await firn.server.restart();
    checkNone(await getPolicy(vault), vault);
    checkNoContent(await firn.client.deleteArchive(vault, archiveId));
  });
});
