/** Topics of a real implementation of SNS, with queues of its SQS behind them. */
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { Notification, Publisher } from '../../src/notifications/publisher.ts';
import { makeSigningCertificate } from '../../src/outgoing/signing-certificate.ts';
import { createTopicPublisher } from '../../src/outgoing/topic-publisher.ts';
import { findMoto, type RunningMoto, startMoto } from '../support/moto.ts';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const moto = await findMoto();
const region = 'eu-central-1';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const never = new AbortController().signal;

describe.skipIf(moto === undefined)('topics of SNS', () => {
  let running: RunningMoto;
  let sns: SNSClient;
  let sqs: SQSClient;
  let publisher: Publisher;

  beforeAll(async () => {
    running = await startMoto(moto ?? '');
    const { endpoint } = running;
    const options = { endpoint: endpoint.href, region, credentials, maxAttempts: 1 };
    sns = new SNSClient(options);
    sqs = new SQSClient(options);
    publisher = createTopicPublisher({
      sns: { endpoint, ...credentials },
      webhooks: new Map(),
      certificate: await makeSigningCertificate(),
      certificateUrl: () => 'http://127.0.0.1/',
      allow: ['127.0.0.0/8'],
      clock: systemClock,
    });
  });
  afterAll(() => running?.stop());

  /** A topic with a queue behind it. */
  async function makeTopic(name: string, attributes: Record<string, string> = {}) {
    const topic = await sns.send(new CreateTopicCommand({ Name: name, Attributes: attributes }));
    const { FifoTopic: FifoQueue } = attributes;
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({ QueueName: name, ...(FifoQueue && { Attributes: { FifoQueue } }) }),
    );
    const queue = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const Endpoint = queue.Attributes?.QueueArn;
    const { TopicArn } = topic;
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
    return { topicArn: TopicArn ?? '', queueUrl: QueueUrl ?? '' };
  }

  /** What arrives in the queue within a while. */
  async function receive(queueUrl: string) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 2,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages.map(({ Body = '', Attributes }) => ({
      envelope: JSON.parse(Body) as Record<string, string>,
      attributes: Attributes,
    }));
  }

  const notificationFor = (topicArn: string): Notification => ({
    notificationId: '7f5c3f0e-1d8b-4a5c-9c0d-3f3a5b1f0c11',
    topicArn,
    message: JSON.stringify({ Action: 'ArchiveRetrieval', JobDescription: 'ä "☃"', JobId: 'j-1' }),
    createdAt: systemClock.now(),
  });

  it('pass on what is published', async () => {
    const { topicArn, queueUrl } = await makeTopic('glacier-done');
    const notification = notificationFor(topicArn);
    expect(publisher.hasRoute(topicArn)).toBe(true);
    await publisher.publish(notification, never);
    const [received, ...others] = await receive(queueUrl);
    expect(others).toEqual([]);
    expect(received?.envelope).toMatchObject({
      Type: 'Notification',
      TopicArn: topicArn,
      Message: notification.message,
    });
    expect(received?.envelope).not.toHaveProperty('Subject');
  });

  it('keep the order of a job when they are FIFO, and know a repetition', async () => {
    const { topicArn, queueUrl } = await makeTopic('glacier-done.fifo', { FifoTopic: 'true' });
    const notification = notificationFor(topicArn);
    await publisher.publish(notification, never);
    await publisher.publish(notification, never);
    const [received, ...others] = await receive(queueUrl);
    expect(others).toEqual([]);
    expect(received?.envelope).toMatchObject({ Message: notification.message });
    expect(received?.attributes).toMatchObject({
      MessageGroupId: 'j-1',
      MessageDeduplicationId: notification.notificationId,
    });
  });

  it('that do not exist refuse', async () => {
    const topicArn = `arn:aws:sns:${region}:123456789012:nothing`;
    await expect(publisher.publish(notificationFor(topicArn), never)).rejects.toThrow(/^NotFound/);
  });
});
