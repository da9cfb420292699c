import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Notification, Publisher } from '../notifications/publisher.ts';
import { makeSigningCertificate } from '../outgoing/signing-certificate.ts';
import { createTopicPublisher } from '../outgoing/topic-publisher.ts';
import {
  NotificationSender,
  type NotificationSenderOptions,
  type Outbox,
  type PendingNotification,
} from './send-notifications.ts';
import { WorkerLoop } from './worker.ts';

const topicArn = 'arn:aws:sns:us-west-2:111122223333:glacier-done';
const dayMs = 24 * 3_600_000;
const createdAt = Date.UTC(2026, 0, 5, 8, 18, 2, 377);

/** Time that passes when the test says so; waits end only when they are given up. */
class StoppedClock implements Clock {
  passedMs = 0;
  now = () => createdAt + this.passedMs;
  monotonic = () => this.passedMs;
  sleep = (_milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) resolve();
      signal?.addEventListener('abort', () => resolve());
    });
}

class MemoryOutbox implements Outbox {
  pending: PendingNotification[] = [];
  readonly told: string[] = [];
  readonly limits: number[] = [];
  failure: Error | undefined;

  async listPending(limit: number): Promise<PendingNotification[]> {
    this.limits.push(limit);
    return this.pending.slice(0, limit);
  }
  delivered = (id: string): Promise<void> => this.#settle(id, `delivered ${id}`);
  abandoned = (id: string, reason: string): Promise<void> =>
    this.#settle(id, `abandoned ${id}: ${reason}`);

  async #settle(id: string, sentence: string): Promise<void> {
    if (this.failure) throw this.failure;
    this.told.push(sentence);
    this.pending = this.pending.filter(({ notificationId }) => notificationId !== id);
  }
}

interface Answer {
  resolve: () => void;
  reject: (error: Error) => void;
}

function withResolvers(): Answer & { promise: Promise<void> } {
  let answer: Answer | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    answer = { resolve, reject };
  });
  return { promise, ...(answer as unknown as Answer) };
}

/** Receivers that answer when the test says so. */
class WaitingPublisher implements Publisher {
  readonly asked: string[] = [];
  readonly #open = new Map<string, Answer>();
  hasRoute = () => true;
  /** Each topic leads to a host of its own, but for those that name one. */
  targetOf = (topic: string) => topic.replace(/.*@/, '');

  async publish({ notificationId }: Notification, signal: AbortSignal): Promise<void> {
    this.asked.push(notificationId);
    const { promise, ...answer } = withResolvers();
    const stop = () => answer.reject(signal.reason as Error);
    this.#open.set(notificationId, answer);
    signal.addEventListener('abort', stop);
    await promise.finally(() => signal.removeEventListener('abort', stop));
  }

  get open(): string[] {
    return [...this.#open.keys()];
  }

  answer(notificationId: string, error?: Error): void {
    const { resolve, reject } = this.#open.get(notificationId) ?? {};
    this.#open.delete(notificationId);
    if (error) reject?.(error);
    else resolve?.();
  }
}

function pending(
  notificationId: string,
  { jobId = notificationId, topic = topicArn } = {},
): PendingNotification {
  return { notificationId, jobId, topicArn: topic, message: '{}', createdAt };
}

function arrange(options: Partial<NotificationSenderOptions> = {}) {
  const outbox = new MemoryOutbox();
  const publisher = new WaitingPublisher();
  const clock = new StoppedClock();
  const stop = new AbortController();
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { base: null, timestamp: false },
    { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const parts = { outbox, publisher, clock, log, random: () => 0 };
  const sender = new NotificationSender({ ...parts, ...options });
  const step = () => sender.step(stop.signal);
  return { outbox, publisher, clock, stop, lines, log, sender, step };
}

type Arranged = ReturnType<typeof arrange>;

/** A step in which every receiver that is asked gives the same answer. */
async function stepAnswering({ publisher, step }: Arranged, error?: Error) {
  const result = step();
  await settle();
  for (const id of publisher.open) publisher.answer(id, error);
  return result;
}

/** Lets everything happen that waits for nothing. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

it('sends what is pending, and then has nothing to do', async () => {
  const arranged = arrange();
  expect(await arranged.step()).toBe('idle');
  arranged.outbox.pending = [pending('a')];
  expect(await stepAnswering(arranged)).toBe('worked');
  expect(await arranged.step()).toBe('idle');
  expect(arranged.publisher.asked).toEqual(['a']);
  expect(arranged.outbox.told).toEqual(['delivered a']);
  expect(arranged.lines).toEqual([]);
});

describe('order', () => {
  it('is kept for one job and topic, and for nothing else', async () => {
    const arranged = arrange();
    const { outbox, publisher } = arranged;
    outbox.pending = [
      pending('first', { jobId: 'job' }),
      pending('second', { jobId: 'job' }),
      pending('other job'),
      pending('other topic', { jobId: 'job', topic: `${topicArn}-2` }),
    ];
    await stepAnswering(arranged, new Error('not now'));
    expect(publisher.asked).toEqual(['first', 'other job', 'other topic']);
    expect(await arranged.step()).toBe('idle');
    arranged.clock.passedMs = 1_000;
    await stepAnswering(arranged);
    expect(publisher.asked.slice(3)).toEqual(['first', 'other job', 'other topic']);
    await stepAnswering(arranged);
    expect(publisher.asked.slice(6)).toEqual(['second']);
    expect(outbox.told.at(-1)).toBe('delivered second');
  });

  it('goes on when the first has been abandoned', async () => {
    const arranged = arrange();
    arranged.outbox.pending = ['first', 'second'].map((id) => pending(id, { jobId: 'job' }));
    arranged.clock.passedMs = dayMs;
    await stepAnswering(arranged, new Error('gone'));
    await stepAnswering(arranged);
    expect(arranged.outbox.told).toEqual(['abandoned first: gone', 'delivered second']);
  });
});

describe('a failure', () => {
  it('is logged once, with what an operator needs', async () => {
    const arranged = arrange();
    arranged.outbox.pending = [pending('a')];
    await stepAnswering(arranged, new Error('The receiver answered 503'));
    arranged.clock.passedMs = 1_000;
    await stepAnswering(arranged, new Error('x'.repeat(1_000)));
    const failure = { level: 40, notificationId: 'a', topicArn, msg: 'notification not delivered' };
    expect(arranged.lines).toEqual([
      { ...failure, attempt: 1, reason: 'The receiver answered 503' },
      { ...failure, attempt: 2, reason: 'x'.repeat(300) },
    ]);
    expect(arranged.outbox.told).toEqual([]);
  });

  it('at several addresses has a reason too', async () => {
    const arranged = arrange();
    arranged.outbox.pending = [pending('a')];
    const code = { code: 'ECONNREFUSED' };
    await stepAnswering(arranged, Object.assign(new AggregateError([]), code));
    expect(arranged.lines).toMatchObject([{ reason: 'ECONNREFUSED' }]);
  });

  it.each([
    ['half of it', 0, 0.5],
    ['nearly all of it', 1 - Number.EPSILON, 1],
  ])(
    'is followed by a pause from 1 s doubling to 10 min, by chance %s',
    async (_, random, part) => {
      const arranged = arrange({ random: () => random });
      const { outbox, publisher, clock } = arranged;
      outbox.pending = [pending('a')];
      await stepAnswering(arranged, new Error('no'));
      for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]) {
        const tries = publisher.asked.length;
        clock.passedMs = Math.ceil(clock.passedMs + seconds * 1_000 * part) - 1;
        expect(await arranged.step()).toBe('idle');
        clock.passedMs += 1;
        expect(await stepAnswering(arranged, new Error('no'))).toBe('worked');
        expect(publisher.asked).toHaveLength(tries + 1);
      }
    },
  );

  it('is the last when the day ends, and then abandons', async () => {
    const arranged = arrange();
    const { outbox, publisher, clock, lines } = arranged;
    outbox.pending = [pending('a')];
    clock.passedMs = dayMs - 10;
    await stepAnswering(arranged, new Error('no'));
    expect(outbox.told).toEqual([]);
    clock.passedMs = dayMs - 1;
    expect(await arranged.step()).toBe('idle');
    clock.passedMs = dayMs;
    await stepAnswering(arranged, new Error('gone'));
    expect(outbox.told).toEqual(['abandoned a: gone']);
    expect(await arranged.step()).toBe('idle');
    expect(publisher.asked).toHaveLength(2);
    expect(lines).toMatchObject([
      { msg: 'notification not delivered', attempt: 1, reason: 'no' },
      { msg: 'notification abandoned', attempt: 2, reason: 'gone' },
    ]);
  });

  it('does not abandon what is older than a day before it was tried', async () => {
    const arranged = arrange();
    arranged.outbox.pending = [pending('a')];
    arranged.clock.passedMs = 2 * dayMs;
    await stepAnswering(arranged);
    expect(arranged.outbox.told).toEqual(['delivered a']);
  });
});

describe('side by side', () => {
  it('are sixteen', async () => {
    const arranged = arrange();
    const { outbox, publisher } = arranged;
    const topicOf = (index: number) => ({ topic: `${topicArn}-${index % 10}` });
    outbox.pending = Array.from({ length: 40 }, (_, index) => pending(`${index}`, topicOf(index)));
    const worked = arranged.step();
    await settle();
    expect(publisher.open).toHaveLength(16);
    publisher.answer('0');
    publisher.answer('1');
    await worked;
    const next = arranged.step();
    await settle();
    expect(publisher.open).toHaveLength(16);
    publisher.answer('2');
    await next;
    expect(outbox.told).toEqual(['delivered 0', 'delivered 1', 'delivered 2']);
  });

  it('are four of one host, whatever their topics, so that the others go on', async () => {
    const { outbox, publisher, step } = arrange();
    const topicOf = (index: number) => ({ topic: `${topicArn}-${index}@silent` });
    outbox.pending = Array.from({ length: 20 }, (_, index) => pending(`${index}`, topicOf(index)));
    outbox.pending.push(pending('other'));
    const worked = step();
    await settle();
    expect(publisher.open).toEqual(['0', '1', '2', '3', 'other']);
    publisher.answer('other');
    await worked;
  });

  it('are four of one topic, so that the others go on', async () => {
    const arranged = arrange();
    const { outbox, publisher } = arranged;
    outbox.pending = Array.from({ length: 40 }, (_, index) => pending(`${index}`));
    outbox.pending.push(pending('other', { topic: `${topicArn}-2` }));
    const worked = arranged.step();
    await settle();
    expect(publisher.open).toEqual(['0', '1', '2', '3', 'other']);
    publisher.answer('other');
    await worked;
    expect(outbox.told).toEqual(['delivered other']);
  });

  it('are also those behind many that wait for their next try', async () => {
    const arranged = arrange();
    const { outbox, publisher } = arranged;
    const topicOf = (index: number) => ({ topic: `${topicArn}-${index}` });
    outbox.pending = Array.from({ length: 250 }, (_, index) => pending(`${index}`, topicOf(index)));
    for (let steps = 0; steps < 16; steps += 1) await stepAnswering(arranged, new Error('no'));
    expect(publisher.asked).toHaveLength(250);
    expect(Math.max(...outbox.limits)).toBeLessThanOrEqual(2_000);
  });
});

describe('a stop', () => {
  it('gives up what is in flight, unacknowledged and unlogged', async () => {
    const arranged = arrange();
    const { outbox, publisher, stop, lines, log } = arranged;
    outbox.pending = [pending('a'), pending('b')];
    const worked = arranged.step();
    await settle();
    stop.abort(new Error('stopping'));
    expect(await worked).toBe('worked');
    expect(outbox.told).toEqual([]);
    expect(lines).toEqual([]);
    const next = arrange({ outbox, publisher, log });
    await stepAnswering({ ...next, publisher });
    expect(publisher.asked).toEqual(['a', 'b', 'a', 'b']);
  });

  it('begins nothing more', async () => {
    const arranged = arrange();
    arranged.outbox.pending = [pending('a')];
    arranged.stop.abort();
    expect(await arranged.step()).toBe('idle');
    expect(arranged.publisher.asked).toEqual([]);
  });

  it('after a failure leads to a first try at once', async () => {
    const arranged = arrange();
    const { outbox } = arranged;
    outbox.pending = [pending('a')];
    await stepAnswering(arranged, new Error('no'));
    expect(await arranged.step()).toBe('idle');
    const publisher = new WaitingPublisher();
    await stepAnswering({ ...arrange({ outbox, publisher }), publisher });
    expect(publisher.asked).toEqual(['a']);
  });
});

describe('an outbox', () => {
  it('that fails is told again, and nothing is sent twice for it', async () => {
    const arranged = arrange();
    const { outbox, publisher } = arranged;
    outbox.pending = [pending('a')];
    outbox.failure = new Error('The store is read-only');
    await stepAnswering(arranged);
    await expect(arranged.step()).rejects.toThrow('The store is read-only');
    await stepAnswering(arranged);
    await expect(arranged.step()).rejects.toThrow('The store is read-only');
    outbox.failure = undefined;
    expect(await arranged.step()).toBe('worked');
    expect(outbox.told).toEqual(['delivered a']);
    expect(publisher.asked).toEqual(['a']);
    expect(await arranged.step()).toBe('idle');
  });

  it('that cannot be read is a failure of the step, when nothing is in flight any more', async () => {
    const arranged = arrange();
    const { outbox, publisher } = arranged;
    outbox.pending = [pending('a'), pending('b')];
    const worked = arranged.step();
    await settle();
    publisher.answer('a');
    await worked;
    outbox.listPending = () => Promise.reject(new Error('The store is damaged'));
    const failed = expect(arranged.step()).rejects.toThrow('The store is damaged');
    await settle();
    expect(publisher.open).toEqual(['b']);
    publisher.answer('b');
    await failed;
    expect(outbox.told).toEqual(['delivered a', 'delivered b']);
  });

  it('that still shows what has just been delivered causes no second message', async () => {
    const arranged = arrange();
    const { outbox, publisher } = arranged;
    outbox.pending = [pending('a'), pending('b')];
    const worked = arranged.step();
    await settle();
    publisher.answer('a');
    await worked;
    outbox.listPending = async () => {
      const stale = outbox.pending;
      publisher.answer('b');
      await settle();
      return stale;
    };
    expect(await arranged.step()).toBe('idle');
    expect(publisher.asked).toEqual(['a', 'b']);
    expect(outbox.told).toEqual(['delivered a', 'delivered b']);
  });
});

it('brings everything to a real receiver, through its failures and a restart', async () => {
  const { log, outbox } = arrange();
  const counts = new Map<string, number>();
  const server = http.createServer((request, response) => {
    const id = String(request.headers['x-amz-sns-message-id']);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    response.writeHead(request.resume() && counts.get(id) === 1 ? 503 : 200).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const publisher = createTopicPublisher({
    webhooks: new Map([[topicArn, url]]),
    certificate: await makeSigningCertificate(),
    certificateUrl: () => url.href,
    allow: ['127.0.0.0/8'],
    clock: systemClock,
  });
  /** Every wait is over at once, and every look is a second later. */
  let passedMs = 0;
  const clock: Clock = {
    now: () => createdAt + passedMs,
    monotonic: () => passedMs,
    sleep: async () => {
      passedMs += 1_000;
      await systemClock.sleep(1);
    },
  };
  const start = () => {
    const loop = new WorkerLoop(
      new NotificationSender({ outbox, publisher, clock, log }),
      clock,
      log,
    );
    loop.start();
    return loop;
  };

  outbox.pending = Array.from({ length: 30 }, (_, index) => pending(`id-${index}`));
  const first = start();
  while (outbox.told.length < 5) await systemClock.sleep(1);
  await first.stop();
  const second = start();
  while (outbox.pending.length > 0) await systemClock.sleep(1);
  await second.stop();
  server.close();
  expect([...outbox.told].sort()).toEqual(
    Array.from({ length: 30 }, (_, index) => `delivered id-${index}`).sort(),
  );
  expect(Math.min(...counts.values())).toBe(2);
});
