/** `firn admin keys`: access keys of the root or of a user. Sessions are in the list too. */
import type { Command } from 'commander';
import { type AccountContext, accountCommand, commandGroup, withClient } from './client-command.ts';
import { pathOf, withQuery } from './path.ts';
import type { Column, Printer } from './print.ts';

interface AccessKey {
  readonly accessKeyId: string;
  readonly arn: string;
  readonly userName: string | null;
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: string;
  /** Of a session; a key is good until it is deleted. */
  readonly expiresAt: string | null;
}

interface NewAccessKey extends AccessKey {
  readonly secretAccessKey: string;
}

type UserContext = AccountContext<{ user?: string }>;

const columns: readonly Column<AccessKey>[] = [
  { title: 'ACCESS KEY ID', cell: ({ accessKeyId }) => accessKeyId },
  { title: 'USER', cell: ({ userName }) => userName ?? '(root)' },
  {
    title: 'STATUS',
    cell: ({ status }) => status,
    colour: ({ status }) => (status === 'Active' ? 'green' : 'yellow'),
  },
  { title: 'CREATED', cell: ({ createdAt }) => createdAt },
  { title: 'EXPIRES', cell: ({ expiresAt }) => expiresAt ?? 'never' },
];

export function addKeyCommands(admin: Command): void {
  const keys = commandGroup(admin, 'keys', 'access keys, which requests are signed with');
  addCreation(keys);
  accountCommand(keys, 'list', 'list the keys and sessions', 'firn admin keys list --user backup')
    .option('--user <NAME>', 'of this user only')
    .action(withClient(listKeys));
  addChange(keys, 'activate', 'make a key good again', (context, id) =>
    setStatus(context, id, 'Active'),
  );
  addChange(keys, 'deactivate', 'refuse a key until it is activated again', (context, id) =>
    setStatus(context, id, 'Inactive'),
  );
  const rotation = 'make another key for the same user, and deactivate this one';
  addChange(keys, 'rotate', rotation, rotateKey);
  addChange(keys, 'delete', 'delete a key for good', deleteKey);
}

function addCreation(keys: Command): void {
  const description = 'make a key, whose secret is shown this once';
  accountCommand(keys, 'create', description, 'firn admin keys create --user backup')
    .option('--user <NAME>', 'for this user; left out: the root of the account')
    .action(withClient(createKey));
}

function addChange(
  keys: Command,
  name: string,
  description: string,
  act: (context: AccountContext, accessKeyId: string) => Promise<void>,
): void {
  accountCommand(keys, name, description, `firn admin keys ${name} AKIAIOSFODNN7EXAMPLE`)
    .argument('<ID>', 'as in firn admin keys list')
    .action(withClient(act));
}

async function createKey({ client, printer, options }: UserContext): Promise<void> {
  const path = pathOf('accounts', options.account, 'access-keys');
  const key = await client.request<NewAccessKey>('POST', path, { userName: options.user });
  showNewKey(printer, key);
}

function showNewKey(printer: Printer, key: NewAccessKey): void {
  printer.facts(key, {
    'access key id': key.accessKeyId,
    'secret access key': key.secretAccessKey,
    arn: key.arn,
  });
  printer.note('The secret is shown this once: keep it.');
}

async function listKeys({ client, printer, options }: UserContext): Promise<void> {
  const path = pathOf('accounts', options.account, 'access-keys');
  const target = withQuery(path, { userName: options.user });
  const answer = await client.request<{ accessKeys: AccessKey[] }>('GET', target);
  const whenEmpty = 'There are no keys. Make one with firn admin keys create.';
  printer.table(answer, { columns, rows: answer.accessKeys, whenEmpty });
}

async function setStatus(
  { client, printer, options }: AccountContext,
  accessKeyId: string,
  status: AccessKey['status'],
): Promise<void> {
  const path = pathOf('accounts', options.account, 'access-keys', accessKeyId);
  const key = await client.request<AccessKey>('PATCH', path, { status });
  printer.facts(key, { 'access key id': key.accessKeyId, status: key.status, arn: key.arn });
}

async function rotateKey(context: AccountContext, accessKeyId: string): Promise<void> {
  const { client, printer, options } = context;
  const path = pathOf('accounts', options.account, 'access-keys', accessKeyId, 'rotate');
  showNewKey(printer, await client.request<NewAccessKey>('POST', path));
  printer.note(
    `${accessKeyId} is inactive from now on. ` +
      `When nothing uses it any more: firn admin keys delete ${accessKeyId}`,
  );
}

async function deleteKey(context: AccountContext, accessKeyId: string): Promise<void> {
  const { client, printer, options } = context;
  await client.request('DELETE', pathOf('accounts', options.account, 'access-keys', accessKeyId));
  printer.done(`Key ${accessKeyId} is deleted.`);
}
