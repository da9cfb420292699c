import { createHmac, createVerify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import type { Notification } from '../notifications/publisher.ts';
import { AddressRefusedError } from './address-guard.ts';
import type { Envelope } from './envelope.ts';
import { makeSigningCertificate, type SigningCertificate } from './signing-certificate.ts';
import { createTopicPublisher, type TopicPublisherOptions } from './topic-publisher.ts';

const hooked = 'arn:aws:sns:us-west-2:111122223333:hooked';
const other = 'arn:aws:sns:eu-central-1:111122223333:other';
const fifo = 'arn:aws:sns:eu-central-1:111122223333:other.fifo';
const now = Date.UTC(2026, 0, 5, 8, 20, 0, 500);
const clock = { ...systemClock, now: () => now };
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'top-secret' };
const never = new AbortController().signal;
const servers: http.Server[] = [];

let certificate: SigningCertificate;
beforeAll(async () => {
  certificate = await makeSigningCertificate();
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

interface Received {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly response: http.ServerResponse;
}

/** A receiver that answers as told, and its address. */
async function receive(answer: (received: Received) => void): Promise<URL> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer({ headers: request.headers, body: Buffer.concat(chunks).toString(), response });
    });
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

function publisherWith(options: Partial<TopicPublisherOptions>) {
  return createTopicPublisher({
    webhooks: new Map(),
    certificate,
    certificateUrl: () => 'http://127.0.0.1/certificate.pem',
    allow: ['127.0.0.0/8'],
    clock,
    ...options,
  });
}

let made = 0;
function notify(topicArn: string): Notification {
  made += 1;
  const notificationId = `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`;
  return { notificationId, topicArn, message: '{"JobId":"job-1","Ü":1}', createdAt: now - 1_000 };
}

it('knows the topics that lead somewhere', () => {
  const webhooks = new Map([[hooked, new URL('http://127.0.0.1/')]]);
  const hooksOnly = publisherWith({ webhooks });
  const both = publisherWith({ webhooks, sns: credentials });
  const topics = [hooked, other, fifo];
  expect(topics.filter((topic) => hooksOnly.hasRoute(topic))).toEqual([hooked]);
  expect(topics.filter((topic) => both.hasRoute(topic))).toEqual(topics);
  expect(both.hasRoute('arn:aws:sqs:eu-central-1:111122223333:queue')).toBe(false);
  expect(both.hasRoute('arn:aws:sns:evil.example/:111122223333:topic')).toBe(false);
});

it('refuses what leads nowhere', async () => {
  const publisher = publisherWith({});
  await expect(publisher.publish(notify(other), never)).rejects.toThrow('The topic has no route');
});

it('refuses an allow list that cannot be read', () => {
  expect(() => publisherWith({ allow: ['everything'] })).toThrow(RangeError);
});

describe('a webhook', () => {
  async function deliver(options: Partial<TopicPublisherOptions>) {
    const received: Received[] = [];
    const url = await receive((it) => {
      received.push(it);
      it.response.end();
    });
    const notification = notify(hooked);
    const webhooks = new Map([[hooked, url]]);
    await publisherWith({ webhooks, ...options }).publish(notification, never);
    expect(received).toHaveLength(1);
    return { notification, ...(received[0] as Received) };
  }

  it('receives what SNS would send', async () => {
    const { notification, headers, body } = await deliver({ sns: credentials });
    const { notificationId, topicArn, message } = notification;
    const envelope = JSON.parse(body) as Envelope;
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=UTF-8',
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': notificationId,
      'x-amz-sns-topic-arn': topicArn,
    });
    expect(headers).not.toHaveProperty('x-firn-signature');
    expect(headers).not.toHaveProperty('x-firn-timestamp');
    expect(envelope).toMatchObject({ MessageId: notificationId, Message: message });
    const text =
      `Message\n${message}\nMessageId\n${notificationId}\nTimestamp\n2026-01-05T08:19:59.500Z\n` +
      `TopicArn\n${topicArn}\nType\nNotification\n`;
    const { publicKey } = new X509Certificate(certificate.certificatePem);
    const verifier = createVerify('RSA-SHA1').update(text);
    expect(verifier.verify(publicKey, envelope.Signature, 'base64')).toBe(true);
  });

  it('receives a signature with the shared secret', async () => {
    const { headers, body } = await deliver({ webhookSecret: 'shared' });
    const timestamp = String(Math.floor(now / 1000));
    const digest = createHmac('sha256', 'shared').update(`${timestamp}.${body}`).digest('hex');
    expect(headers).toMatchObject({
      'x-firn-timestamp': timestamp,
      'x-firn-signature': `sha256=${digest}`,
    });
  });

  it('must be allowed', async () => {
    const webhooks = new Map([[hooked, await receive(({ response }) => response.end())]]);
    const publisher = publisherWith({ webhooks, allow: [] });
    await expect(publisher.publish(notify(hooked), never)).rejects.toThrow(AddressRefusedError);
  });
});

describe('one target', () => {
  it('receives four at once, whatever the topics, and no other waits for it', async () => {
    const open: http.ServerResponse[] = [];
    let most = 0;
    const slow = await receive(({ response }) => {
      open.push(response);
      most = Math.max(most, open.length);
    });
    const fast = await receive(({ response }) => response.end());
    const topics = Array.from({ length: 10 }, (_, index) => `${hooked}-${index}`);
    const webhooks = new Map(topics.map((topic) => [topic, new URL(`${slow.href}${topic}`)]));
    const publisher = publisherWith({ webhooks: webhooks.set(other, fast) });
    const sent = topics.map((topic) => publisher.publish(notify(topic), never));
    await publisher.publish(notify(other), never);
    for (let answered = 0; answered < topics.length; answered += 1) {
      while (open.length === 0) await systemClock.sleep(1);
      if (answered === 0) while (open.length < 4) await systemClock.sleep(1);
      open.shift()?.end();
    }
    await Promise.all(sent);
    expect(most).toBe(4);
  });

  it('is not called when a stop comes before its turn', async () => {
    const stop = new AbortController();
    let requests = 0;
    const url = await receive(() => {
      requests += 1;
      if (requests === 4) stop.abort(new Error('stopped'));
    });
    const publisher = publisherWith({ webhooks: new Map([[hooked, url]]) });
    const sent = Array.from({ length: 6 }, () => publisher.publish(notify(hooked), stop.signal));
    const outcomes = await Promise.allSettled(sent);
    expect(outcomes.map((it) => it.status === 'rejected' && String(it.reason))).toEqual(
      Array.from({ length: 6 }, () => 'Error: stopped'),
    );
    expect(requests).toBe(4);
  });
});

describe('SNS', () => {
  const done =
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>' +
    '<MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult></PublishResponse>';

  async function service(answer: (received: Received, form: URLSearchParams) => void) {
    const received: { headers: http.IncomingHttpHeaders; form: URLSearchParams }[] = [];
    const endpoint = await receive((it) => {
      const form = new URLSearchParams(it.body);
      received.push({ headers: it.headers, form });
      answer(it, form);
    });
    return { endpoint, received };
  }

  it('is asked to publish, signed for the region of the topic', async () => {
    const { endpoint, received } = await service(({ response }) => response.end(done));
    const publisher = publisherWith({ sns: { ...credentials, endpoint } });
    const notification = notify(other);
    await publisher.publish(notification, never);
    expect(received).toHaveLength(1);
    expect(Object.fromEntries(received[0]?.form ?? [])).toEqual({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: other,
      Message: notification.message,
    });
    expect(received[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/sns\/aws4_request, /,
    );
  });

  it('is told group and id of what goes to a FIFO topic', async () => {
    const { endpoint, received } = await service(({ response }) => response.end(done));
    const notification = notify(fifo);
    await publisherWith({ sns: { ...credentials, endpoint } }).publish(notification, never);
    expect(Object.fromEntries(received[0]?.form ?? [])).toMatchObject({
      TopicArn: fifo,
      MessageGroupId: 'job-1',
      MessageDeduplicationId: notification.notificationId,
    });
  });

  it.each([
    [404, 'NotFound', 'Topic does not exist'],
    [500, 'InternalError', 'Try again'],
    [503, 'ServiceUnavailable', 'Slow down'],
  ])('is asked once, and its refusal passed on: %i', async (status, code, message) => {
    const { endpoint, received } = await service(({ response }) => {
      const error = `<Type>Sender</Type><Code>${code}</Code><Message>${message}</Message>`;
      response.writeHead(status, { 'Content-Type': 'text/xml' });
      response.end(`<ErrorResponse><Error>${error}</Error></ErrorResponse>`);
    });
    const publisher = publisherWith({ sns: { ...credentials, endpoint } });
    await expect(publisher.publish(notify(other), never)).rejects.toThrow(
      new RegExp(`${code}.*: ${message}`),
    );
    expect(received).toHaveLength(1);
  });

  it('is not followed elsewhere', async () => {
    const { endpoint, received } = await service(({ response }) => {
      response.writeHead(307, { Location: '/elsewhere' }).end();
    });
    const publisher = publisherWith({ sns: { ...credentials, endpoint } });
    await expect(publisher.publish(notify(other), never)).rejects.toThrow();
    expect(received).toHaveLength(1);
  });

  it('may answer 64 KiB', async () => {
    const { endpoint } = await service(({ response }) => {
      response.end(done.replace('</', `${' '.repeat(65_536)}</`));
    });
    const publisher = publisherWith({ sns: { ...credentials, endpoint } });
    await expect(publisher.publish(notify(other), never)).rejects.toThrow('more than 65536 bytes');
  });

  it('may break off', async () => {
    const { endpoint } = await service(({ response }) => {
      response.writeHead(200, { 'Content-Length': 1_000 });
      response.write(done, () => response.destroy());
    });
    const publisher = publisherWith({ sns: { ...credentials, endpoint } });
    await expect(publisher.publish(notify(other), never)).rejects.toThrow();
  });

  it('is given 10 s, the end of its answer included', async () => {
    const expire = new AbortController();
    const { endpoint } = await service(({ response }) => {
      response.writeHead(200).write('<', () => expire.abort());
    });
    const expiring = {
      ...clock,
      sleep: (milliseconds: number, signal?: AbortSignal) =>
        systemClock.sleep(
          milliseconds,
          milliseconds === 10_000 && signal ? AbortSignal.any([signal, expire.signal]) : signal,
        ),
    };
    const publisher = publisherWith({ sns: { ...credentials, endpoint }, clock: expiring });
    await expect(publisher.publish(notify(other), never)).rejects.toThrow('No answer within 10 s');
  });

  it('is left alone at a stop', async () => {
    const stop = new AbortController();
    const { endpoint } = await service(() => stop.abort(new Error('stopped')));
    const publisher = publisherWith({ sns: { ...credentials, endpoint } });
    await expect(publisher.publish(notify(other), stop.signal)).rejects.toThrow('stopped');
  });

  it('must be allowed, when it is a private one', async () => {
    const { endpoint, received } = await service(({ response }) => response.end(done));
    const publisher = publisherWith({ sns: { ...credentials, endpoint }, allow: [] });
    await expect(publisher.publish(notify(other), never)).rejects.toThrow(AddressRefusedError);
    expect(received).toEqual([]);
  });
});
