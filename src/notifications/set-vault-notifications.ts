import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { readNotificationConfiguration } from './notification-configuration.ts';

/** Puts the configuration in the place of the one before. */
export const setVaultNotifications: Handler<'SetVaultNotifications'> = async (
  { parameters },
  call,
) => {
  const configuration = readNotificationConfiguration(parameters);
  await call.metadata.write(call, async (tx) => {
    const { vault_name: vaultName } = await requireVault(tx, call);
    await tx.record({ kind: 'NotificationsSet', data: { vaultName, ...configuration } });
  });
  return {};
};
