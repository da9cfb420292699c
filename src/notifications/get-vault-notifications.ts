import type { Handler } from '../operation.ts';
import { notificationsOf } from './notification-configuration.ts';

export const getVaultNotifications: Handler<'GetVaultNotifications'> = async (_input, call) => {
  const { snsTopic, events } = notificationsOf(call.vault);
  return { body: { Events: [...events], SNSTopic: snsTopic } };
};
