/** The outbox, and what its envelopes are signed with. */
import { query } from '../query.ts';
import type { NotificationRow, SigningCertificateRow } from '../schema.ts';

/**
 * The oldest of each topic, then the second of each, and so on: whatever waits for a topic that does
 * not answer, those of the others are among the first.
 */
export const listNotifications = query<{ limit: number }, NotificationRow>((schema, p) => {
  const placed = schema.selectFrom('notifications').select(({ fn }) => [
    'sequence',
    fn
      .agg<number>('row_number')
      .over((over) => over.partitionBy('topic_arn').orderBy('sequence'))
      .as('place'),
  ]);
  // Only numbers are sorted: the messages of what is not shown are never read.
  const shown = schema
    .selectFrom(placed.as('placed'))
    .selectAll()
    .orderBy('place')
    .orderBy('sequence')
    .limit(p.limit);
  return schema
    .selectFrom(shown.as('shown'))
    .innerJoin('notifications', 'notifications.sequence', 'shown.sequence')
    .selectAll('notifications')
    .orderBy('shown.place')
    .orderBy('shown.sequence');
});

export const findNotification = query<{ notificationId: string }, NotificationRow>((schema, p) =>
  schema.selectFrom('notifications').selectAll().where('notification_id', '=', p.notificationId),
);

export const insertNotification = query<NotificationRow, never>((schema, p) =>
  schema.insertInto('notifications').values({
    sequence: p.sequence,
    notification_id: p.notification_id,
    job_id: p.job_id,
    topic_arn: p.topic_arn,
    message: p.message,
    created_at: p.created_at,
  }),
);

export const deleteNotification = query<{ notificationId: string }, never>((schema, p) =>
  schema.deleteFrom('notifications').where('notification_id', '=', p.notificationId),
);

export const findSigningCertificate = query<Record<never, never>, SigningCertificateRow>((schema) =>
  schema.selectFrom('signing_certificate').selectAll(),
);

export const putSigningCertificate = query<Omit<SigningCertificateRow, 'id'>, never>(
  (schema, p) => {
    const row = { certificate: p.certificate, sealed_private_key: p.sealed_private_key };
    return schema
      .insertInto('signing_certificate')
      .values({ id: 1, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row));
  },
);
