/**
 * The operations that this release does not have yet: they answer 501, in the form of every other
 * error, and only to those who may ask. An operation leaves this list when it gets its own file.
 */
import { describe, expect, it } from 'vitest';
import { checkCommon, checkError } from '../support/check.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const topic = 'arn:aws:sns:us-west-2:111122223333:glacier-done';
const lockId = 'ImtlIKixTrK7rJaRmdzDl6J-';

const operations: readonly [string, string, string, string?][] = [
  ['AddTagsToVault', 'POST', '/vaults/VAULT/tags?operation=add', '{"Tags":{"k":"v"}}'],
  ['ListTagsForVault', 'GET', '/vaults/VAULT/tags'],
  ['RemoveTagsFromVault', 'POST', '/vaults/VAULT/tags?operation=remove', '{"TagKeys":["k"]}'],
  [
    'SetVaultNotifications',
    'PUT',
    '/vaults/VAULT/notification-configuration',
    `{"SNSTopic":"${topic}","Events":["ArchiveRetrievalCompleted"]}`,
  ],
  ['GetVaultNotifications', 'GET', '/vaults/VAULT/notification-configuration'],
  ['DeleteVaultNotifications', 'DELETE', '/vaults/VAULT/notification-configuration'],
  ['SetVaultAccessPolicy', 'PUT', '/vaults/VAULT/access-policy', '{"Policy":"{}"}'],
  ['GetVaultAccessPolicy', 'GET', '/vaults/VAULT/access-policy'],
  ['DeleteVaultAccessPolicy', 'DELETE', '/vaults/VAULT/access-policy'],
  ['InitiateVaultLock', 'POST', '/vaults/VAULT/lock-policy', '{"Policy":"{}"}'],
  ['CompleteVaultLock', 'POST', `/vaults/VAULT/lock-policy/${lockId}`],
  ['AbortVaultLock', 'DELETE', '/vaults/VAULT/lock-policy'],
  ['GetVaultLock', 'GET', '/vaults/VAULT/lock-policy'],
  [
    'SetDataRetrievalPolicy',
    'PUT',
    '/policies/data-retrieval',
    '{"Policy":{"Rules":[{"Strategy":"FreeTier"}]}}',
  ],
  ['GetDataRetrievalPolicy', 'GET', '/policies/data-retrieval'],
  ['PurchaseProvisionedCapacity', 'POST', '/provisioned-capacity'],
  ['ListProvisionedCapacity', 'GET', '/provisioned-capacity'],
];

describe.each(operations)('%s', (_, method, path, body) => {
  async function ask(options: { signing?: 'none'; account?: string } = {}) {
    const { account = '-', ...more } = options;
    const vault = await firn.client.freshVault();
    const target = `/${account}${path.replace('VAULT', vault)}`;
    return firn.client.request(method, target, { ...more, body });
  }

  it('answers 501', async () => {
    const reply = await ask();
    expect(reply.status).toBe(501);
    const { code, message, type } = reply.json() as Record<string, string>;
    expect(reply.text).toBe(JSON.stringify({ code, message, type }));
    expect({ code, message, type }).toEqual({
      code: expect.stringMatching(/^[A-Z]\w+$/),
      message: expect.stringMatching(/./),
      type: 'Server',
    });
    expect(reply.header('Content-Type')).toBe('application/json');
    checkCommon(reply);
  });

  it('refuses an unsigned request first', async () => {
    const message = 'Request is missing Authentication Token';
    checkError(await ask({ signing: 'none' }), 'MissingAuthenticationTokenException', message);
  });
});

describe('tags with another operation', () => {
  it.each(['', '?operation=', '?operation=replace', '?operation=ADD', '?Operation=add'])(
    'are an unknown path: "%s"',
    async (query) => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('POST', `/-/vaults/${vault}/tags${query}`, {
        body: '{"Tags":{"k":"v"}}',
      });
      checkError(reply, 'BadRequest');
    },
  );
});
