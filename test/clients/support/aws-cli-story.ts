/**
 * The desk of the day's work with the AWS command line: what lies on it (vaults, archives, policies),
 * what refusals look like, and the person who works there.
 */
import type { OperationName } from '../../../src/api/operations.ts';
import { content } from '../../support/content.ts';
import { ACCOUNT_ID, REGION, type RunningServer } from '../../support/server.ts';
import { MIB, treeHash } from '../../support/tree-hash.ts';
import { AwsCommandLine } from './aws-cli.ts';
import type { Fields, Refusal } from './story-client.ts';

export const ledger = { vaultName: 'ledger-2025' };
export const scratch = { vaultName: 'scratch' };
/** Where locations of the ledger begin. */
export const path = `/${ACCOUNT_ID}/vaults/${ledger.vaultName}`;
export const arn = `arn:aws:glacier:${REGION}:${ACCOUNT_ID}:vaults/${ledger.vaultName}`;
export const scratchArn = `arn:aws:glacier:${REGION}:${ACCOUNT_ID}:vaults/${scratch.vaultName}`;

export const letter = Buffer.from('Dear auditor, here is the ledger of 2025.');
export const image = content(2 * MIB + 700_001, 41);
/** The image in three parts of a MiB, the last one shorter. */
export const parts = [0, 1, 2].map((i) => {
  const bytes = image.subarray(i * MIB, (i + 1) * MIB);
  return { bytes, range: `${i * MIB}-${i * MIB + bytes.length - 1}`, treeHash: treeHash(bytes) };
});

/** A policy for everybody about the ledger, as the operations take it and give it back. */
export function policyOf(statement: Fields): Fields {
  const all = { Principal: '*', Resource: arn, ...statement };
  return { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [all] }) };
}

export function notFound(message: string): Refusal {
  return { code: 'ResourceNotFoundException', message };
}

/** A policy of the ledger denies an action to the root. */
export function denied(action: OperationName): Refusal {
  const user = `arn:aws:iam::${ACCOUNT_ID}:root`;
  return {
    code: 'AccessDeniedException',
    message: `User: ${user} is not authorized to perform: glacier:${action} on resource: ${arn} with an explicit deny in a resource-based policy`,
  };
}

/** Runs operations by the names of the table, a process for each, and remembers which ones. */
export class Desk {
  readonly #cli: AwsCommandLine;
  readonly #done = new Set<OperationName>();

  /** @param folder where the files of bodies may lie until `leave` */
  constructor(program: string, server: RunningServer, folder: string) {
    this.#cli = new AwsCommandLine(program, server, folder);
  }

  /** Operations that were carried out so far; a refusal does not count. */
  get done(): readonly OperationName[] {
    return [...this.#done].sort();
  }

  /** Runs one that must succeed and gives what it printed, as JSON; `{}` when it printed nothing. */
  async run(operation: OperationName, input: Fields = {}): Promise<Fields> {
    const output = await this.#cli.call(operation, { accountId: '-', ...input });
    this.#done.add(operation);
    return output;
  }

  /** Runs one that must be refused and gives the code and the message that it printed. */
  async beRefused(operation: OperationName, input: Fields = {}): Promise<Refusal> {
    const output = await this.#cli.call(operation, { accountId: '-', ...input }).catch((error) => {
      return this.#cli.refusal(error);
    });
    if (!('code' in output && 'message' in output)) throw new Error(`${operation} was accepted`);
    return output as Refusal;
  }

  leave(): void {
    this.#cli.close();
  }
}
