/** What entries about notifications do to rows. */
import * as notifications from '../queries/notifications.ts';
import type { Appliers } from './applier.ts';

type Kind =
  | 'NotificationQueued'
  | 'NotificationDelivered'
  | 'NotificationAbandoned'
  | 'SigningCertificateCreated';

export const notificationAppliers: Appliers<Kind> = {
  NotificationQueued: (rows, entry) =>
    rows.run(notifications.insertNotification, {
      sequence: entry.sequence,
      notification_id: entry.data.notificationId,
      job_id: entry.data.jobId,
      topic_arn: entry.data.topicArn,
      message: entry.data.message,
      created_at: entry.time,
    }),

  NotificationDelivered: (rows, { data: { notificationId } }) =>
    rows.run(notifications.deleteNotification, { notificationId }),

  NotificationAbandoned: (rows, { data: { notificationId } }) =>
    rows.run(notifications.deleteNotification, { notificationId }),

  SigningCertificateCreated: (rows, { data }) =>
    rows.run(notifications.putSigningCertificate, {
      certificate: data.certificate,
      sealed_private_key: data.sealedPrivateKey,
    }),
};
