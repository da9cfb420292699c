/** `firn admin policies`: what a user may do. */
import type { Command } from 'commander';
import { type AccountContext, accountCommand, commandGroup, withClient } from './client-command.ts';
import { pathOf } from './path.ts';
import type { Column } from './print.ts';
import { readText } from './read-text.ts';

interface Policy {
  readonly policyName: string;
  /** JSON, as it was put. */
  readonly policy: string;
}

const columns: readonly Column<Policy>[] = [
  { title: 'POLICY', cell: ({ policyName }) => policyName },
  { title: 'BYTES', cell: ({ policy }) => String(Buffer.byteLength(policy)) },
];

export function addPolicyCommands(admin: Command): void {
  const policies = commandGroup(admin, 'policies', 'identity policies: what a user may do');
  addPut(policies);
  const reading = 'print a policy as it was put';
  accountCommand(policies, 'get', reading, 'firn admin policies get backup upload-only')
    .argument('<USER>')
    .argument('<POLICY>')
    .action(withClient(getPolicy));
  accountCommand(policies, 'list', 'list the policies of a user', 'firn admin policies list backup')
    .argument('<USER>')
    .action(withClient(listPolicies));
  const deletion = 'take a policy from a user';
  accountCommand(policies, 'delete', deletion, 'firn admin policies delete backup upload-only')
    .argument('<USER>')
    .argument('<POLICY>')
    .action(withClient(deletePolicy));
}

function addPut(policies: Command): void {
  const description = 'give a user a policy, or put another in its place';
  const examples = [
    'firn admin policies put backup upload-only --file upload-only.json',
    `echo '{"Version":"2012-10-17","Statement":{"Effect":"Allow",
     "Action":"glacier:UploadArchive","Resource":"*"}}' |
     firn admin policies put backup upload-only --file -`,
  ];
  accountCommand(policies, 'put', description, ...examples)
    .argument('<USER>')
    .argument('<POLICY>', 'its name')
    .requiredOption('--file <FILE>', 'the policy, JSON without a Principal; - is standard input')
    .action(withClient(putPolicy));
}

function pathOfPolicy({ options }: AccountContext, user: string, policy: string): string {
  return pathOf('accounts', options.account, 'users', user, 'policies', policy);
}

async function putPolicy(
  context: AccountContext<{ file: string }>,
  user: string,
  name: string,
): Promise<void> {
  const policy = await readText(context.options.file, '--file');
  await context.client.request('PUT', pathOfPolicy(context, user, name), { policy });
  context.printer.done(`User ${user} has the policy ${name}.`);
}

async function getPolicy(context: AccountContext, user: string, name: string): Promise<void> {
  const answer = await context.client.request<Policy>('GET', pathOfPolicy(context, user, name));
  context.printer.text(answer, answer.policy);
}

async function listPolicies(context: AccountContext, user: string): Promise<void> {
  const { client, printer, options } = context;
  const path = pathOf('accounts', options.account, 'users', user, 'policies');
  const answer = await client.request<{ policies: Policy[] }>('GET', path);
  const whenEmpty = `User ${user} has no policies, and so may do nothing: firn admin policies put.`;
  printer.table(answer, { columns, rows: answer.policies, whenEmpty });
}

async function deletePolicy(context: AccountContext, user: string, name: string): Promise<void> {
  await context.client.request('DELETE', pathOfPolicy(context, user, name));
  context.printer.done(`User ${user} no longer has the policy ${name}.`);
}
