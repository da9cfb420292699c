/** What the server says of itself, and of who asks. */
import { z } from '@hono/zod-openapi';
import { isRoot } from '../accounts/principal.ts';
import { toIsoDate } from '../lib/clock.ts';
import { type AdminRow, adminRow, answer, isOperator } from './route.ts';

const statusShape = z
  .object({
    version: z.string(),
    profile: z.enum(['live', 'aws']),
    region: z.string(),
    accountId: z.string(),
    isReadOnly: z.boolean(),
    testClock: z.boolean(),
    alarms: z.array(z.object({ name: z.string(), message: z.string(), since: z.string() })),
  })
  .openapi('Status');

const callerShape = z
  .object({
    accountId: z.string(),
    arn: z.string(),
    userName: z.string().nullable(),
    isRoot: z.boolean(),
    isOperator: z.boolean(),
  })
  .openapi('Caller');

export const statusRows: readonly AdminRow[] = [
  adminRow({
    name: 'GetStatus',
    method: 'get',
    path: '/_/status',
    summary: 'Version, profile, and whether anything is wrong.',
    permitted: 'anybody',
    answer: answer(statusShape),
    handle: async (
      _input,
      { version, profile, service, operatorAccountId, health, testClock },
    ) => ({
      version,
      profile,
      region: service.settings.region,
      accountId: operatorAccountId,
      isReadOnly: health.readOnlyReason !== undefined,
      testClock: testClock !== undefined,
      alarms: health.alarms.map((alarm) => ({ ...alarm, since: toIsoDate(alarm.since) })),
    }),
  }),
  adminRow({
    name: 'GetCaller',
    method: 'get',
    path: '/_/caller',
    summary: 'Who is calling.',
    permitted: 'anybody',
    answer: answer(callerShape),
    handle: async (_input, call) => {
      const { principal } = call;
      return {
        accountId: principal.accountId,
        arn: principal.arn,
        userName: principal.user?.userName ?? null,
        isRoot: isRoot(principal),
        isOperator: isOperator(call, principal),
      };
    },
  }),
];
