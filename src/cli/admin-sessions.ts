/** `firn admin sessions`: keys that end by themselves, as commands for a shell. */
import { type Command, InvalidArgumentError } from 'commander';
import { type AccountContext, accountCommand, commandGroup, withClient } from './client-command.ts';
import { pathOf } from './path.ts';

interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: string;
  readonly arn: string;
}

type SessionContext = AccountContext<{ user?: string; durationSeconds?: number }>;

export function addSessionCommands(admin: Command): void {
  const sessions = commandGroup(admin, 'sessions', 'keys that end by themselves');
  const description = 'make a session, and print three lines that a shell can eval';
  const examples = [
    'eval "$(firn admin sessions create --duration-seconds 3600)"',
    'firn admin sessions create --user backup --json',
  ];
  accountCommand(sessions, 'create', description, ...examples)
    .option('--user <NAME>', 'for this user; left out: for yourself')
    .option('--duration-seconds <N>', '900 to 129600 (default: 43200)', readSeconds)
    .action(withClient(createSession));
}

/** The server knows the bounds, which are others on a test clock. */
function readSeconds(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of seconds.');
}

async function createSession({ client, printer, options }: SessionContext): Promise<void> {
  const { account, user: userName, durationSeconds } = options;
  const path = pathOf('accounts', account, 'sessions');
  const session = await client.request<Session>('POST', path, { userName, durationSeconds });
  printer.text(session, exportLines(session));
  printer.note(`This is ${session.arn}, until ${session.expiresAt}.`);
  if (process.env.FIRN_ACCESS_KEY_ID || process.env.FIRN_ACCESS_KEY_ID_FILE) {
    printer.note('NOTE: firn itself goes on with FIRN_ACCESS_KEY_ID as long as that is set.');
  }
}

/** Under the names that every client reads (documented), and firn too. */
export function exportLines(session: Omit<Session, 'expiresAt' | 'arn'>): string {
  return [
    `export AWS_ACCESS_KEY_ID=${quoteForShell(session.accessKeyId)}`,
    `export AWS_SECRET_ACCESS_KEY=${quoteForShell(session.secretAccessKey)}`,
    `export AWS_SESSION_TOKEN=${quoteForShell(session.sessionToken)}`,
  ].join('\n');
}

/** POSIX: between single quotes everything stands for itself but the single quote. */
function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
