/**
 * The download of the Java SDK's ArchiveTransferManager (version 1), step by step as the wire page
 * has it (section 7), against an SNS and an SQS by other people: the server publishes to a topic, a
 * queue behind it is asked, and then the output is fetched in verified chunks. The SDK itself speaks
 * Java; this follows it with version 2 of the one for JavaScript.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Admin } from '../support/admin.ts';
import { Client, type JsonObject, pollUntil, uniqueName } from '../support/client.ts';
import { content } from '../support/content.ts';
import { findMoto, type RunningMoto, startMoto } from '../support/moto.ts';
import { type RunningServer, startServer } from '../support/server.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
const { default: Glacier } = await import('aws-sdk/clients/glacier.js');
const { default: Sns } = await import('aws-sdk/clients/sns.js');
const { default: Sqs } = await import('aws-sdk/clients/sqs.js');

const moto = await findMoto();
const topicKey = { accessKeyId: 'key-of-the-topics', secretAccessKey: 'secret-of-the-topics' };
/** How often the queue is asked, 2 s each. */
const POLLS = 10;

/** The queue that hears of the job, and how to be rid of it and its topic. */
interface Listening {
  readonly topicArn: string;
  readonly queueUrl: string;
  readonly end: () => Promise<void>;
}

/** The envelope's message, which may be JSON or its Base64. */
function parseMessage(body: string): JsonObject {
  const { Message: text } = JSON.parse(body) as { readonly Message: string };
  const json = text.startsWith('{') ? text : Buffer.from(text, 'base64').toString('utf8');
  return JSON.parse(json) as JsonObject;
}

describe.skipIf(moto === undefined)('the transfer manager of the Java SDK', () => {
  let running: RunningMoto;
  let server: RunningServer;
  let client: Client;
  let glacier: InstanceType<typeof Glacier>;
  let sns: InstanceType<typeof Sns>;
  let sqs: InstanceType<typeof Sqs>;

  beforeAll(async () => {
    running = await startMoto(moto ?? '');
    const endpoint = running.endpoint.href;
    server = await startServer({
      arguments: ['--sns-endpoint', endpoint, '--outgoing-allow', '127.0.0.0/8', '--test-clock'],
      environment: {
        FIRN_SNS_ACCESS_KEY_ID: topicKey.accessKeyId,
        FIRN_SNS_SECRET_ACCESS_KEY: topicKey.secretAccessKey,
      },
    });
    client = new Client(server);
    const { accessKeyId, secretAccessKey, region } = server;
    glacier = new Glacier({ endpoint: server.endpoint, accessKeyId, secretAccessKey, region });
    sns = new Sns({ endpoint, region, ...topicKey });
    sqs = new Sqs({ endpoint, region, ...topicKey });
  });
  afterAll(async () => {
    await server?.close();
    await running?.stop();
  });

  /** Makes a topic and a queue that the topic may send to, and has the one lead to the other. */
  async function listen(): Promise<Listening> {
    const name = uniqueName('glacier-archive-transfer');
    const { QueueUrl: queueUrl = '' } = await sqs.createQueue({ QueueName: name }).promise();
    const { TopicArn: topicArn = '' } = await sns.createTopic({ Name: name }).promise();
    const { Attributes = {} } = await sqs
      .getQueueAttributes({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] })
      .promise();
    const { QueueArn: queueArn = '' } = Attributes;
    await sns.subscribe({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queueArn }).promise();
    const statement = {
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: ['sqs:SendMessage'],
      Resource: [queueArn],
      Condition: { ArnLike: { 'aws:SourceArn': [topicArn] } },
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await sqs.setQueueAttributes({ QueueUrl: queueUrl, Attributes: { Policy } }).promise();
    const end = async () => {
      await sns.deleteTopic({ TopicArn: topicArn }).promise();
      await sqs.deleteQueue({ QueueUrl: queueUrl }).promise();
    };
    return { topicArn, queueUrl, end };
  }

  /** Asks for the archive with the three fields that the helper sends, and gives the job's id. */
  async function initiate(vaultName: string, archiveId: string, topicArn: string) {
    const request = glacier.initiateJob({
      accountId: '-',
      vaultName,
      jobParameters: { ArchiveId: archiveId, SNSTopic: topicArn, Type: 'archive-retrieval' },
    });
    const { jobId = '' } = await request.promise();
    const { httpRequest } = request as unknown as { readonly httpRequest: { body: string } };
    expect(JSON.parse(String(httpRequest.body))).toEqual({
      ArchiveId: archiveId,
      SNSTopic: topicArn,
      Type: 'archive-retrieval',
    });
    return jobId;
  }

  /** Polls the queue until it has a message about the job; other messages are passed over. */
  async function waitForMessage(queueUrl: string, jobId: string): Promise<JsonObject> {
    for (let poll = 0; poll < POLLS; poll += 1) {
      const { Messages = [] } = await sqs
        .receiveMessage({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 })
        .promise();
      const found = Messages.map(({ Body = '' }) => parseMessage(Body)).find(
        ({ JobId }) => JobId === jobId,
      );
      if (found) return found;
    }
    throw new Error(`The queue has no message about the job ${jobId}`);
  }

  /** Fetches the output in chunks, the last one cut by the client, each verified by its hash. */
  async function download(vaultName: string, jobId: string, chunkBytes: number): Promise<Buffer> {
    const job = { accountId: '-', vaultName, jobId };
    const { ArchiveSizeInBytes: sizeBytes = 0 } = await glacier.describeJob(job).promise();
    const chunks: Buffer[] = [];
    for (let startByte = 0; startByte < sizeBytes; startByte += chunkBytes) {
      const endByte = Math.min(startByte + chunkBytes, sizeBytes) - 1;
      const output = await glacier
        .getJobOutput({ ...job, range: `bytes=${startByte}-${endByte}` })
        .promise();
      const chunk = output.body as Buffer;
      expect(output.status).toBe(206);
      expect(output.contentRange).toBe(`bytes ${startByte}-${endByte}/${sizeBytes}`);
      expect(chunk.length).toBe(endByte - startByte + 1);
      expect(output.checksum).toBe(treeHash(chunk));
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  it.each([1, 2, 4, 8, 128])('downloads an archive in chunks of %d MiB', async (chunkMib) => {
    const vault = await client.freshVault();
    const bytes = content(7 * MIB + 123);
    const archiveId = await client.uploadInParts(vault, bytes, 4 * MIB);
    const { topicArn, queueUrl, end } = await listen();
    const jobId = await initiate(vault, archiveId, topicArn);
    const message = await waitForMessage(queueUrl, jobId);
    expect(message.StatusMessage).toBe('Succeeded');
    expect(message).toEqual(await client.describeJob(vault, jobId));
    const downloaded = await download(vault, jobId, chunkMib * MIB);
    expect(downloaded.equals(bytes)).toBe(true);
    await end();
  });

  it('passes over what the topic says of other jobs', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'asked for three times');
    const { topicArn, queueUrl, end } = await listen();
    const jobIds: string[] = [];
    for (let i = 0; i < 3; i += 1) jobIds.push(await initiate(vault, archiveId, topicArn));
    const wanted = jobIds[1] ?? '';
    expect(await waitForMessage(queueUrl, wanted)).toMatchObject({ JobId: wanted });
    await end();
  });

  it('hears that a job has failed', async () => {
    const vaultName = await client.freshVault();
    const archiveId = await client.uploadArchive(vaultName, 'cannot be read');
    const { topicArn, queueUrl, end } = await listen();
    await new Admin(client).addFault({ vaultName, fault: { kind: 'fail-job' } });
    const jobId = await initiate(vaultName, archiveId, topicArn);
    expect(await waitForMessage(queueUrl, jobId)).toMatchObject({
      Completed: true,
      StatusCode: 'Failed',
      StatusMessage: 'Failed',
    });
    await end();
  });

  it('hears of an inventory through the topic of the vault', async () => {
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'listed');
    const { topicArn, queueUrl, end } = await listen();
    const parameters = { SNSTopic: topicArn, Events: ['InventoryRetrievalCompleted'] };
    await glacier
      .setVaultNotifications({
        accountId: '-',
        vaultName: vault,
        vaultNotificationConfig: parameters,
      })
      .promise();
    const jobId = await client.retrieveInventory(vault);
    const message = await waitForMessage(queueUrl, jobId);
    expect(message).toEqual(await client.describeJob(vault, jobId));
    expect(message).toMatchObject({ SNSTopic: null, StatusMessage: 'Succeeded', Tier: null });
    await end();
  });

  it('gets nothing through a topic that is gone, while the job succeeds', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'told to nobody');
    const { topicArn, end } = await listen();
    await end();
    const jobId = await initiate(vault, archiveId, topicArn);
    expect((await client.waitForJob(vault, jobId)).StatusMessage).toBe('Succeeded');
    const [line] = await pollUntil(
      async () => server.logLines.filter((it) => it.topicArn === topicArn),
      (lines) => lines.length > 0,
    );
    expect(line?.reason).toMatch(/^NotFound/);
  });
});
