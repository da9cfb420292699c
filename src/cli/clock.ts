/** `firn clock`: what time the store believes it is, and moving it where it may be moved. */
import { type Command, InvalidArgumentError } from 'commander';
import { type ClientContext, clientCommand, commandGroup, withClient } from './client-command.ts';
import { parseDuration } from './duration.ts';
import { pathOf } from './path.ts';
import type { Printer } from './print.ts';

interface ClockState {
  readonly isTestClock: boolean;
  readonly time: string;
  readonly lockTime: string;
  readonly state: 'running' | 'frozen';
}

const aboutTestClocks = `
Only a store that was made with firn serve --test-clock has a clock that can be
moved, and only the operator may move it. Signatures are always judged by the
real time, everything else by this clock, and the age of archives under a vault
lock by the lock time.`;

export function addClockCommands(program: Command): void {
  const clock = commandGroup(program, 'clock', 'the time of the store, and moving a test clock');
  clock.addHelpText('after', aboutTestClocks);
  clientCommand(clock, 'show', 'what time it is', 'firn clock show').action(withClient(showClock));
  addAdvance(clock);
  addSet(clock);
  clientCommand(clock, 'freeze', 'stop the clock', 'firn clock freeze').action(
    withClient((context) => changeClock(context, 'freeze')),
  );
  clientCommand(clock, 'run', 'let the clock go on from where it is', 'firn clock run').action(
    withClient((context) => changeClock(context, 'run')),
  );
}

function addAdvance(clock: Command): void {
  const description = 'go ahead; what falls due on the way is done, each at its time';
  clientCommand(clock, 'advance', description, 'firn clock advance 4h', 'firn clock advance 1d12h')
    .argument('<DURATION>', '90s, 15m, 4h, 3d, 2w, 250ms, sums like 1d12h, or seconds', readAdvance)
    .action(
      withClient((context, milliseconds: number) =>
        changeClock(context, 'advance', { seconds: milliseconds / 1_000 }),
      ),
    );
}

function addSet(clock: Command): void {
  const examples = ['firn clock set 2031-01-01', 'firn clock set 2031-01-01T08:15:30Z'];
  clientCommand(clock, 'set', 'set the clock to a time', ...examples)
    .argument(
      '<TIME>',
      'ISO 8601 with Z or an offset; a date alone is its midnight in UTC',
      readTime,
    )
    .action(withClient((context, time: string) => changeClock(context, 'set', { time })));
}

export function readAdvance(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('It must be a length of time such as 90s, 15m, 4h, 3d or 1d12h.');
}

const timePattern = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** A local time without an offset is refused: it would mean another moment on another machine. */
export function readTime(text: string): string {
  const date = timePattern.exec(text)?.[1];
  const time = new Date(text);
  if (date === undefined || Number.isNaN(time.getTime()) || !isDay(date)) {
    throw new InvalidArgumentError(
      'It must be a time such as 2031-01-01T08:15:30Z, or a date such as 2031-01-01.',
    );
  }
  return time.toISOString();
}

/** NOTE V8 reads 30 February as 2 March. */
function isDay(date: string): boolean {
  const midnight = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}

async function showClock({ client, printer }: ClientContext): Promise<void> {
  show(printer, await client.request<ClockState>('GET', pathOf('clock')));
}

async function changeClock(
  { client, printer }: ClientContext,
  change: 'advance' | 'set' | 'freeze' | 'run',
  body?: object,
): Promise<void> {
  show(printer, await client.request<ClockState>('POST', pathOf('clock', change), body));
}

function show(printer: Printer, clock: ClockState): void {
  printer.facts(clock, {
    time: clock.time,
    'lock time': clock.lockTime,
    clock: clock.isTestClock ? `test clock, ${clock.state}` : "the machine's",
  });
}
