/**
 * What is told of a completed job, to whom, and in what envelope, as the wire page has it (sections
 * 3.5.7 and 3.6). The topics lead to webhooks, which get what SNS sends to its HTTP subscribers.
 * How hard the server tries to deliver it is `delivery.test.ts`'s business.
 */
import { createHmac, verify, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATE, keysOf } from '../support/check.ts';
import type { JsonObject } from '../support/client.ts';
import { content, SEVEN_MIB_123 } from '../support/content.ts';
import { MIB } from '../support/tree-hash.ts';
import { NotifiedServer, topicArn } from './support/notified-server.ts';
import type { Delivery, Envelope } from './support/receiver.ts';

const secret = 'what only the receiver knows';
const bothEvents = ['ArchiveRetrievalCompleted', 'InventoryRetrievalCompleted'];
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** In the order in which they come (observed in 2020). */
const messageKeys = `Action ArchiveId ArchiveSHA256TreeHash ArchiveSizeInBytes Completed
  CompletionDate CreationDate InventoryRetrievalParameters InventorySizeInBytes JobDescription JobId
  RetrievalByteRange SHA256TreeHash SNSTopic StatusCode StatusMessage Tier VaultARN`.split(/\s+/);
const envelopeKeys = `Type MessageId TopicArn Message Timestamp SignatureVersion Signature
  SigningCertURL UnsubscribeURL`.split(/\s+/);

let notified: NotifiedServer;
beforeAll(async () => {
  notified = await NotifiedServer.start({
    arguments: ['--test-clock', '--retrieval-seconds', 'bulk=3600'],
    environment: { FIRN_WEBHOOK_SECRET: secret },
  });
});
afterAll(() => notified?.close());

/** The text of DescribeJob's answer. */
async function descriptionText(vault: string, jobId: string): Promise<string> {
  return (await notified.client.expect(200, 'GET', `/-/vaults/${vault}/jobs/${jobId}`)).text;
}

/** The topics that were to be told of a job, in their order. */
async function toldTopics(jobId: string): Promise<unknown[]> {
  const entries = await notified.journalled('NotificationQueued', 'jobId', jobId);
  return entries.map(({ data }) => data.topicArn);
}

/** The next retrieval of the vault ends Failed. */
async function failNextJob(vaultName: string): Promise<void> {
  await notified.admin.addFault({ vaultName, fault: { kind: 'fail-job', reason: 'bits rotted' } });
}

/** A message is the text that DescribeJob answers, with the keys of 2020 in their order. */
async function checkMessage(delivery: Delivery | undefined, vault: string, jobId: string) {
  expect(delivery?.envelope.Message).toBe(await descriptionText(vault, jobId));
  expect(keysOf(delivery?.job)).toEqual(messageKeys);
  expect(delivery?.job).toMatchObject({ JobId: jobId, Completed: true });
  expect(delivery?.job.CompletionDate).toMatch(DATE);
}

describe('the topic of a job', () => {
  it('is told of a retrieved archive', async () => {
    const topic = notified.freshTopic();
    const { vault, archiveId, jobId } = await notified.retrieve(topic);
    const [delivery] = await notified.receiver.waitFor(topic);
    await checkMessage(delivery, vault, jobId);
    expect(delivery?.job).toMatchObject({
      Action: 'ArchiveRetrieval',
      ArchiveId: archiveId,
      ArchiveSizeInBytes: 'told of'.length,
      InventoryRetrievalParameters: null,
      InventorySizeInBytes: null,
      JobDescription: null,
      SNSTopic: topicArn(topic),
      StatusCode: 'Succeeded',
      StatusMessage: 'Succeeded',
      Tier: 'Standard',
      VaultARN: notified.client.arn(vault),
    });
    expect(await toldTopics(jobId)).toEqual([topicArn(topic)]);
  });

  it.each([
    ['with a tree hash where it is aligned', '4194304-7340154', /^e3c069b4101f9013[0-9a-f]{48}$/],
    ['without one where it is not', '1048576-3145727', null],
  ])('is told of a retrieved range, %s', async (_, range, hash) => {
    const topic = notified.freshTopic();
    const { vault, archiveId } = await notified.freshArchive(content(7 * MIB + 123));
    const jobId = await notified.client.retrieveArchive(vault, archiveId, {
      RetrievalByteRange: range,
      Tier: 'Expedited',
      Description: 'tail of the "image" \\ with  two blanks',
      SNSTopic: topicArn(topic),
    });
    const [delivery] = await notified.receiver.waitFor(topic);
    await checkMessage(delivery, vault, jobId);
    expect(delivery?.job).toMatchObject({
      ArchiveSHA256TreeHash: SEVEN_MIB_123.treeHash,
      JobDescription: 'tail of the "image" \\ with  two blanks',
      RetrievalByteRange: range,
      SHA256TreeHash: hash && expect.stringMatching(hash),
      Tier: 'Expedited',
    });
  });

  it('is told of an inventory, with its size and without a tier', async () => {
    const topic = notified.freshTopic();
    const { vault } = await notified.freshArchive();
    await notified.client.uploadArchive(vault, 'a second');
    const jobId = await notified.client.retrieveInventory(vault, {
      Format: 'CSV',
      InventoryRetrievalParameters: { Limit: '1' },
      SNSTopic: topicArn(topic),
      Tier: 'Bulk',
    });
    const [delivery] = await notified.receiver.waitFor(topic);
    await checkMessage(delivery, vault, jobId);
    const output = await notified.client.getJobOutput(vault, jobId);
    expect(delivery?.job).toMatchObject({
      Action: 'InventoryRetrieval',
      ArchiveId: null,
      ArchiveSHA256TreeHash: null,
      ArchiveSizeInBytes: null,
      InventorySizeInBytes: output.body.length,
      RetrievalByteRange: null,
      SHA256TreeHash: null,
      StatusMessage: 'Succeeded',
      Tier: null,
    });
    const parameters = delivery?.job.InventoryRetrievalParameters as JsonObject;
    expect(keysOf(parameters)).toEqual(['EndDate', 'Format', 'Limit', 'Marker', 'StartDate']);
    expect(parameters).toEqual({
      EndDate: null,
      Format: 'CSV',
      Limit: '1',
      Marker: expect.stringMatching(/./),
      StartDate: null,
    });
  });

  it.each(['archive', 'inventory'])('is told that an %s job has failed', async (kind) => {
    const topic = notified.freshTopic();
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, topic, bothEvents);
    await failNextJob(vault);
    const more = { SNSTopic: topicArn(topic) };
    const jobId =
      kind === 'archive'
        ? await notified.client.retrieveArchive(vault, archiveId, more)
        : await notified.client.retrieveInventory(vault, more);
    const deliveries = await notified.receiver.waitFor(topic, 2);
    for (const delivery of deliveries) {
      await checkMessage(delivery, vault, jobId);
      const { job } = delivery;
      expect(job).toMatchObject({ StatusCode: 'Failed', StatusMessage: 'Failed' });
      expect(job.InventorySizeInBytes).toBe(null);
      expect(delivery.body).not.toContain('bits rotted');
    }
  });
});

describe("the vault's topic", () => {
  it.each([
    { events: ['ArchiveRetrievalCompleted'], toldOf: ['archive'] },
    { events: ['InventoryRetrievalCompleted'], toldOf: ['inventory'] },
    { events: bothEvents, toldOf: ['archive', 'inventory'] },
  ])('with $events is told of $toldOf', async ({ events, toldOf }) => {
    const topic = notified.freshTopic();
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, topic, events);
    const jobs = {
      archive: await notified.client.retrievedArchive(vault, archiveId),
      inventory: await notified.client.retrievedInventory(vault),
    };
    for (const [kind, jobId] of Object.entries(jobs)) {
      expect(await toldTopics(jobId)).toEqual(toldOf.includes(kind) ? [topicArn(topic)] : []);
    }
    for (const delivery of await notified.receiver.waitFor(topic, toldOf.length)) {
      await checkMessage(delivery, vault, String(delivery.job.JobId));
      expect(delivery.job.SNSTopic).toBe(null);
      expect(delivery.envelope.TopicArn).toBe(topicArn(topic));
    }
  });

  it("is told beside the job's, which the message names to both", async () => {
    const [ofJob, ofVault] = [notified.freshTopic(), notified.freshTopic()];
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, ofVault, bothEvents);
    const more = { SNSTopic: topicArn(ofJob) };
    const jobId = await notified.client.retrievedArchive(vault, archiveId, more);
    expect(await toldTopics(jobId)).toEqual([ofJob, ofVault].map(topicArn));
    for (const topic of [ofJob, ofVault]) {
      const [delivery] = await notified.receiver.waitFor(topic);
      await checkMessage(delivery, vault, jobId);
      expect(delivery?.job.SNSTopic).toBe(topicArn(ofJob));
      expect(delivery?.envelope.TopicArn).toBe(topicArn(topic));
    }
  });

  it("gets a second message when it is the job's too", async () => {
    const topic = notified.freshTopic();
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, topic, bothEvents);
    const more = { SNSTopic: topicArn(topic) };
    const jobId = await notified.client.retrievedArchive(vault, archiveId, more);
    const [first, second] = (await notified.receiver.waitFor(topic, 2)).map((it) => it.envelope);
    expect(second?.Message).toBe(first?.Message);
    expect(second?.MessageId).not.toBe(first?.MessageId);
    const queued = await notified.journalled('NotificationQueued', 'jobId', jobId);
    const ids = queued.map(({ data }) => data.notificationId);
    expect([first?.MessageId, second?.MessageId]).toEqual(ids);
  });

  it('is the one that is set when the job completes', async () => {
    const [before, after] = [notified.freshTopic(), notified.freshTopic()];
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, before, bothEvents);
    const jobId = await notified.client.retrieveArchive(vault, archiveId, { Tier: 'Bulk' });
    await notified.setNotifications(vault, after, bothEvents);
    await notified.admin.advanceClock(3600);
    const [delivery] = await notified.receiver.waitFor(after);
    await checkMessage(delivery, vault, jobId);
    expect(await toldTopics(jobId)).toEqual([topicArn(after)]);
  });

  it('is told of nothing once it is taken away', async () => {
    const topic = notified.freshTopic();
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, topic, bothEvents);
    await notified.client.expect(204, 'DELETE', `/-/vaults/${vault}/notification-configuration`);
    const jobId = await notified.client.retrievedArchive(vault, archiveId);
    expect(await toldTopics(jobId)).toEqual([]);
  });
});

/** What SNS signs: names and values in the order of the names, a line each (documented). */
function signedText(envelope: Envelope): string {
  const { Message, MessageId, Timestamp, TopicArn, Type } = envelope;
  const fields = Object.entries({ Message, MessageId, Timestamp, TopicArn, Type });
  return fields.map(([name, value]) => `${name}\n${value}\n`).join('');
}

/** Whether the envelope's signature is that of the certificate that it names. */
async function isSigned(envelope: Envelope): Promise<boolean> {
  const answer = await fetch(envelope.SigningCertURL);
  expect(answer.status).toBe(200);
  const { publicKey } = new X509Certificate(await answer.text());
  const signature = Buffer.from(envelope.Signature, 'base64');
  return verify('RSA-SHA1', Buffer.from(signedText(envelope)), publicKey, signature);
}

describe('the envelope', () => {
  it('has the keys and headers of SNS, and no subject', async () => {
    const topic = notified.freshTopic();
    const { jobId } = await notified.retrieve(topic);
    const [delivery] = await notified.receiver.waitFor(topic);
    const [queued] = await notified.journalled('NotificationQueued', 'jobId', jobId);
    expect(keysOf(delivery?.envelope)).toEqual(envelopeKeys);
    expect(delivery?.envelope).toMatchObject({
      Type: 'Notification',
      MessageId: expect.stringMatching(uuid),
      TopicArn: topicArn(topic),
      Timestamp: queued?.time,
      SignatureVersion: '1',
    });
    expect(delivery?.method).toBe('POST');
    expect(delivery?.headers).toMatchObject({
      'content-type': 'text/plain; charset=UTF-8',
      'content-length': String(Buffer.byteLength(delivery?.body ?? '')),
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': delivery?.envelope.MessageId,
      'x-amz-sns-topic-arn': topicArn(topic),
    });
    expect(URL.canParse(delivery?.envelope.UnsubscribeURL ?? '')).toBe(true);
  });

  it('is signed with the key of the certificate that it names', async () => {
    const topic = notified.freshTopic();
    await notified.retrieve(topic);
    const [delivery] = await notified.receiver.waitFor(topic);
    const envelope = delivery?.envelope as Envelope;
    expect(new URL(envelope.SigningCertURL).origin).toBe(notified.server.endpoint);
    expect(await isSigned(envelope)).toBe(true);
    const altered = envelope.Message.replace('"Succeeded"', '"Failed"');
    expect(await isSigned({ ...envelope, Message: altered })).toBe(false);
  });

  it('carries an HMAC of the shared secret over time and body', async () => {
    const topic = notified.freshTopic();
    await notified.retrieve(topic);
    const [delivery] = await notified.receiver.waitFor(topic);
    const time = String(delivery?.headers['x-firn-timestamp']);
    expect(time).toMatch(/^\d{10}$/);
    const hmac = createHmac('sha256', secret).update(`${time}.${delivery?.body}`);
    expect(delivery?.headers['x-firn-signature']).toBe(`sha256=${hmac.digest('hex')}`);
  });
});

describe('another server', () => {
  it('names the address that others reach it by, keeps its certificate, and signs no secret', async () => {
    const other = await NotifiedServer.start({
      arguments: ['--public-url', 'https://glacier.example.com:8443/'],
    });
    try {
      const certificates: string[] = [];
      for (const topic of [other.freshTopic(), other.freshTopic()]) {
        await other.retrieve(topic);
        const [delivery] = await other.receiver.waitFor(topic);
        const { origin, pathname } = new URL(delivery?.envelope.SigningCertURL ?? '');
        expect(origin).toBe('https://glacier.example.com:8443');
        expect(delivery?.headers).not.toHaveProperty('x-firn-signature');
        const SigningCertURL = `${other.server.endpoint}${pathname}`;
        expect(await isSigned({ ...(delivery?.envelope as Envelope), SigningCertURL })).toBe(true);
        certificates.push(await (await fetch(SigningCertURL)).text());
        await other.server.restart();
      }
      expect(certificates[1]).toBe(certificates[0]);
    } finally {
      await other.close();
    }
  });
});
