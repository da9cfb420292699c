/** `firn admin users`. */
import type { Command } from 'commander';
import { type AccountContext, accountCommand, commandGroup, withClient } from './client-command.ts';
import { pathOf } from './path.ts';
import type { Column } from './print.ts';

interface User {
  readonly userName: string;
  readonly userId: string;
  readonly arn: string;
  readonly createdAt: string;
}

const columns: readonly Column<User>[] = [
  { title: 'USER', cell: ({ userName }) => userName },
  { title: 'CREATED', cell: ({ createdAt }) => createdAt },
  { title: 'ARN', cell: ({ arn }) => arn },
];

export function addUserCommands(admin: Command): void {
  const users = commandGroup(admin, 'users', 'users of an account, who may what a policy allows');
  accountCommand(
    users,
    'create',
    'make a user without any rights',
    'firn admin users create backup',
  )
    .argument('<NAME>', '1 to 64 of A-Z a-z 0-9 _ + = , . @ -')
    .action(withClient(createUser));
  accountCommand(users, 'list', 'list the users', 'firn admin users list').action(
    withClient(listUsers),
  );
  const deletion = 'delete a user, with the keys, sessions and policies it has';
  accountCommand(users, 'delete', deletion, 'firn admin users delete backup')
    .argument('<NAME>')
    .action(withClient(deleteUser));
}

async function createUser(context: AccountContext, userName: string): Promise<void> {
  const { client, printer, options } = context;
  const path = pathOf('accounts', options.account, 'users');
  const user = await client.request<User>('POST', path, { userName });
  printer.facts(user, { user: user.userName, id: user.userId, arn: user.arn });
  printer.note(
    'A user may do nothing until a policy allows it: firn admin policies put. ' +
      'A key to sign with: firn admin keys create --user.',
  );
}

async function listUsers({ client, printer, options }: AccountContext): Promise<void> {
  const path = pathOf('accounts', options.account, 'users');
  const answer = await client.request<{ users: User[] }>('GET', path);
  const whenEmpty = 'There are no users. Make one with firn admin users create NAME.';
  printer.table(answer, { columns, rows: answer.users, whenEmpty });
}

async function deleteUser(context: AccountContext, userName: string): Promise<void> {
  const { client, printer, options } = context;
  await client.request('DELETE', pathOf('accounts', options.account, 'users', userName));
  printer.done(`User ${userName} is deleted, with the keys, sessions and policies it had.`);
}
