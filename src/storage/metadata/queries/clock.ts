/** The test clock of a store that has one, and what falls due next on it. */
import { sql } from 'kysely';
import { query } from '../query.ts';
import type { ClockRow } from '../schema.ts';

export const findClock = query<Record<never, never>, ClockRow>((schema) =>
  schema.selectFrom('clock').selectAll(),
);

export const putClock = query<Omit<ClockRow, 'id'>, never>((schema, p) => {
  const row = { offset_ms: p.offset_ms, frozen_at: p.frozen_at };
  return schema
    .insertInto('clock')
    .values({ id: 1, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row));
});

/** When the next job that is not yet due becomes so. */
export const findNextJobTime = query<{ now: number }, { time: number }>((schema, p) =>
  schema
    .selectFrom('jobs')
    .select('not_before as time')
    .where('status', '=', sql.lit('InProgress') as never)
    .where('not_before', '>', p.now)
    .orderBy('not_before')
    .limit(1),
);

/** The oldest moment after `since` from which a vault that was written to waits for its inventory. */
export const findNextInventoryStart = query<{ since: number }, { time: number }>((schema, p) =>
  schema
    .selectFrom('vaults')
    .select(sql<number>`coalesce(inventory_at, first_written_at)`.as('time'))
    .where('deleted_sequence', 'is', null)
    .where('written_sequence', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('inventory_at', 'is', null),
        eb('written_sequence', '>', eb.ref('inventory_sequence')),
      ]),
    )
    .where(sql<boolean>`coalesce(inventory_at, first_written_at) > ${p.since}`)
    .orderBy('time')
    .limit(1),
);
