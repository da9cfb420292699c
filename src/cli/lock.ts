/**
 * `firn lock`: tries a vault lock policy before it is put in force. Nothing is changed; initiating
 * and completing a lock is done with any client of the Glacier API.
 */
import type { Command } from 'commander';
import { UsageError } from './cli-error.ts';
import { type AccountContext, accountCommand, commandGroup, withClient } from './client-command.ts';
import { pathOf } from './path.ts';
import type { Column } from './print.ts';
import { readText } from './read-text.ts';

export interface Verdict {
  readonly principal: string;
  readonly action: string;
  /** null: the request is not about an archive. */
  readonly archiveAgeInDays: number | null;
  readonly decision: 'allowed' | 'denied';
  readonly reason: 'explicit-deny' | 'no-allow' | 'allowed';
  /** Where the deciding statement stands; root: the account's own right. */
  readonly source: 'identity' | 'vault-access' | 'vault-lock' | 'root' | null;
  /** The statement's Sid or number. */
  readonly statement: string | number | null;
}

interface Simulation {
  readonly policy: string | null;
  readonly results: readonly Verdict[];
}

interface SimulationOptions {
  readonly policyFile?: string;
  readonly request?: readonly string[];
  readonly requestsFile?: string;
}

const columns: readonly Column<Verdict>[] = [
  {
    title: 'DECISION',
    cell: ({ decision }) => decision,
    colour: ({ decision }) => (decision === 'allowed' ? 'green' : 'red'),
  },
  { title: 'ACTION', cell: ({ action }) => action.replace(/^glacier:/, '') },
  { title: 'AGE IN DAYS', cell: ({ archiveAgeInDays }) => String(archiveAgeInDays ?? '-') },
  { title: 'PRINCIPAL', cell: ({ principal }) => principal },
  { title: 'BECAUSE', cell: explain },
];

const aboutLocks = `
A vault lock is made in two steps, with any Glacier client: InitiateVaultLock
puts it in force on trial, and CompleteVaultLock, within 24 hours, makes it stay.
Completing a lock is FOR EVER: nobody can change or remove it from then on, not
the root of the account and not the operator, and archives that it never lets be
deleted stay for ever too. Simulate first, then try it out before you complete.`;

const aboutRequests = `
A request is {"action": "DeleteArchive"}, and whatever else matters of:
  principal         an ARN, the name of a user, or root (default: root)
  archiveAgeInDays  a number
  sourceIp          an address
  time              ISO 8601
  tags              {"name": "value"}, of the vault
Without requests the server makes samples from what the policy speaks of. That a
request is denied is no failure: the exit code is 0.`;

export function addLockCommands(program: Command): void {
  const lock = commandGroup(program, 'lock', 'try a vault lock policy before it is for ever');
  lock.addHelpText('after', aboutLocks);
  const description = 'show what a vault lock policy would allow and deny; changes nothing';
  const examples = [
    'firn lock simulate photos --policy-file lock.json',
    `firn lock simulate photos --request '{"action":"DeleteArchive","archiveAgeInDays":364}'`,
  ];
  accountCommand(lock, 'simulate', description, ...examples)
    .summary(description)
    .description(`${description}\n${aboutRequests}`)
    .argument('<VAULT>')
    .option('--policy-file <FILE>', 'the policy, - is standard input; left out: the lock in force')
    .option('--request <JSON>', 'what is asked; may be given several times', collect)
    .option('--requests-file <FILE>', 'a JSON array of requests; - is standard input')
    .action(withClient(simulate));
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

async function simulate(
  { client, printer, options }: AccountContext<SimulationOptions>,
  vaultName: string,
): Promise<void> {
  const { account, policyFile, requestsFile } = options;
  if (policyFile === '-' && requestsFile === '-') {
    throw new UsageError('--policy-file and --requests-file cannot both be standard input');
  }
  const policy = policyFile === undefined ? undefined : await readText(policyFile, '--policy-file');
  const requests = await readRequests(options);
  const path = pathOf('accounts', account, 'vaults', vaultName, 'lock-simulation');
  const answer = await client.request<Simulation>('POST', path, { policy, requests });
  const whenEmpty = 'The policy speaks of nothing to try: give --request or --requests-file.';
  printer.table(answer, { columns, rows: answer.results, whenEmpty });
  const judged = policyFile === undefined ? 'the lock in force' : policyFile;
  printer.note(`Judged by ${judged} and the other policies; nothing was changed.`);
}

/** Undefined: none were given. What they may hold is the server's to judge. */
async function readRequests(options: SimulationOptions): Promise<object[] | undefined> {
  const { request, requestsFile } = options;
  if (request === undefined && requestsFile === undefined) return undefined;
  const given = (request ?? []).map((text) => parseObject(text, '--request'));
  if (requestsFile === undefined) return given;
  const text = await readText(requestsFile, '--requests-file');
  return [...given, ...parseList(text, `--requests-file ${requestsFile}`)];
}

function parseObject(text: string, source: string): object {
  const value = parseJson(text, source);
  if (isObject(value)) return value;
  throw new UsageError(`${source}: ${text} must be an object like {"action":"DeleteArchive"}`);
}

function parseList(text: string, source: string): object[] {
  const value = parseJson(text, source);
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new UsageError(`${source}: must be an array like [{"action":"DeleteArchive"}]`);
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${source} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const sources: Readonly<Record<string, string>> = {
  identity: 'an identity policy',
  'vault-access': "the vault's access policy",
  'vault-lock': 'the vault lock',
};

/** Why it was decided so, in words. */
export function explain({ reason, source, statement }: Verdict): string {
  if (reason === 'no-allow') return 'nothing allows it';
  if (source === 'root') return 'root may, unless something denies it';
  const place = sources[source ?? ''] ?? 'a policy';
  const where = statement === null ? place : `${place}, statement ${statement},`;
  return `${where} ${reason === 'allowed' ? 'allows' : 'denies'} it`;
}
