/** The program: reads the arguments and opens one door. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { addClientCommands } from './cli/program.ts';
import { ConfigError, environmentName, readConfig, unknownVariables } from './config.ts';
import { createLog, type Log } from './lib/log.ts';
import { addAuditCommands } from './offline/audit.ts';
import { type RunningServer, startServer } from './server.ts';
import { type SettingName, settings } from './settings.ts';
import { StoreDamagedError } from './storage/store-errors.ts';

/** Exit codes: 1 for what went wrong, 2 for how it was called. */
const failed = 1;
const misused = 2;

const version = readVersion();

const program = new Command('firn')
  .description('Firn: the Glacier API on your own disks')
  .version(version)
  .exitOverride();

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const serveCommand = program
  .command('serve')
  .description('run the server')
  .option('--config FILE', 'TOML file with the same settings');
for (const [name, setting] of Object.entries(settings)) {
  if ('isSecret' in setting) continue;
  const argument = 'isSwitch' in setting ? '' : ` <${setting.argument}>`;
  const option = new Option(`--${name}${argument}`, setting.doc);
  option.helpGroup('Settings:');
  if (name === 'data-dir' || 'isList' in setting)
    option.argParser((value, before: string[] | undefined) => [...(before ?? []), value]);
  serveCommand.addOption(option);
}
serveCommand.addHelpText('after', () => {
  const secrets = Object.entries(settings).filter(([, setting]) => 'isSecret' in setting);
  const lines = secrets.map(
    ([name, setting]) => `  ${environmentName(name as SettingName)}[_FILE]  ${setting.doc}`,
  );
  return `\nEvery setting is an environment variable too (--data-dir: FIRN_DATA_DIR). By environment only:\n${lines.join('\n')}`;
});
serveCommand.action(serve);
addAuditCommands(program);
addClientCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}

/** Says what went wrong, in a sentence where it is the operator's to mend. Returns the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misused;
  const isForOperator = error instanceof ConfigError || error instanceof StoreDamagedError;
  const isFromSystem = error instanceof Error && 'syscall' in error;
  const text = isForOperator || isFromSystem ? (error as Error).message : (error as Error).stack;
  process.stderr.write(`firn: ${text}\n`);
  return error instanceof ConfigError ? misused : failed;
}

async function serve(_options: unknown, command: Command): Promise<void> {
  process.umask(0o077);
  const { config: file, ...options } = command.opts();
  const flags = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [toKebabCase(key), value]),
  );
  const config = readConfig({ flags, environment: process.env, file });
  const isForPerson = process.stdout.isTTY === true;
  const log = createLog(isForPerson);
  dieLoudly(log);
  for (const name of unknownVariables(process.env)) log.warn(`${name} is not a setting of Firn`);
  if (process.getuid?.() === 0) log.warn('running as root: use a user of its own for the store');
  const server = await startServer(config, { version, log });
  stopOnSignal(server, log);
  logRecovery(server, log);
  if (isForPerson) process.stdout.write(welcome(server));
  else logStart(server, log);
}

function toKebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** An error that nobody has caught leaves the process in a state that nobody knows. */
function dieLoudly(log: Log): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: Error) => {
      log.fatal({ error: { message: error.message, stack: error.stack } }, event);
      process.exit(failed);
    });
  }
}

function stopOnSignal(server: RunningServer, log: Log): void {
  const stop = () => {
    log.info('stopping');
    server.stop().then(
      () => process.exit(0),
      (error: Error) => {
        log.fatal({ error: { message: error.message, stack: error.stack } }, 'stopping failed');
        process.exit(failed);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** A crash leaves traces; what was done about them is said at the next start. */
function logRecovery({ recovery }: RunningServer, log: Log): void {
  const { replayedEntries, tornBytes, isViewReplaced } = recovery;
  if (tornBytes > 0) log.warn({ tornBytes }, 'the torn end of the journal was set aside');
  if (isViewReplaced) log.warn('view.sqlite was damaged: set aside and made anew');
  if (replayedEntries > 0) log.info({ replayedEntries }, 'journal entries were applied again');
}

/** What to type next: a vault, an archive, and what is there. */
function nextCommands({ address }: RunningServer): string[] {
  const aws = (command: string) =>
    `aws --endpoint-url ${address} glacier ${command} --account-id -`;
  return [
    aws('create-vault --vault-name photos'),
    aws('upload-archive --vault-name photos --body README.md'),
    aws('list-vaults'),
  ];
}

function exportCommand({ firstKey, identity }: RunningServer): string {
  const { accessKeyId, secretAccessKey } = firstKey ?? {
    accessKeyId: '<your key id>',
    secretAccessKey: '<your secret>',
  };
  return `export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_DEFAULT_REGION=${identity.region}`;
}

function welcome(server: RunningServer): string {
  const key = server.firstKey && [
    '',
    '  Your first access key. It is shown this once; keep it:',
    `    access key id      ${server.firstKey.accessKeyId}`,
    `    secret access key  ${server.firstKey.secretAccessKey}`,
  ];
  const lines = [
    '',
    `  Firn listens on ${server.address} and keeps its data in ${server.dataDirectory}`,
    '  One copy on one disk: damage will be found, but only a second copy can heal it.',
    ...(key ?? []),
    '',
    '  Sign in with the AWS command line:',
    `    ${exportCommand(server)}`,
    '  and type next:',
    ...nextCommands(server).map((line) => `    ${line}`),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** The same for a pipe. The first key appears in this one line and in no other. */
function logStart(server: RunningServer, log: Log): void {
  const { address, dataDirectory, identity, recovery, firstKey } = server;
  log.info(
    {
      address,
      dataDirectory,
      region: identity.region,
      accountId: identity.accountId,
      ...recovery,
      ...(firstKey && { firstAccessKey: firstKey }),
      next: [exportCommand(server), ...nextCommands(server)],
    },
    'listening',
  );
}
