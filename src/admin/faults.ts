/** Faults on order, on stores with a test clock. */
import { z } from '@hono/zod-openapi';
import { type ErrorCode, errorTable, GlacierError, notFound } from '../api/errors.ts';
import { type OperationName, operations } from '../api/operations.ts';
import type { Faults, OrderedFault } from '../faults/faults.ts';
import { type AdminCall, type AdminRow, adminRow, answer, noContent } from './route.ts';

const wholeNumber = z.int().nonnegative();
const longestDelayMs = 600_000;
const mostRequests = 1_000_000;

const faultShape = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('error'),
      code: z.enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]]),
      message: z.string().optional(),
    }),
    z.object({ kind: z.literal('break'), afterBytes: wholeNumber }),
    z.object({ kind: z.literal('corrupt'), atByte: wholeNumber }),
    z.object({ kind: z.literal('delay'), milliseconds: wholeNumber.max(longestDelayMs) }),
    z.object({ kind: z.literal('fail-job'), reason: z.string().optional() }),
  ])
  .openapi('Fault');

const operationName = z.enum(Object.keys(operations) as [OperationName, ...OperationName[]]);

const orderedShape = z
  .object({
    faultId: z.string(),
    operation: operationName.nullable(),
    vaultName: z.string().nullable(),
    remaining: wholeNumber,
    fault: faultShape,
  })
  .openapi('OrderedFault');

export const faultRows: readonly AdminRow[] = [
  adminRow({
    name: 'ListFaults',
    method: 'get',
    path: '/_/faults',
    summary: 'The faults that requests will still meet.',
    permitted: 'operator',
    answer: answer(z.object({ faults: z.array(orderedShape) })),
    handle: async (_input, call) => ({ faults: requireFaults(call).list().map(describeFault) }),
  }),
  adminRow({
    name: 'AddFault',
    method: 'post',
    path: '/_/faults',
    summary: 'Orders a fault for the next requests that match.',
    permitted: 'operator',
    body: z.object({
      operation: operationName.nullish(),
      vaultName: z.string().nullish(),
      count: z.int().positive().max(mostRequests).default(1),
      fault: faultShape,
    }),
    answer: answer(orderedShape, 201),
    handle: async ({ body }, call) =>
      describeFault(
        requireFaults(call).add({
          operation: body.operation ?? undefined,
          vaultName: body.vaultName ?? undefined,
          remaining: body.count,
          fault: body.fault,
        }),
      ),
  }),
  adminRow({
    name: 'DeleteFault',
    method: 'delete',
    path: '/_/faults/{faultId}',
    summary: 'Takes back one fault.',
    permitted: 'operator',
    pathFields: z.object({ faultId: z.string() }),
    answer: noContent,
    handle: async ({ faultId }, call) => {
      if (!requireFaults(call).remove(faultId)) {
        throw notFound(`The fault was not found: ${faultId}`);
      }
    },
  }),
  adminRow({
    name: 'DeleteFaults',
    method: 'delete',
    path: '/_/faults',
    summary: 'Takes back all faults.',
    permitted: 'operator',
    answer: noContent,
    handle: async (_input, call) => requireFaults(call).clear(),
  }),
];

/** @throws GlacierError BadRequest on a store that is in earnest */
function requireFaults({ service }: AdminCall): Faults {
  if (service.faults) return service.faults;
  throw new GlacierError('BadRequest', 'This store has no test clock, and so no faults');
}

function describeFault({ faultId, operation, vaultName, remaining, fault }: OrderedFault) {
  return {
    faultId,
    operation: operation ?? null,
    vaultName: vaultName ?? null,
    remaining,
    fault,
  };
}
