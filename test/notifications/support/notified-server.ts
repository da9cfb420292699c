/** A server with webhooks, and the receiver that they lead to. */
import { Admin, type AuditEntry } from '../../support/admin.ts';
import { Client, type JsonObject, pollUntil } from '../../support/client.ts';
import { ACCOUNT_ID, REGION, type RunningServer, startServer } from '../../support/server.ts';
import { Receiver } from './receiver.ts';

/** Topics that no test has used yet. */
const TOPICS = 24;

export interface NotifiedOptions {
  /** Further flags. */
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Private addresses that may be called; without it the receiver's. */
  readonly allow?: readonly string[];
  /** Further topics and where they lead; topics of the receiver's own are always there. */
  readonly webhooks?: (receiver: Receiver) => Readonly<Record<string, string>>;
}

export function topicArn(topic: string): string {
  return `arn:aws:sns:${REGION}:${ACCOUNT_ID}:${topic}`;
}

export class NotifiedServer {
  readonly receiver: Receiver;
  readonly server: RunningServer;
  readonly client: Client;
  readonly admin: Admin;
  #topics = 0;

  private constructor(receiver: Receiver, server: RunningServer) {
    this.receiver = receiver;
    this.server = server;
    this.client = new Client(server);
    this.admin = new Admin(this.client);
  }

  static async start(options: NotifiedOptions = {}): Promise<NotifiedServer> {
    const receiver = new Receiver();
    await receiver.open();
    const own = Array.from({ length: TOPICS }, (_, index) => `topic-${index}`);
    const webhooks = {
      ...Object.fromEntries(own.map((topic) => [topic, receiver.url(`/${topic}`)])),
      ...options.webhooks?.(receiver),
    };
    const flags = [
      ...Object.entries(webhooks).flatMap(([topic, url]) => [
        '--webhook',
        `${topicArn(topic)}=${url}`,
      ]),
      ...(options.allow ?? ['127.0.0.0/8']).flatMap((range) => ['--outgoing-allow', range]),
      ...(options.arguments ?? []),
    ];
    const { environment = {} } = options;
    try {
      return new NotifiedServer(receiver, await startServer({ arguments: flags, environment }));
    } catch (error) {
      await receiver.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.server.close();
    await this.receiver.close();
  }

  /** A topic of the receiver's that no other test has. */
  freshTopic(): string {
    if (this.#topics === TOPICS) throw new Error('all topics are used up');
    const topic = `topic-${this.#topics}`;
    this.#topics += 1;
    return topic;
  }

  /** A new vault with one archive in it. */
  async freshArchive(bytes: Uint8Array | string = 'told of') {
    const vault = await this.client.freshVault();
    return { vault, archiveId: await this.client.uploadArchive(vault, bytes) };
  }

  /** A finished retrieval of a small archive that names the topic. */
  async retrieve(topic: string) {
    const { vault, archiveId } = await this.freshArchive();
    const jobId = await this.client.retrieveArchive(vault, archiveId, {
      SNSTopic: topicArn(topic),
    });
    await this.client.waitForJob(vault, jobId);
    return { vault, archiveId, jobId };
  }

  async setNotifications(vault: string, topic: string, events: readonly string[]): Promise<void> {
    const body = JSON.stringify({ SNSTopic: topicArn(topic), Events: events });
    await this.client.expect(204, 'PUT', `/-/vaults/${vault}/notification-configuration`, { body });
  }

  /** The journal's entries of a kind that are about a notification. */
  async journalled(kind: string, field: string, value: string): Promise<readonly AuditEntry[]> {
    const entries = await this.admin.auditEntries({ kind });
    return entries.filter(({ data }) => data[field] === value);
  }

  /** Log lines that say something of a topic. */
  linesOf(topic: string): readonly JsonObject[] {
    const arn = topicArn(topic);
    return this.server.logLines.filter((line) => line.topicArn === arn);
  }

  /** The log's lines about tries that failed, once there is one. */
  waitForFailures(topic: string): Promise<readonly JsonObject[]> {
    return pollUntil(
      async () => this.linesOf(topic),
      (lines) => lines.length > 0,
    );
  }
}
