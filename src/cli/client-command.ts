/**
 * What all commands that talk to a server have in common: the options of the connection, help with
 * examples, one sentence on standard error when something is wrong, and the exit codes of `CliError`.
 *
 * Whatever signs and sends is loaded when a command runs, so that help costs nothing.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AdminClient } from './admin-client.ts';
import { CliError } from './cli-error.ts';
import { type ConnectionOptions, defaultEndpoint, defaultRegion } from './connection.ts';
import { createPrinter, type Printer } from './print.ts';

export interface ClientOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** What an action is given before its arguments. */
export interface ClientContext<Options = unknown> {
  readonly client: AdminClient;
  readonly printer: Printer;
  readonly options: Options & ClientOptions;
}

/** Of the commands that act on one account. */
export type AccountContext<Options = unknown> = ClientContext<Options & { account: string }>;

/** A command that only holds others. */
export function commandGroup(parent: Command, name: string, description: string): Command {
  return speakAsFirn(parent.command(name).description(description));
}

/**
 * A command that asks the server.
 * @param usage name and arguments, as in `create [ID]`
 * @param examples command lines for the end of its help, at least one
 */
export function clientCommand(
  parent: Command,
  usage: string,
  description: string,
  ...examples: readonly string[]
): Command {
  const command = parent.command(usage).description(description);
  const title = examples.length === 1 ? 'Example' : 'Examples';
  const lines = examples.map((example) => `  ${example}\n`).join('');
  command.addHelpText('after', `\n${title}:\n${lines}`.trimEnd());
  return addConnectionOptions(speakAsFirn(command));
}

/** Adds `--json`, `--endpoint` and `--region`: the fields of `ClientOptions`. */
export function addConnectionOptions(command: Command): Command {
  // NOTE Groups are shown in the order of their first options: `--json` keeps the connection last.
  command.option('--json', 'one JSON value on standard output, for programs');
  const regionSources = 'FIRN_REGION, AWS_REGION, AWS_DEFAULT_REGION';
  const connection = [
    new Option('--endpoint <URL>', `the server (FIRN_ENDPOINT; default: ${defaultEndpoint})`),
    new Option('--region <NAME>', `of the server (${regionSources}; default: ${defaultRegion})`),
  ];
  for (const option of connection) command.addOption(option.helpGroup('Connection:'));
  return command.addHelpText('after', credentialsHelp);
}

const credentialsHelp = `
The access key is read from FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY (each
also with _FILE), or from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
AWS_SESSION_TOKEN.`;

/** A command on one account: `clientCommand` with the option `--account`. */
export function accountCommand(...definition: Parameters<typeof clientCommand>): Command {
  return clientCommand(...definition).option(
    '--account <ID>',
    "12 digits, or - for the caller's own",
    checkAccount,
    '-',
  );
}

function checkAccount(text: string): string {
  if (text === '-' || /^[0-9]{12}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 12 digits, or - for your own.');
}

/**
 * Makes the action of a command that asks the server: connects, runs `act`, and explains a
 * `CliError`; any other error is a defect and goes on to the caller.
 */
export function withClient<Options, Arguments extends unknown[]>(
  act: (context: ClientContext<Options>, ...given: Arguments) => Promise<void>,
): (...received: unknown[]) => Promise<void> {
  return (...received) =>
    orExplain(async () => {
      // Commander hands over the arguments, then the options, then the command.
      const options = received.at(-2) as Options & ClientOptions;
      const [{ readConnection }, { AdminClient }] = await Promise.all([
        import('./connection.ts'),
        import('./admin-client.ts'),
      ]);
      const client = new AdminClient(readConnection(options, process.env));
      const printer = createPrinter(options.json === true, process, process.env);
      await act({ client, printer, options }, ...(received.slice(0, -2) as Arguments));
    });
}

/** Runs `work`; a `CliError` becomes its sentence and its exit code. */
export async function orExplain(work: () => Promise<void>): Promise<void> {
  process.stdout.on('error', leaveWhenNobodyReads);
  try {
    await work();
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    process.stderr.write(`firn: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } finally {
    process.stdout.off('error', leaveWhenNobodyReads);
  }
}

/** The reader of the pipe has seen enough (`firn … | head`): no reason to complain. */
export function leaveWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}

/** Errors of the arguments in one sentence, like all others, with the way to the help. */
export function speakAsFirn(command: Command): Command {
  return command.configureOutput({
    outputError: (text, write) => {
      const sentence = text
        .trim()
        .replace(/^error: /, '')
        .replaceAll(/\s*\n\s*/g, ' ');
      write(`firn: ${sentence} (see ${pathOfCommand(command)} --help)\n`);
    },
  });
}

function pathOfCommand(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${pathOfCommand(parent)} ${command.name()}`;
}
