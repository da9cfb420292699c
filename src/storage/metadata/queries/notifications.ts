/** The outbox, and what its envelopes are signed with. */
import { query } from '../query.ts';
import type { NotificationRow, SigningCertificateRow } from '../schema.ts';

/** The oldest first. */
export const listNotifications = query<{ limit: number }, NotificationRow>((schema, p) =>
  schema.selectFrom('notifications').selectAll().orderBy('sequence').limit(p.limit),
);

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
