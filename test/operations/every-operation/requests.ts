/**
 * A good request for each of the 33 operations, so that the routine tests are loops over the table.
 *
 * Method and target come from the operation's row. What a row cannot tell (ids of things that must
 * exist, values of headers, bodies) is its recipe here: a row without one does not compile, and
 * fails when the tests are loaded.
 */
import { type Operation, type OperationName, operations } from '../../../src/api/operations.ts';
import { Admin } from '../../support/admin.ts';
import {
  type Client,
  hashHeaders,
  type JsonObject,
  type RequestOptions,
  uniqueName,
} from '../../support/client.ts';
import type { Reply } from '../../support/http.ts';
import { sha256 } from '../../support/sign.ts';
import { MIB } from '../../support/tree-hash.ts';

/** What a recipe adds to the row: ids of the path, headers, and the body as it goes out. */
interface Ingredients {
  readonly ids?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Prepares what the operation needs in a vault, as the root of its account. */
type Recipe = (root: Client, vault: string) => Promise<Ingredients>;

const hello = Buffer.from('hello');
const topic = 'arn:aws:sns:us-west-2:111122223333:done';

const bare: Recipe = async () => ({});

function json(body: JsonObject): Ingredients {
  return { body: JSON.stringify(body) };
}

/** A vault policy that no test of this folder notices. */
function harmlessPolicy(root: Client, vault: string): string {
  const statement = {
    Effect: 'Deny',
    Principal: '*',
    Action: 'glacier:DeleteArchive',
    Resource: root.arn(vault),
    Condition: { NumericGreaterThan: { 'glacier:ArchiveAgeInDays': '36500' } },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

async function withPolicy(root: Client, vault: string): Promise<Ingredients> {
  return json({ Policy: harmlessPolicy(root, vault) });
}

async function withUpload(root: Client, vault: string) {
  return { ids: { uploadId: await root.initiateUpload(vault, MIB) } };
}

/** A finished retrieval of a small archive. */
async function withJob(root: Client, vault: string): Promise<Ingredients> {
  const archiveId = await root.uploadArchive(vault, hello);
  return { ids: { jobId: await root.retrievedArchive(vault, archiveId) } };
}

async function withNotifications(root: Client, vault: string): Promise<Ingredients> {
  const body = JSON.stringify({ SNSTopic: topic, Events: ['ArchiveRetrievalCompleted'] });
  await root.expect(204, 'PUT', `/-/vaults/${vault}/notification-configuration`, { body });
  return {};
}

async function withAccessPolicy(root: Client, vault: string): Promise<Ingredients> {
  const { body } = json({ Policy: harmlessPolicy(root, vault) });
  await root.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body: body ?? '' });
  return {};
}

async function withLock(root: Client, vault: string): Promise<Ingredients> {
  const { body } = json({ Policy: harmlessPolicy(root, vault) });
  const target = `/-/vaults/${vault}/lock-policy`;
  const reply = await root.expect(201, 'POST', target, { body: body ?? '' });
  return { ids: { lockId: reply.header('x-amz-lock-id') ?? '' } };
}

const recipes: Readonly<Record<OperationName, Recipe>> = {
  CreateVault: bare,
  DescribeVault: bare,
  ListVaults: bare,
  DeleteVault: bare,
  AddTagsToVault: async () => json({ Tags: { owner: 'archive team' } }),
  ListTagsForVault: bare,
  RemoveTagsFromVault: async () => json({ TagKeys: ['owner'] }),
  UploadArchive: async () => ({ body: hello, headers: hashHeaders(hello) }),
  DeleteArchive: async (root, vault) => ({
    ids: { archiveId: await root.uploadArchive(vault, hello) },
  }),
  InitiateMultipartUpload: async () => ({ headers: { 'x-amz-part-size': String(MIB) } }),
  UploadMultipartPart: async (root, vault) => ({
    ...(await withUpload(root, vault)),
    body: hello,
    headers: { 'Content-Range': 'bytes 0-4/*', ...hashHeaders(hello) },
  }),
  CompleteMultipartUpload: async (root, vault) => {
    const { ids } = await withUpload(root, vault);
    await root.uploadPart(vault, ids.uploadId, 0, hello);
    return { ids, headers: { 'x-amz-archive-size': '5', 'x-amz-sha256-tree-hash': sha256(hello) } };
  },
  AbortMultipartUpload: withUpload,
  ListMultipartUploads: bare,
  ListParts: withUpload,
  InitiateJob: async (root, vault) => {
    const archiveId = await root.uploadArchive(vault, hello);
    return json({ Type: 'archive-retrieval', ArchiveId: archiveId });
  },
  DescribeJob: withJob,
  ListJobs: bare,
  GetJobOutput: withJob,
  SetVaultNotifications: async () =>
    json({ SNSTopic: topic, Events: ['ArchiveRetrievalCompleted'] }),
  GetVaultNotifications: withNotifications,
  DeleteVaultNotifications: withNotifications,
  SetVaultAccessPolicy: withPolicy,
  GetVaultAccessPolicy: withAccessPolicy,
  DeleteVaultAccessPolicy: withAccessPolicy,
  InitiateVaultLock: withPolicy,
  CompleteVaultLock: withLock,
  AbortVaultLock: withLock,
  GetVaultLock: withLock,
  SetDataRetrievalPolicy: async () => json({ Policy: { Rules: [{ Strategy: 'None' }] } }),
  GetDataRetrievalPolicy: bare,
  PurchaseProvisionedCapacity: bare,
  ListProvisionedCapacity: bare,
};

/** All operations of the table. */
export const operationNames = Object.keys(operations) as OperationName[];

const uncovered = operationNames.filter((name) => recipes[name] === undefined);
if (uncovered.length > 0) throw new Error(`No good request is known for ${uncovered.join(', ')}`);

/** The row of an operation, with what all rows have in common. */
export function rowOf(name: OperationName): Operation {
  return operations[name];
}

/** Whether the operation's path names a vault. */
export function namesVault(name: OperationName): boolean {
  return rowOf(name).path.includes('{vaultName}');
}

/** Operations on a vault that must exist: an unknown one is 404. */
export const needVault = operationNames.filter((name) => rowOf(name).resource === 'vault');

export interface SendOptions extends RequestOptions {
  /** The account segment; `-` when left out. */
  readonly account?: string;
  readonly vault?: string;
  /** Put behind the target's own query, without `?` or `&` in front. */
  readonly query?: string;
}

/** A request that succeeds when the root of the account sends it. */
export class GoodRequest {
  readonly name: OperationName;
  readonly row: Operation;
  /** Root of the account that all of it belongs to. */
  readonly root: Client;
  /** The vault's name; of CreateVault one that is free. */
  readonly vault: string;
  readonly #ingredients: Ingredients;

  constructor(name: OperationName, root: Client, vault: string, ingredients: Ingredients) {
    this.name = name;
    this.row = rowOf(name);
    this.root = root;
    this.vault = vault;
    this.#ingredients = ingredients;
  }

  /** What policies name: the vault's ARN, or what stands in its place (wire page, section 6.1). */
  get resourceArn(): string {
    const { region, accountId } = this.root.target;
    const account = `arn:aws:glacier:${region}:${accountId}`;
    if (namesVault(this.name)) return `${account}:vaults/${this.vault}`;
    if (this.row.resource === 'vaults') return `${account}:vaults/`;
    const isCapacity = this.row.resource === 'capacity';
    return `${account}:${isCapacity ? 'provisioned-capacity' : 'policies/retrieval-limit-policy'}`;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#ingredients.headers ?? {};
  }

  get body(): string | Uint8Array | undefined {
    return this.#ingredients.body;
  }

  target({ account = '-', vault = this.vault, query }: SendOptions = {}): string {
    const values: Record<string, string> = {
      ...this.#ingredients.ids,
      accountId: account,
      vaultName: vault,
    };
    const target = this.row.path.replaceAll(/\{(\w+)\}/g, (_, id: string) => {
      const value = values[id];
      if (value === undefined) throw new Error(`${this.name}: no ${id} is known`);
      return value;
    });
    if (query === undefined) return target;
    return `${target}${target.includes('?') ? '&' : '?'}${query}`;
  }

  /** What `Client.request` is given: the good request's options under those of the test. */
  options(more: RequestOptions = {}): RequestOptions {
    const { body } = this.#ingredients;
    return {
      ...(body === undefined ? {} : { body }),
      ...more,
      headers: { ...this.headers, ...more.headers },
    };
  }

  /** Sends it as somebody, with what the test changes. */
  send(client: Client = this.root, more: SendOptions = {}): Promise<Reply> {
    return client.request(this.row.method, this.target(more), this.options(more));
  }
}

/**
 * A good request of the account's own, with everything it needs made anew. Capacity can be bought
 * only twice by an account, so that has an account to itself.
 *
 * @param operator the root of the store's first account
 */
export async function goodRequest(operator: Client, name: OperationName): Promise<GoodRequest> {
  const isLimited = rowOf(name).resource === 'capacity';
  const root = isLimited ? await new Admin(operator).freshAccount() : operator;
  const vault = namesVault(name) ? uniqueName() : '';
  if (vault !== '' && name !== 'CreateVault') await root.createVault(vault);
  return new GoodRequest(name, root, vault, await recipes[name](root, vault));
}
