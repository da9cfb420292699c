/** `firn admin`: how the server is, and who may use it. */
import type { Command } from 'commander';
import { addAccountCommands } from './admin-accounts.ts';
import { addKeyCommands } from './admin-keys.ts';
import { addPolicyCommands } from './admin-policies.ts';
import { addSessionCommands } from './admin-sessions.ts';
import { addUserCommands } from './admin-users.ts';
import { clientCommand, commandGroup, withClient } from './client-command.ts';
import type { Printer } from './print.ts';

interface Status {
  readonly version: string;
  readonly profile: string;
  readonly region: string;
  readonly accountId: string;
  readonly isReadOnly: boolean;
  readonly alarms: readonly { name: string; message: string; since: string }[];
  readonly testClock: boolean;
}

interface Caller {
  readonly accountId: string;
  readonly arn: string;
  readonly userName: string | null;
  readonly isRoot: boolean;
  readonly isOperator: boolean;
}

export function addAdminCommands(program: Command): void {
  const description = 'how the server is, and who may use it';
  const admin = commandGroup(program, 'admin', description);
  addStatusCommand(admin);
  addAccountCommands(admin);
  addUserCommands(admin);
  addKeyCommands(admin);
  addPolicyCommands(admin);
  addSessionCommands(admin);
}

function addStatusCommand(admin: Command): void {
  const examples = ['firn admin status', 'firn admin status --json | jq .alarms'];
  clientCommand(admin, 'status', 'how the server is, and who you are to it', ...examples).action(
    withClient(async ({ client, printer }) => {
      const status = await client.request<Status>('GET', '/_/status');
      const caller = await client.request<Caller>('GET', '/_/caller');
      showStatus(printer, status, caller);
    }),
  );
}

function showStatus(printer: Printer, status: Status, caller: Caller): void {
  const answer = { ...status, caller };
  printer.facts(answer, {
    version: status.version,
    profile: status.profile,
    region: status.region,
    'first account': status.accountId,
    writing: status.isReadOnly ? 'refused: the store is read-only' : 'allowed',
    'test clock': status.testClock ? 'yes: firn clock show' : 'no',
    alarms: String(status.alarms.length || 'none'),
    you: `${caller.arn}${rankOf(caller)}`,
  });
  for (const { name, message, since } of status.alarms) {
    printer.note(`Alarm ${name} since ${since}: ${message}`);
  }
}

function rankOf({ isOperator, isRoot }: Caller): string {
  if (isOperator) return ' (operator of the server)';
  return isRoot ? ' (root of the account)' : '';
}
