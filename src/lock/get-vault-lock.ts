import type { Handler } from '../operation.ts';
import { describeLock, lockOf, noLock } from './lock.ts';

export const getVaultLock: Handler<'GetVaultLock'> = async (_input, { vault, metadata }) => {
  const lock = lockOf(vault, metadata.lockNow());
  if (!lock) throw noLock(vault);
  return { body: describeLock(lock) };
};
