/** Which topic is told about which completed jobs of a vault. */
import { invalidParameter, missingParameter, notFound } from '../api/errors.ts';
import type { NotificationParameters } from '../api/shapes.ts';
import { snsTopicPattern } from '../lib/arn.ts';
import type { JobRow, VaultRow } from '../storage/metadata/schema.ts';

export const notificationEvents = [
  'ArchiveRetrievalCompleted',
  'InventoryRetrievalCompleted',
] as const;

export interface NotificationConfiguration {
  readonly snsTopic: string;
  readonly events: readonly string[];
}

/** @throws GlacierError naming what is missing or invalid. Events that stand twice count once. */
export function readNotificationConfiguration(
  parameters: NotificationParameters | undefined,
): NotificationConfiguration {
  const { SNSTopic: snsTopic, Events: events } = parameters ?? {};
  if (!snsTopic) throw missingParameter('SNSTopic');
  if (!events) throw missingParameter('Events');
  if (!snsTopicPattern.test(snsTopic)) throw invalidParameter(`Invalid SNS topic: ${snsTopic}`);
  const names: readonly string[] = notificationEvents;
  const unknown = events.find((event) => !names.includes(event));
  if (unknown !== undefined) throw invalidParameter(`Invalid event: ${unknown}`);
  if (events.length === 0) throw invalidParameter('Invalid Events: at least one is needed');
  return { snsTopic, events: [...new Set(events)] };
}

/** What a job is when its completion is told of. */
const eventOf = {
  ArchiveRetrieval: 'ArchiveRetrievalCompleted',
  InventoryRetrieval: 'InventoryRetrievalCompleted',
  // A vault's configuration has no event for it (documented).
  Select: '',
} as const;

/** The topics to be told that a job has completed: its own, then the vault's (documented). */
export function topicsOf(
  job: Pick<JobRow, 'action' | 'sns_topic'>,
  vault: Pick<VaultRow, 'notification_topic' | 'notification_events'>,
): readonly string[] {
  const { notification_topic: topic, notification_events: events } = vault;
  const isWanted = events?.split(',').includes(eventOf[job.action]);
  return [job.sns_topic, isWanted ? topic : null].filter((it) => it !== null);
}

/** @throws GlacierError 404 when none is set (observed) */
export function notificationsOf(vault: VaultRow): NotificationConfiguration {
  const { notification_topic: snsTopic, notification_events: events } = vault;
  if (snsTopic !== null && events !== null) return { snsTopic, events: events.split(',') };
  throw notFound(`No notification configuration is set for vault: ${vault.vault_name}`);
}
