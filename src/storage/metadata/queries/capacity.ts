/** How much an account may retrieve, has retrieved, and has reserved. */
import { sql } from 'kysely';
import { query } from '../query.ts';
import type { CapacityRow, RetrievalPolicyRow, RetrievalUsageRow } from '../schema.ts';

export const findRetrievalPolicy = query<{ accountId: string }, RetrievalPolicyRow>((schema, p) =>
  schema.selectFrom('retrieval_policies').selectAll().where('account_id', '=', p.accountId),
);

export const putRetrievalPolicy = query<RetrievalPolicyRow, never>((schema, p) =>
  schema
    .insertInto('retrieval_policies')
    .values({
      account_id: p.account_id,
      strategy: p.strategy,
      bytes_per_hour: p.bytes_per_hour,
    })
    .onConflict((conflict) =>
      conflict
        .column('account_id')
        .doUpdateSet({ strategy: p.strategy, bytes_per_hour: p.bytes_per_hour }),
    ),
);

export const findRetrievalUsage = query<{ accountId: string; day: string }, RetrievalUsageRow>(
  (schema, p) =>
    schema
      .selectFrom('retrieval_usage')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('day', '=', p.day),
);

export const addRetrievalUsage = query<RetrievalUsageRow, never>((schema, p) =>
  schema
    .insertInto('retrieval_usage')
    .values({ account_id: p.account_id, day: p.day, size_bytes: p.size_bytes })
    .onConflict((conflict) =>
      conflict.columns(['account_id', 'day']).doUpdateSet((eb) => ({
        size_bytes: eb('retrieval_usage.size_bytes', '+', p.size_bytes),
      })),
    ),
);

/** Bytes that the standard archive retrievals in progress have asked for. */
export const sumStandardBytesInProgress = query<{ accountId: string }, { size_bytes: number }>(
  (schema, p) =>
    schema
      .selectFrom('jobs')
      .innerJoin('vaults', 'vaults.sequence', 'jobs.vault_sequence')
      .select(sql<number>`coalesce(sum(jobs.end_byte - jobs.start_byte + 1), 0)`.as('size_bytes'))
      .where('jobs.status', '=', sql.lit('InProgress') as never)
      .where('jobs.tier', '=', 'Standard')
      .where('jobs.action', '=', 'ArchiveRetrieval')
      .where('vaults.account_id', '=', p.accountId)
      .where('vaults.deleted_sequence', 'is', null),
);

/** Expedited retrievals that were asked for after `since`. */
export const countExpeditedSince = query<{ accountId: string; since: number }, { count: number }>(
  (schema, p) =>
    schema
      .selectFrom('jobs')
      .innerJoin('vaults', 'vaults.sequence', 'jobs.vault_sequence')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('jobs.tier', '=', 'Expedited')
      .where('jobs.created_at', '>', p.since)
      .where('vaults.account_id', '=', p.accountId),
);

/** Units that are valid at `now`, the oldest first. */
export const listCapacity = query<{ accountId: string; now: number }, CapacityRow>((schema, p) =>
  schema
    .selectFrom('capacity')
    .selectAll()
    .where('account_id', '=', p.accountId)
    .where('expires_at', '>', p.now)
    .orderBy('sequence'),
);

export const insertCapacity = query<CapacityRow, never>((schema, p) =>
  schema.insertInto('capacity').values({
    sequence: p.sequence,
    capacity_id: p.capacity_id,
    account_id: p.account_id,
    started_at: p.started_at,
    expires_at: p.expires_at,
  }),
);
