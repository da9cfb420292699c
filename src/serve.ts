/** `firn serve`: runs the server until it is told to stop, and says what to type next. */
import { type ConfigSources, readConfig, unknownVariables } from './config.ts';
import { createLog, type Log } from './lib/log.ts';
import { type RunningServer, startServer } from './server.ts';

const failed = 1;

/** @param options of commander, with the settings that were given as flags */
export async function serve(
  { config: file, ...options }: Record<string, ConfigSources['flags'][string]>,
  version: string,
): Promise<void> {
  process.umask(0o077);
  const flags = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [toKebabCase(key), value]),
  );
  const config = readConfig({ flags, environment: process.env, file: file as string | undefined });
  const isForPerson = process.stdout.isTTY === true;
  const log = createLog(isForPerson);
  dieLoudly(log);
  for (const name of unknownVariables(process.env)) log.warn(`${name} is not a setting of Firn`);
  if (process.getuid?.() === 0) log.warn('running as root: use a user of its own for the store');
  const isAnywhere = ['0.0.0.0', '::'].includes(config.listen.host);
  if (config.webhooks.size > 0 && isAnywhere && !config.publicUrl) {
    log.warn('receivers of webhooks cannot reach the certificate: set public-url');
  }
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
  const { replayedEntries, tornBytes, isViewReplaced, isViewRemade } = recovery;
  if (tornBytes > 0) log.warn({ tornBytes }, 'the torn end of the journal was set aside');
  if (isViewReplaced) log.warn('view.sqlite was damaged: set aside and made anew');
  if (isViewRemade) {
    log.error(
      { alarm: 'records-changed' },
      'view.sqlite was not as this server had left it, or the sealing key is another one: made anew from the journal',
    );
  }
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
