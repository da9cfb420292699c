/**
 * Where notifications go and where they never do, whatever a topic leads to; and what nobody finds
 * in the log and the store.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn } from '../crash/support/store.ts';
import { type NotifiedOptions, NotifiedServer, topicArn } from './support/notified-server.ts';
import { Receiver } from './support/receiver.ts';

const key = { FIRN_SNS_ACCESS_KEY_ID: 'the-key', FIRN_SNS_SECRET_ACCESS_KEY: 'its-secret' };
const refusal = /^\S+ leads to \S+, which is not public and not on the allow list$/;

let notified: NotifiedServer;
/** Stands where nobody should come. */
const forbidden = new Receiver();
beforeAll(() => forbidden.open());
afterAll(() => forbidden.close());

/** One server for the tests of a block. */
function useNotified(options: () => NotifiedOptions = () => ({})): void {
  beforeAll(async () => {
    notified = await NotifiedServer.start(options());
  });
  afterAll(() => notified?.close());
}

/** Topics that are each led to one of the hosts. */
function topicsOf(hosts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(hosts.map((host, index) => [`host-${index}`, host]));
}

function webhooksTo(topics: ReadonlyMap<string, string>, path: () => string) {
  return () =>
    Object.fromEntries([...topics].map(([topic, host]) => [topic, `http://${host}${path()}`]));
}

/** Why the first try of each failed, by its host. */
async function reasonsOf(topics: ReadonlyMap<string, string>): Promise<Record<string, string>> {
  const reasons = [...topics].map(async ([topic, host]) => {
    await notified.retrieve(topic);
    const [line] = await notified.waitForFailures(topic);
    return [host, String(line?.reason)] as const;
  });
  return Object.fromEntries(await Promise.all(reasons));
}

function eachRefused(hosts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(hosts.map((host) => [host, expect.stringMatching(refusal)]));
}

describe('a topic that leads nowhere', () => {
  useNotified();

  it('is told nothing; the log warns, and the job succeeds', async () => {
    const { vault, jobId } = await notified.retrieve('unknown');
    expect((await notified.client.describeJob(vault, jobId)).StatusCode).toBe('Succeeded');
    expect(await notified.journalled('NotificationQueued', 'jobId', jobId)).toEqual([]);
    const line = notified.server.logLines.find((it) => it.jobId === jobId);
    expect(line).toMatchObject({ level: 40, topics: [topicArn('unknown')] });
  });

  it('does not keep the message from the other one', async () => {
    const topic = notified.freshTopic();
    const { vault, archiveId } = await notified.freshArchive();
    await notified.setNotifications(vault, topic, ['ArchiveRetrievalCompleted']);
    await notified.client.retrieveArchive(vault, archiveId, { SNSTopic: topicArn('unknown') });
    const [delivery] = await notified.receiver.waitFor(topic);
    expect(delivery?.job.SNSTopic).toBe(topicArn('unknown'));
  });
});

describe('without leave', () => {
  const hosts = `127.0.0.1 127.1 2130706433 0x7f000001 0177.0.0.1 localhost 0.0.0.0
    [::1] [::] [::ffff:127.0.0.1] [64:ff9b::7f00:1]`.split(/\s+/);
  const topics = topicsOf(hosts);
  useNotified(() => ({
    allow: [],
    webhooks: webhooksTo(topics, () => `:${forbidden.port}/`),
    arguments: ['--sns-endpoint', forbidden.url('/')],
    environment: key,
  }));

  it('no private address is connected to, in any spelling', async () => {
    expect(await reasonsOf(topics)).toEqual(eachRefused(hosts));
    expect(forbidden.connections).toBe(0);
  });

  it('no private service of topics is connected to', async () => {
    const reasons = await reasonsOf(new Map([['published', '127.0.0.1']]));
    expect(reasons).toEqual(eachRefused(['127.0.0.1']));
    expect(forbidden.connections).toBe(0);
  });
});

describe('with leave for every address', () => {
  const hosts = `169.254.169.254 2852039166 169.254.170.2 168.63.129.16 100.100.100.200
    [::ffff:169.254.169.254] [64:ff9b::a9fe:a9fe] [fd00:ec2::254]`.split(/\s+/);
  const topics = topicsOf(hosts);
  useNotified(() => ({
    allow: ['0.0.0.0/0', '::/0'],
    webhooks: webhooksTo(topics, () => '/latest/meta-data/'),
    environment: {
      HTTP_PROXY: forbidden.url('/'),
      http_proxy: forbidden.url('/'),
      NODE_USE_ENV_PROXY: '1',
    },
  }));

  it("no machine's metadata is asked for", async () => {
    expect(await reasonsOf(topics)).toEqual(eachRefused(hosts));
  });

  it('nobody is followed to another place, and no proxy is used', async () => {
    const topic = notified.freshTopic();
    notified.receiver.answerTo(topic, [{ movedTo: forbidden.url('/') }]);
    await notified.retrieve(topic);
    await notified.receiver.waitFor(topic, 2);
    expect(notified.linesOf(topic)).toMatchObject([{ reason: 'The receiver answered 307' }]);
    expect(forbidden.connections).toBe(0);
  });
});

describe('secrets', () => {
  const secrets = { ...key, FIRN_WEBHOOK_SECRET: 'shared-with-the-receiver' };
  const hidden = [...Object.values(secrets), 'password-in-the-url', 'token-in-the-url'];
  const hosts = ['127.0.0.1:1', 'name.invalid', '10.0.0.1'];
  const topics = topicsOf(hosts.map((host) => `user:password-in-the-url@${host}`));
  const query = '/?token=token-in-the-url';
  useNotified(() => ({
    environment: secrets,
    webhooks: ({ port }) => ({
      ...webhooksTo(topics, () => query)(),
      asked: `http://user:password-in-the-url@127.0.0.1:${port}/asked${query}`,
    }),
    arguments: ['--sns-endpoint', 'http://127.0.0.1:1/'],
  }));

  it('are in no line of the log and in no file of the store', async () => {
    const path = `asked${query}`;
    notified.receiver.answerTo(path, [500]);
    await reasonsOf(new Map([...topics, ['asked', ''], ['published', '']]));
    const [delivery] = await notified.receiver.waitFor(path, 2);
    const basic = Buffer.from('user:password-in-the-url').toString('base64');
    expect(delivery?.headers.authorization).toBe(`Basic ${basic}`);
    expect(await notified.server.stop()).toBe(0);
    const { logLines, dataDirectory } = notified.server;
    const stored = filesIn(join(dataDirectory, '..')).map((file) => readFileSync(file, 'latin1'));
    const texts = [...logLines.map((line) => JSON.stringify(line)), ...stored];
    for (const secret of [...hidden, basic, 'PRIVATE KEY']) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    }
  });
});
