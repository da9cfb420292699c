/** `firn faults`: lets a server with a test clock fail on purpose, to try what a client does then. */
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { errorTable } from '../api/errors.ts';
import { UsageError } from './cli-error.ts';
import { type ClientContext, clientCommand, commandGroup, withClient } from './client-command.ts';
import { parseDuration } from './duration.ts';
import { pathOf } from './path.ts';
import type { Column } from './print.ts';

/** As the interface has it. */
export type Fault =
  | { readonly kind: 'error'; readonly code: string; readonly message?: string | undefined }
  | { readonly kind: 'break'; readonly afterBytes: number }
  | { readonly kind: 'corrupt'; readonly atByte: number }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'fail-job'; readonly reason?: string | undefined };

interface SetFault {
  readonly faultId: string;
  /** null: any. */
  readonly operation: string | null;
  readonly vaultName: string | null;
  /** How many requests it will still meet. */
  readonly remaining: number;
  readonly fault: Fault;
}

interface Matching {
  readonly operation?: string;
  readonly vault?: string;
  readonly count?: number;
}

const columns: readonly Column<SetFault>[] = [
  { title: 'ID', cell: ({ faultId }) => String(faultId) },
  { title: 'LEFT', cell: ({ remaining }) => String(remaining) },
  { title: 'OPERATION', cell: ({ operation }) => operation ?? 'any' },
  { title: 'VAULT', cell: ({ vaultName }) => vaultName ?? 'any' },
  { title: 'FAULT', cell: ({ fault }) => describeFault(fault) },
];

const aboutFaults = `
Only on a store that was made with firn serve --test-clock, and for the operator
alone. A fault meets the next requests that are properly signed, of its operation
and vault if it names them; when it has met --count of them it is gone.`;

export function addFaultCommands(program: Command): void {
  const faults = commandGroup(program, 'faults', 'failures on purpose, to try a client with');
  faults.addHelpText('after', aboutFaults);
  addAdditions(commandGroup(faults, 'add', 'let the next requests fail in one of five ways'));
  clientCommand(faults, 'list', 'list the faults that still wait', 'firn faults list').action(
    withClient(listFaults),
  );
  const clearing = ['firn faults clear', 'firn faults clear 7'];
  clientCommand(faults, 'clear', 'take one fault back, or all', ...clearing)
    .argument('[ID]', 'as in firn faults list; left out: all')
    .action(withClient(clearFaults));
}

function addAdditions(add: Command): void {
  addError(add);
  addDelay(add);
  const breaking = 'break the connection within the body of the answer';
  addKind(add, 'break', breaking, 'firn faults add break 1000000 --operation GetJobOutput')
    .argument('<BYTES>', 'after so many of them', readCount)
    .action(adding((_options, afterBytes: number) => ({ kind: 'break', afterBytes })));
  const corrupting = 'flip one bit in the output of a job';
  addKind(add, 'corrupt', corrupting, 'firn faults add corrupt 0 --vault photos')
    .argument('<BYTE>', 'in which byte of the output; the first is 0', readCount)
    .action(adding((_options, atByte: number) => ({ kind: 'corrupt', atByte })));
  addKind(add, 'fail-job', 'let the next jobs fail', 'firn faults add fail-job --vault photos')
    .option('--reason <TEXT>', 'why, as the journal will tell it')
    .action(adding<{ reason?: string }>(({ reason }) => ({ kind: 'fail-job', reason })));
}

function addError(add: Command): void {
  const example = 'firn faults add error ThrottlingException --operation UploadArchive --count 3';
  addKind(add, 'error', 'answer with an error', example)
    .addArgument(new Argument('<CODE>', 'of the error').choices(Object.keys(errorTable)))
    .option('--message <TEXT>', 'of the error')
    .action(
      adding<{ message?: string }, string>(({ message }, code) => ({
        kind: 'error',
        code,
        message,
      })),
    );
}

function addDelay(add: Command): void {
  addKind(add, 'delay', 'answer late', 'firn faults add delay 30s --operation DescribeJob')
    .argument('<DURATION>', '250ms, 30s, 5m, or plain seconds', readDelay)
    .action(adding((_options, milliseconds: number) => ({ kind: 'delay', milliseconds })));
}

/** A command that adds a fault of one kind, with the options that say what it meets. */
function addKind(add: Command, name: Fault['kind'], description: string, example: string): Command {
  return clientCommand(add, name, description, example)
    .option('--operation <NAME>', 'requests of this operation only, such as GetJobOutput')
    .option('--vault <NAME>', 'requests about this vault only')
    .option('--count <N>', 'how many requests (default: 1)', readCount);
}

function adding<Options, Given = never>(
  makeFault: (options: Options, given: Given) => Fault,
): ReturnType<typeof withClient> {
  return withClient(async (context: ClientContext<Options & Matching>, given: Given) => {
    const { client, printer, options } = context;
    await checkOperation(options.operation);
    const { operation, vault: vaultName, count } = options;
    const fault = makeFault(options, given);
    const body = { operation, vaultName, count, fault };
    const set = await client.request<SetFault>('POST', pathOf('faults'), body);
    printer.facts(set, {
      id: String(set.faultId),
      fault: describeFault(set.fault),
      operation: set.operation ?? 'any',
      vault: set.vaultName ?? 'any',
      left: String(set.remaining),
    });
  });
}

async function checkOperation(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const { operations } = await import('../api/operations.ts');
  if (Object.hasOwn(operations, name)) return;
  const names = Object.keys(operations);
  const meant = names.find((it) => it.toLowerCase() === name.toLowerCase());
  const next = meant === undefined ? `use one of ${names.join(', ')}` : `did you mean ${meant}?`;
  throw new UsageError(`--operation: there is no ${JSON.stringify(name)}: ${next}`);
}

async function listFaults({ client, printer }: ClientContext): Promise<void> {
  const answer = await client.request<{ faults: SetFault[] }>('GET', pathOf('faults'));
  printer.table(answer, { columns, rows: answer.faults, whenEmpty: 'There are no faults.' });
}

async function clearFaults(
  { client, printer }: ClientContext,
  faultId: string | undefined,
): Promise<void> {
  await client.request(
    'DELETE',
    faultId === undefined ? pathOf('faults') : pathOf('faults', faultId),
  );
  printer.done(
    faultId === undefined ? 'There are no faults any more.' : `Fault ${faultId} is gone.`,
  );
}

export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'error':
      return `error ${fault.code}${withText(fault.message)}`;
    case 'break':
      return `break after ${fault.afterBytes} bytes`;
    case 'corrupt':
      return `corrupt byte ${fault.atByte}`;
    case 'delay':
      return `delay of ${fault.milliseconds} ms`;
    case 'fail-job':
      return `fail the job${withText(fault.reason)}`;
  }
}

function withText(text: string | null | undefined): string {
  return text ? `: ${text}` : '';
}

function readCount(text: string): number {
  const count = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new InvalidArgumentError('It must be a whole number.');
}

function readDelay(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new InvalidArgumentError('It must be a length of time such as 250ms, 30s or 5m.');
}
