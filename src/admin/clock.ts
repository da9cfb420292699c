/** The test clock: moved through hours in milliseconds, with all that falls due on the way. */
import { z } from '@hono/zod-openapi';
import { GlacierError, invalidParameter } from '../api/errors.ts';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import type { TestClock, TestClockState } from '../lib/test-clock.ts';
import { findNextInventoryStart, findNextJobTime } from '../storage/metadata/queries/clock.ts';
import { type AdminCall, type AdminRow, adminRow, answer, type TestClockControl } from './route.ts';

/** Dates that ISO strings can show and JavaScript can hold. */
const latestTime = Date.UTC(9999, 0, 1);

const clockShape = z
  .object({
    isTestClock: z.boolean(),
    time: z.string(),
    /** By which vault locks and the age of archives are judged. */
    lockTime: z.string(),
    state: z.enum(['running', 'frozen']),
  })
  .openapi('Clock');

const clockRow = (
  row: Pick<AdminRow, 'name' | 'summary'> & { path: `/_/clock/${string}` },
  move: (call: AdminCall, control: TestClockControl) => Promise<void>,
) =>
  adminRow({
    ...row,
    method: 'post',
    permitted: 'operator',
    answer: answer(clockShape),
    handle: (_input, call) => moving(call, (control) => move(call, control)),
  });

export const clockRows: readonly AdminRow[] = [
  adminRow({
    name: 'GetClock',
    method: 'get',
    path: '/_/clock',
    summary: 'What time it is for the store.',
    permitted: 'anybody',
    answer: answer(clockShape),
    handle: async (_input, call) => describeClock(call),
  }),
  adminRow({
    name: 'AdvanceClock',
    method: 'post',
    path: '/_/clock/advance',
    summary: 'Moves a test clock ahead, through all that falls due on the way.',
    permitted: 'operator',
    body: z.object({ seconds: z.number().positive() }),
    answer: answer(clockShape),
    handle: ({ body }, call) =>
      moving(call, (control) => moveTo(call, control, control.clock.now() + body.seconds * 1000)),
  }),
  adminRow({
    name: 'SetClock',
    method: 'post',
    path: '/_/clock/set',
    summary: 'Sets a test clock. Ahead it goes through all that falls due; back it jumps.',
    permitted: 'operator',
    body: z.object({ time: z.iso.datetime({ offset: true }) }),
    answer: answer(clockShape),
    handle: ({ body }, call) =>
      moving(call, (control) => moveTo(call, control, Date.parse(body.time))),
  }),
  clockRow(
    { name: 'FreezeClock', path: '/_/clock/freeze', summary: 'Stops a test clock.' },
    (call, { clock }) => enter(call, clock, clock.frozenState()),
  ),
  clockRow(
    { name: 'RunClock', path: '/_/clock/run', summary: 'Lets a test clock run on.' },
    (call, { clock }) => enter(call, clock, clock.runningState()),
  ),
];

/** @throws GlacierError BadRequest on a store that is in earnest */
function requireTestClock({ testClock }: AdminCall): TestClockControl {
  if (testClock) return testClock;
  throw new GlacierError('BadRequest', 'This store has no test clock');
}

/** One move after the other, so that each begins where the one before has ended. */
async function moving(call: AdminCall, move: (control: TestClockControl) => Promise<void>) {
  const control = requireTestClock(call);
  return control.inTurn(async () => {
    await move(control);
    return describeClock(call);
  });
}

/**
 * The goal is recorded first, so that a restart does not fall back behind what was done on the way.
 */
async function moveTo(call: AdminCall, control: TestClockControl, time: Milliseconds) {
  if (time < 0 || time > latestTime) throw invalidParameter('Invalid time: out of range');
  const { clock } = control;
  const goal = clock.stateAt(time);
  await record(call, goal);
  // What was due before has its own time.
  await control.settle();
  for (;;) {
    const next = await nextDueTime(call, clock.now());
    if (next === undefined || next >= time) break;
    clock.enter(clock.stateAt(next));
    await control.settle();
  }
  clock.enter(goal);
  await control.settle();
}

/** When a job or an inventory that waits becomes due, later than `now`. */
async function nextDueTime({ service }: AdminCall, now: Milliseconds) {
  const { metadata, settings } = service;
  const ageMs = settings.inventorySeconds * 1000;
  const job = await metadata.read((tx) => tx.first(findNextJobTime, { now }));
  const inventory =
    ageMs === 0
      ? undefined
      : await metadata.read((tx) => tx.first(findNextInventoryStart, { since: now - ageMs }));
  const times = [job?.time, inventory && inventory.time + ageMs].filter((it) => it !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** At once, for a moment later the time would be another one; recorded before it is answered. */
async function enter(call: AdminCall, clock: TestClock, state: TestClockState): Promise<void> {
  const before = clock.state;
  clock.enter(state);
  try {
    await record(call, state);
  } catch (error) {
    clock.enter(before);
    throw error;
  }
}

function record({ service, actor }: AdminCall, { offsetMs, frozenAt }: TestClockState) {
  const data = frozenAt === undefined ? { offsetMs } : { offsetMs, frozenAt: toIsoDate(frozenAt) };
  return service.metadata.write(actor, (tx) => tx.record({ kind: 'ClockSet', data }));
}

function describeClock({ service, testClock }: AdminCall) {
  const isFrozen = testClock?.clock.state.frozenAt !== undefined;
  return {
    isTestClock: testClock !== undefined,
    time: toIsoDate(service.clock.now()),
    lockTime: toIsoDate(service.metadata.lockNow()),
    state: isFrozen ? 'frozen' : 'running',
  };
}
