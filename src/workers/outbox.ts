/**
 * The outbox: what is to be said of a job that completes is queued in the very change that completes
 * it, and stays until a receiver has taken it.
 */
import { randomUUID } from 'node:crypto';
import { describeJob } from '../jobs/job.ts';
import { vaultArn } from '../lib/arn.ts';
import type { Log } from '../lib/log.ts';
import { topicsOf } from '../notifications/notification-configuration.ts';
import type { Publisher } from '../notifications/publisher.ts';
import type { MetadataStore, Writer } from '../storage/metadata/metadata-store.ts';
import { findJob } from '../storage/metadata/queries/jobs.ts';
import { findNotification, listNotifications } from '../storage/metadata/queries/notifications.ts';
import { findVault } from '../storage/metadata/queries/vaults.ts';
import type { NotificationRow } from '../storage/metadata/schema.ts';
import type { PendingNotification, Outbox as SenderOutbox } from './send-notifications.ts';
import { workerActor } from './worker.ts';

interface OutboxOptions {
  readonly metadata: MetadataStore;
  readonly publisher: Publisher;
  readonly region: string;
  /** In whose name deliveries are recorded. */
  readonly accountId: string;
  readonly log: Log;
}

/** A job that has just completed. */
interface CompletedJob {
  readonly job_id: string;
  readonly account_id: string;
  readonly vault_name: string;
}

export class Outbox implements SenderOutbox {
  readonly #options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /**
   * Queues what the job's topic and the vault's are to be told, within the change that completed it.
   * Both get a message, also when they are the same (documented). A topic that leads nowhere gets
   * none: nobody could be told later which settings were meant then.
   *
   * @returns how many were queued
   */
  async queue(tx: Writer, completed: CompletedJob): Promise<number> {
    const { publisher, region, log } = this.#options;
    const { job_id: jobId, account_id: accountId, vault_name: vaultName } = completed;
    const job = await tx.first(findJob, { jobId });
    const vault = await tx.first(findVault, { accountId, vaultName });
    if (!job || !vault) return 0;
    const topics = topicsOf(job, vault);
    const reachable = topics.filter((topicArn) => publisher.hasRoute(topicArn));
    if (reachable.length < topics.length) {
      log.warn({ jobId, topics }, 'no setting says where notifications of a topic go');
    }
    const message = JSON.stringify(describeJob(job, vaultArn({ region, accountId, vaultName })));
    for (const topicArn of reachable) {
      const data = { notificationId: randomUUID(), jobId, topicArn, message };
      await tx.record({ kind: 'NotificationQueued', data });
    }
    return reachable.length;
  }

  async listPending(limit: number): Promise<readonly PendingNotification[]> {
    const rows = await this.#options.metadata.read((tx) => tx.all(listNotifications, { limit }));
    return rows.map(toPending);
  }

  delivered(notificationId: string): Promise<void> {
    return this.#remove(notificationId, async (tx) => {
      await tx.record({ kind: 'NotificationDelivered', data: { notificationId } });
    });
  }

  abandoned(notificationId: string, reason: string): Promise<void> {
    return this.#remove(notificationId, async (tx) => {
      await tx.record({ kind: 'NotificationAbandoned', data: { notificationId, reason } });
    });
  }

  #remove(notificationId: string, record: (tx: Writer) => Promise<void>): Promise<void> {
    const { metadata, accountId } = this.#options;
    return metadata.write(workerActor('send-notifications', accountId), async (tx) => {
      if (await tx.first(findNotification, { notificationId })) await record(tx);
    });
  }
}

function toPending(row: NotificationRow): PendingNotification {
  return {
    notificationId: row.notification_id,
    jobId: row.job_id,
    topicArn: row.topic_arn,
    message: row.message,
    createdAt: row.created_at,
  };
}
