/**
 * How a notification comes to its receiver: through failures of the receiver's and of the server's,
 * in order, once at least, for a day. Where notifications never go is `targets.test.ts`'s business.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pollUntil } from '../support/client.ts';
import { type NotifiedOptions, NotifiedServer, topicArn } from './support/notified-server.ts';
import { type Answer, type Delivery, Receiver } from './support/receiver.ts';

const DAY = 24 * 3600;

let notified: NotifiedServer;

/** One server for the tests of a block. */
function useNotified(options: () => NotifiedOptions = () => ({})): void {
  beforeAll(async () => {
    notified = await NotifiedServer.start(options());
  });
  afterAll(() => notified?.close());
}

function idsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ envelope }) => envelope.MessageId);
}

/** The kinds of the journal's entries about a notification, once it has left the outbox. */
async function historyOf(id: string): Promise<string[]> {
  const entries = await pollUntil(
    async () => {
      const all = await notified.admin.auditEntries();
      return all.filter(({ data }) => data.notificationId === id);
    },
    (about) => about.length > 1,
  );
  return entries.map(({ kind }) => kind);
}

describe('a receiver that fails', () => {
  useNotified();

  it.concurrent.each<[string, Answer]>([
    ['500', 500],
    ['404', 404],
    ['nothing, and hangs up', 'break'],
    ['with a redirection', { movedTo: '/elsewhere' }],
  ])('is asked again when it answers %s', async (_, answer) => {
    const topic = notified.freshTopic();
    notified.receiver.answerTo(topic, [answer]);
    const { jobId } = await notified.retrieve(topic);
    const [first, second] = await notified.receiver.waitFor(topic, 2);
    expect(second?.body).toBe(first?.body);
    expect(second?.job.JobId).toBe(jobId);
    const history = await historyOf(first?.envelope.MessageId ?? '');
    expect(history).toEqual(['NotificationQueued', 'NotificationDelivered']);
    const [line] = notified.linesOf(topic);
    expect(line).toMatchObject({ attempt: 1, msg: 'notification not delivered' });
    expect(notified.receiver.at('elsewhere')).toEqual([]);
  });

  it.concurrent('is asked again when it has not answered in time', async () => {
    const topic = notified.freshTopic();
    notified.receiver.answerTo(topic, ['silence']);
    await notified.retrieve(topic);
    const [first, second] = await notified.receiver.waitFor(topic, 2);
    expect(second?.body).toBe(first?.body);
    expect(notified.linesOf(topic)).toMatchObject([
      { attempt: 1, reason: 'No answer within 10 s' },
    ]);
  });

  it.concurrent('gets a second message of the job only when it has taken the first', async () => {
    const topic = notified.freshTopic();
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, topic, ['ArchiveRetrievalCompleted']);
    notified.receiver.answerTo(topic, [500, 503]);
    const more = { SNSTopic: topicArn(topic) };
    const jobId = await notified.client.retrievedArchive(vault, archiveId, more);
    const ids = idsOf(await notified.receiver.waitFor(topic, 4));
    const queued = await notified.journalled('NotificationQueued', 'jobId', jobId);
    const [first, second] = queued.map(({ data }) => data.notificationId);
    expect(ids).toEqual([first, first, first, second]);
  });

  it('is asked again when it refuses connections', async () => {
    const topic = notified.freshTopic();
    await notified.receiver.close();
    const { jobId } = await notified.retrieve(topic);
    await notified.waitForFailures(topic);
    await notified.receiver.open();
    const [delivery] = await notified.receiver.waitFor(topic);
    expect(delivery?.job.JobId).toBe(jobId);
  });
});

describe('a receiver that never answers', () => {
  const dead = new Receiver();
  const jobs = 110;
  beforeAll(() => dead.open());
  useNotified(() => ({ webhooks: () => ({ dead: dead.url('/dead') }) }));
  afterAll(() => dead.close());

  it('does not hold up others, however much waits for it, and gets it all in the end', async () => {
    dead.answerTo('dead', [], 'silence');
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, 'dead', ['ArchiveRetrievalCompleted']);
    const retrievals = Array.from({ length: jobs }, () =>
      notified.client.retrievedArchive(vault, archiveId, { SNSTopic: topicArn('dead') }),
    );
    const jobIds = await Promise.all(retrievals);
    const topic = notified.freshTopic();
    const { jobId } = await notified.retrieve(topic);
    const [delivery] = await notified.receiver.waitFor(topic);
    expect(delivery?.job.JobId).toBe(jobId);
    expect(new Set(idsOf(dead.deliveries)).size).toBeLessThan(jobs);
    dead.answerTo('dead', []);
    await notified.server.restart();
    await pollUntil(
      async () => new Set(idsOf(dead.deliveries)).size,
      (count) => count === 2 * jobs,
    );
    expect(new Set(dead.deliveries.map(({ job }) => job.JobId))).toEqual(new Set(jobIds));
  });
});

describe('a server that ends', () => {
  useNotified();

  it.each(['SIGKILL', 'SIGTERM'])('by %s sends after its restart what nobody took', async (how) => {
    const topics = [notified.freshTopic(), notified.freshTopic()];
    const [failing = '', silent = ''] = topics;
    notified.receiver.answerTo(failing, [], 503);
    notified.receiver.answerTo(silent, [], 'silence');
    const jobIds: string[] = [];
    for (const topic of [...topics, ...topics]) jobIds.push((await notified.retrieve(topic)).jobId);
    for (const topic of topics) await notified.receiver.waitFor(topic);
    if (how === 'SIGKILL') await notified.server.kill();
    else expect(await notified.server.stop()).toBe(0);
    for (const topic of topics) notified.receiver.answerTo(topic, []);
    const before = notified.receiver.deliveries.length;
    await notified.server.restart();
    const after = await pollUntil(
      async () => notified.receiver.deliveries.slice(before),
      (deliveries) => deliveries.length >= jobIds.length,
    );
    expect(after).toHaveLength(jobIds.length);
    expect(new Set(after.map(({ job }) => job.JobId))).toEqual(new Set(jobIds));
  });

  it('hard, again and again while it sends, loses none', async () => {
    const topics = [notified.freshTopic(), notified.freshTopic()];
    const jobIds = new Set<string>();
    for (let round = 0; round < 4; round += 1) {
      const completed = topics.map((topic) => notified.retrieve(topic));
      for (const { jobId } of await Promise.all(completed)) jobIds.add(jobId);
      // In some rounds before anything was sent, in others about when the first was taken.
      if (round % 2 === 1) await notified.receiver.waitFor(topics[0] ?? '', round);
      await notified.server.kill();
      await notified.server.restart();
    }
    await pollUntil(
      async () => notified.receiver.deliveries.map(({ job }) => String(job.JobId)),
      (delivered) => [...jobIds].every((jobId) => delivered.includes(jobId)),
    );
    expect(await notified.admin.verifyAudit()).toMatchObject({ isIntact: true, damage: null });
  });
});

describe('a day without success', () => {
  useNotified(() => ({ arguments: ['--test-clock'] }));

  it('ends the tries, which the journal tells', async () => {
    const topic = notified.freshTopic();
    notified.receiver.answerTo(topic, [], 503);
    await notified.admin.freezeClock();
    await notified.retrieve(topic);
    await notified.receiver.waitFor(topic);
    await notified.admin.advanceClock(DAY - 1);
    const [first] = notified.receiver.at(topic);
    const id = first?.envelope.MessageId ?? '';
    expect(await notified.journalled('NotificationAbandoned', 'notificationId', id)).toEqual([]);
    await notified.admin.advanceClock(1);
    expect(await historyOf(id)).toEqual(['NotificationQueued', 'NotificationAbandoned']);
    const [entry] = await notified.journalled('NotificationAbandoned', 'notificationId', id);
    expect(entry?.data.reason).toBe('The receiver answered 503');
    expect(notified.linesOf(topic).at(-1)).toMatchObject({ msg: 'notification abandoned' });
    const tries = notified.receiver.at(topic).length;
    await notified.admin.advanceClock(DAY);
    await notified.server.restart();
    const next = notified.freshTopic();
    await notified.retrieve(next);
    await notified.receiver.waitFor(next);
    expect(notified.receiver.at(topic)).toHaveLength(tries);
  });
});
