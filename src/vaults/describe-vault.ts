import type { Handler } from '../operation.ts';
import { describeVault as describe } from './vault.ts';

export const describeVault: Handler<'DescribeVault'> = async (_input, call) => ({
  body: describe(call.vault, call.settings),
});
