/**
 * The server put together: configuration -> store -> workers -> listener; and taken down again. The
 * only file that knows everybody.
 */
import type { AccessKey } from './accounts/access-key.ts';
import { AccessKeys } from './accounts/find-access-key.ts';
import { createAdmin } from './admin/app.ts';
import { openApiDocument } from './api/openapi.ts';
import type { Config, SelectConfig } from './config.ts';
import { Faults } from './faults/faults.ts';
import { Listener, type OpenDocument } from './http/listener.ts';
import { systemClock } from './lib/clock.ts';
import { createIds } from './lib/ids.ts';
import type { Log } from './lib/log.ts';
import type { Publisher } from './notifications/publisher.ts';
import {
  type CertificateAndKey,
  requireSigningCertificate,
} from './notifications/require-signing-certificate.ts';
import { openStore, type Store } from './open-store.ts';
import type { Service } from './operation.ts';
import { createAddressGuard, guardedAgents } from './outgoing/address-guard.ts';
import { OutputBucket } from './outgoing/output-bucket.ts';
import { makeSigningCertificate } from './outgoing/signing-certificate.ts';
import { createTopicPublisher } from './outgoing/topic-publisher.ts';
import { SigningKeys } from './sigv4/signing-keys.ts';
import type { Writer } from './storage/metadata/metadata-store.ts';
import type { DueJobRow } from './storage/metadata/queries/jobs.ts';
import { RecordChecker } from './workers/check-records.ts';
import { Outbox } from './workers/outbox.ts';
import { JobRunner, retrievals, selects } from './workers/run-jobs.ts';
import { NotificationSender } from './workers/send-notifications.ts';
import { Sweep } from './workers/sweep.ts';
import { InventoryTaker } from './workers/take-inventories.ts';
import { type Worker, WorkerLoop, workerActor } from './workers/worker.ts';

/** InitiateJob waits this long for a job that can be ready at once. */
const jobPatienceMs = 250;
/** On the way down, what is running gets this long. */
const drainMs = 30_000;
/** Who moves a test clock waits this long for what has fallen due: select jobs need another server. */
const settlePatienceMs = 10_000;

export interface RunningServer {
  /** `http://host:port` */
  readonly address: string;
  readonly dataDirectory: string;
  readonly identity: Store['identity'];
  /** The key that was made at this start, to be shown once. */
  readonly firstKey: AccessKey | undefined;
  /** What had to be mended after a crash. */
  readonly recovery: Store['recovery'];
  /** Accepts nothing new, finishes what is running, and closes the store. */
  stop(): Promise<void>;
}

export interface Program {
  readonly version: string;
  readonly log: Log;
}

/** @throws ConfigError, StoreDamagedError with a sentence for the operator */
export async function startServer(config: Config, program: Program): Promise<RunningServer> {
  const store = await openStore(config);
  const notifying = await prepareNotifying(config, store);
  const running = makeWorkers(config, store, notifying.publisher, program.log);
  const { loops } = running;
  const listener = makeListener(config, store, program, { ...running, ...notifying });
  const stop = async () => {
    await listener.drain(drainMs);
    await Promise.all(loops.map((loop) => loop.stop()));
    await store.close();
  };
  const address = await listener.listen().catch(async (error) => {
    await stop();
    throw error;
  });
  notifying.reachableAt(config.publicUrl ?? new URL(address));
  for (const loop of loops) loop.start();
  const { directory: dataDirectory, identity, firstKey, recovery } = store;
  return { address, dataDirectory, identity, firstKey, recovery, stop };
}

interface Running {
  readonly loops: readonly WorkerLoop[];
  /** Those that who moves a test clock waits for. */
  readonly settlingLoops: readonly WorkerLoop[];
  readonly service: Service;
}

/** What sends notifications, and the certificate that proves where they came from. */
interface Notifying {
  readonly publisher: Publisher;
  readonly certificate: CertificateAndKey | undefined;
}

const certificatePath = '/_/signing-certificate.pem';

async function prepareNotifying(config: Config, { metadata, sealer, identity }: Store) {
  const { sns, webhooks, webhookSecret, outgoingAllow: allow } = config;
  const actor = workerActor('setup', identity.accountId);
  const certificate =
    webhooks.size === 0
      ? undefined
      : await requireSigningCertificate({ metadata, sealer }, actor, makeSigningCertificate);
  let certificateUrl = certificatePath;
  const publisher = createTopicPublisher({
    ...(sns && { sns }),
    webhooks,
    ...(webhookSecret !== undefined && { webhookSecret }),
    certificate,
    certificateUrl: () => certificateUrl,
    allow,
    clock: systemClock,
  });
  const reachableAt = (url: URL) => {
    certificateUrl = new URL(certificatePath, url).href;
  };
  return { publisher, certificate, reachableAt };
}

function makeWorkers(config: Config, store: Store, publisher: Publisher, log: Log): Running {
  const { clock, identity, metadata } = store;
  const workless = makeService(config, store, log);
  const { accountId, region } = identity;
  const outbox = new Outbox({ metadata, publisher, region, accountId, log });
  const senderLoop = new WorkerLoop(
    new NotificationSender({ outbox, publisher, clock, log }),
    clock,
    log,
  );
  const resultWriter = config.select && makeResultWriter(config.select, config.outgoingAllow);
  const completion = {
    record: async (tx: Writer, job: DueJobRow) => {
      await outbox.queue(tx, job);
    },
    committed: () => senderLoop.wake(),
  };
  const jobRunners = [retrievals, selects].map(
    (kind) => new JobRunner(kind, { ...workless, log, resultWriter }, completion),
  );
  const jobLoops = jobRunners.map((runner) => new WorkerLoop(runner, clock, log));
  const graceSeconds = config.removalGraceSeconds;
  const others: Worker[] = [new Sweep({ service: workless, accountId, graceSeconds })];
  others.push(new RecordChecker(workless));
  if (config.inventorySeconds > 0) others.push(new InventoryTaker(workless));
  const otherLoops = others.map((worker) => new WorkerLoop(worker, clock, log));
  const settlingLoops = [...jobLoops, ...otherLoops];
  const jobAdded = async (jobId: string) => {
    for (const loop of jobLoops) loop.wake();
    await Promise.race(jobRunners.map((runner) => runner.waitFor(jobId, jobPatienceMs)));
  };
  const service = { ...workless, jobAdded };
  return { loops: [...settlingLoops, senderLoop], settlingLoops, service };
}

function makeResultWriter(select: SelectConfig, allow: readonly string[]): OutputBucket {
  return new OutputBucket({ ...select, agent: guardedAgents(createAddressGuard({ allow })) });
}

function makeService(config: Config, store: Store, log: Log): Omit<Service, 'jobAdded'> {
  const { metadata, blobs, clock, identity, testClock, health } = store;
  const { region } = identity;
  const { retrievalSeconds, jobOutputSeconds, inventorySeconds, uploadIdleSeconds } = config;
  return {
    metadata,
    blobs,
    clock,
    ids: createIds(config.profile === 'aws'),
    settings: {
      region,
      retrievalSeconds,
      jobOutputSeconds,
      inventorySeconds,
      uploadIdleSeconds,
      isCapacityLimited: config.profile === 'aws',
      selectBucket: config.select?.bucket,
    },
    raiseAlarm: (name, message) => {
      const isNew = health.raise({ name, message, since: clock.now() });
      if (isNew) log.error({ alarm: name }, message);
    },
    faults: testClock && new Faults(),
  };
}

function makeListener(
  config: Config,
  store: Store,
  program: Program,
  running: Running & Notifying,
): Listener {
  const { metadata, sealer, clock, health, identity, testClock } = store;
  const { service, settlingLoops, certificate } = running;
  const { version, log } = program;
  const accessKeys = new AccessKeys({ metadata, sealer, clock });
  const settle = async () => {
    const waiting = new AbortController();
    const patience = systemClock.sleep(settlePatienceMs, waiting.signal);
    await Promise.race([Promise.all(settlingLoops.map((loop) => loop.settle())), patience]);
    waiting.abort();
  };
  const ownApi = createAdmin({
    service,
    sealer,
    health,
    version,
    profile: config.profile,
    operatorAccountId: identity.accountId,
    testClock: testClock && { clock: testClock, settle, inTurn: turns() },
  });
  return new Listener({
    ...config.listen,
    log,
    clock: systemClock,
    bodyIdleSeconds: config.bodyIdleSeconds,
    service,
    ownApi,
    documents: new Map([
      ['/openapi.json', jsonDocument(openApiDocument)],
      ['/_/openapi.json', jsonDocument(() => ownApi.document())],
      ...(certificate ? [[certificatePath, pemDocument(certificate)] as const] : []),
    ]),
    authenticator: {
      region: identity.region,
      clock: systemClock,
      skewSeconds: config.signatureSkewSeconds,
      signingKeys: new SigningKeys(),
      findKey: (accessKeyId, sessionToken) => accessKeys.find(accessKeyId, sessionToken),
    },
    unreadyReason: () => health.readOnlyReason && `read-only: ${health.readOnlyReason}`,
  });
}

/** Runs what it is given one after the other. */
function turns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  };
}

function jsonDocument(make: () => object): OpenDocument {
  return { type: 'application/json', text: () => JSON.stringify(make()) };
}

function pemDocument({ certificatePem }: CertificateAndKey): OpenDocument {
  return { type: 'application/x-pem-file', text: () => certificatePem };
}
