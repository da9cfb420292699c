/**
 * What a row of Firn's own API says, and who may use it.
 *
 * The rows are the second table of the server, beside the 33 of Glacier: path, shapes and handler of
 * everything under `/_/`. Routes, checks, refusals and the OpenAPI document come from them.
 */
import { z } from '@hono/zod-openapi';
import { isRoot, type Principal } from '../accounts/principal.ts';
import type { SecretSealer } from '../accounts/sealed-secret.ts';
import { GlacierError, notFound } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import type { Log } from '../lib/log.ts';
import type { TestClock } from '../lib/test-clock.ts';
import type { Service } from '../operation.ts';
import type { Actor } from '../storage/metadata/entries.ts';
import { findAccount } from '../storage/metadata/queries/accounts.ts';
import type { StoreHealth } from '../storage/store-health.ts';

/** What this API does with a test clock. */
export interface TestClockControl {
  readonly clock: TestClock;
  /** Resolves when the workers have done all that is due. */
  settle(): Promise<void>;
  /** Runs one move of the clock after the other. */
  inTurn<T>(move: () => Promise<T>): Promise<T>;
}

/** What the whole server has one of. */
export interface AdminContext {
  readonly service: Service;
  readonly sealer: SecretSealer;
  readonly health: StoreHealth;
  readonly version: string;
  readonly profile: 'live' | 'aws';
  /** The store's first account: its root is the operator. */
  readonly operatorAccountId: string;
  /** Undefined on a store that is in earnest. */
  readonly testClock: TestClockControl | undefined;
}

/** One proven request. */
export interface AdminCaller {
  readonly principal: Principal;
  readonly requestId: string;
  readonly sourceIp: string;
  readonly log: Log;
}

export interface AdminCall extends AdminContext, AdminCaller {
  /** The account that the path names; without one in the path the caller's own. */
  readonly accountId: string;
  /** Who the journal names, changing that account. */
  readonly actor: Actor;
}

/**
 * Who may: anybody who can sign; the root of the account that the path names, and the operator for
 * it; or the operator alone, the root of the store's first account.
 */
export type Permitted = 'anybody' | 'root' | 'operator';

type Shape = z.ZodObject;
const nothing = z.object({});
type Nothing = typeof nothing;

interface RowOf<Path extends Shape, Query extends Shape, Body extends Shape> {
  /** What the journal calls a refusal of it. */
  readonly name: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: `/_/${string}`;
  readonly summary: string;
  readonly permitted: Permitted;
  /** It gives out keys: temporary credentials may not, or they would outlive themselves. */
  readonly givesKeys?: true;
  readonly pathFields?: Path;
  readonly query?: Query;
  readonly body?: Body;
  readonly answer: { readonly status: 200 | 201 | 204; readonly body?: z.ZodType };
  handle(
    input: z.output<Path> & { readonly query: z.output<Query>; readonly body: z.output<Body> },
    call: AdminCall,
  ): Promise<unknown>;
}

export interface AdminRow extends Omit<RowOf<Shape, Shape, Shape>, 'handle'> {
  // biome-ignore lint/suspicious/noExplicitAny: each row has an input of its own
  handle(input: any, call: AdminCall): Promise<unknown>;
}

/** A row whose handler is checked against the shapes beside it. */
export function adminRow<
  Path extends Shape = Nothing,
  Query extends Shape = Nothing,
  Body extends Shape = Nothing,
>(row: RowOf<Path, Query, Body>): AdminRow {
  return row as AdminRow;
}

export const noContent = { status: 204 } as const;

/** Answers with a JSON body of this shape. */
export function answer(body: z.ZodType, status: 200 | 201 = 200) {
  return { status, body } as const;
}

/** The segment `{account}`: 12 digits, or `-` for the caller's own. */
export const accountField = z.object({ account: z.string().openapi({ example: '-' }) });

/** A vault's name as a segment. */
export const vaultNameField = z.string().max(limits.vaultNameCharacters);

/** The account that a segment names; undefined: the caller's own. */
export async function resolveAdminAccount(
  context: AdminContext,
  { principal }: AdminCaller,
  segment: string | undefined,
): Promise<string> {
  if (segment === undefined || segment === '-' || segment === principal.accountId) {
    return principal.accountId;
  }
  if (!isOperator(context, principal)) throw accountDenied(segment);
  const find = { accountId: segment };
  const account = await context.service.metadata.read((tx) => tx.first(findAccount, find));
  if (!account) throw notFound(`The account was not found: ${segment}`);
  return segment;
}

function accountDenied(segment: string): GlacierError {
  return new GlacierError('AccessDeniedException', `Access denied for account ID: ${segment}`);
}

export function isOperator(context: AdminContext, principal: Principal): boolean {
  return isRoot(principal) && principal.accountId === context.operatorAccountId;
}

/** @throws GlacierError AccessDeniedException saying who would be let in */
export function checkPermitted(
  context: AdminContext,
  { principal }: AdminCaller,
  { name, permitted, givesKeys }: AdminRow,
): void {
  if (givesKeys && principal.isTemporary) {
    throw notAuthorized(principal, name, 'not with temporary credentials');
  }
  if (permitted === 'anybody') return;
  if (permitted === 'root' ? isRoot(principal) : isOperator(context, principal)) return;
  const who =
    permitted === 'root'
      ? 'the root of the account'
      : `the root of the account ${context.operatorAccountId}`;
  throw notAuthorized(principal, name, `only ${who} may`);
}

export function notAuthorized(principal: Principal, name: string, why: string): GlacierError {
  return new GlacierError(
    'AccessDeniedException',
    `User: ${principal.arn} is not authorized to perform: ${name}: ${why}`,
  );
}
