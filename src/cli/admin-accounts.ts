/** `firn admin accounts`: for the operator alone. */
import type { Command } from 'commander';
import { type ClientContext, clientCommand, commandGroup, withClient } from './client-command.ts';
import { pathOf } from './path.ts';
import type { Column } from './print.ts';

interface Account {
  readonly accountId: string;
  readonly createdAt: string;
}

interface NewAccount {
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const columns: readonly Column<Account>[] = [
  { title: 'ACCOUNT', cell: ({ accountId }) => accountId },
  { title: 'CREATED', cell: ({ createdAt }) => createdAt },
];

export function addAccountCommands(admin: Command): void {
  const accounts = commandGroup(admin, 'accounts', 'the accounts of the store (operator only)');
  const creation = 'make an account and its root key, whose secret is shown this once';
  const examples = ['firn admin accounts create', 'firn admin accounts create 222233334444'];
  clientCommand(accounts, 'create', creation, ...examples)
    .argument('[ID]', '12 digits; left out: random ones')
    .action(withClient(createAccount));
  clientCommand(accounts, 'list', 'list the accounts', 'firn admin accounts list').action(
    withClient(listAccounts),
  );
}

async function createAccount(
  { client, printer }: ClientContext,
  accountId: string | undefined,
): Promise<void> {
  const made = await client.request<NewAccount>('POST', pathOf('accounts'), { accountId });
  printer.facts(made, {
    account: made.accountId,
    'access key id': made.accessKeyId,
    'secret access key': made.secretAccessKey,
  });
  printer.note('This is the root key of the account. Its secret is shown this once: keep it.');
}

async function listAccounts({ client, printer }: ClientContext): Promise<void> {
  const answer = await client.request<{ accounts: Account[] }>('GET', pathOf('accounts'));
  printer.table(answer, { columns, rows: answer.accounts, whenEmpty: 'There are no accounts.' });
}
