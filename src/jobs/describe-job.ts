import type { Handler } from '../operation.ts';
import { arnOfVault } from '../vaults/vault.ts';
import { describeJob as describe } from './job.ts';
import { requireJob } from './require-job.ts';

export const describeJob: Handler<'DescribeJob'> = async ({ jobId }, call) => ({
  body: describe(await requireJob(call, jobId), arnOfVault(call.vault, call.settings.region)),
});
