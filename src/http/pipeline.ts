/**
 * The whole life of a request, in Glacier's order of checks. Which refusal wins is the order of lines
 * here; tests pin it.
 */
import { invalidParameter, missingParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import { apiVersion, type Operation } from '../api/operations.ts';
import type { JobParameters } from '../api/shapes.ts';
import { handlers } from '../handlers.ts';
import { type VaultPlace, vaultArn } from '../lib/arn.ts';
import type { Log } from '../lib/log.ts';
import type { Call, Service } from '../operation.ts';
import { authorize, resolveAccount } from '../policies/authorize.ts';
import { recordRefusals } from '../policies/record-refusals.ts';
import type { ReceivedRequest, SignedRequest } from '../sigv4/received-request.ts';
import type { EntryData } from '../storage/metadata/entries.ts';
import { findVault } from '../storage/metadata/queries/vaults.ts';
import { checkVaultExists } from '../vaults/require-vault.ts';
import { applyFault } from './apply-fault.ts';
import { type Authenticator, authenticate } from './authenticate.ts';
import { bindFields, bindJson, type Input } from './bind.ts';
import type { Output } from './reply.ts';
import type { RequestBody } from './request-body.ts';
import type { Route } from './router.ts';

export interface PipelineContext {
  readonly service: Service;
  readonly authenticator: Authenticator;
}

export interface PipelineRequest {
  readonly route: Route;
  readonly signed: SignedRequest;
  readonly body: RequestBody;
  readonly requestId: string;
  readonly sourceIp: string;
  readonly log: Log;
}

/** From a routed request to its output. @throws GlacierError for the first check that refuses it */
export async function runPipeline(
  { service, authenticator }: PipelineContext,
  { route, signed, body, requestId, sourceIp, log }: PipelineRequest,
): Promise<Output> {
  const { name, operation, path } = route;
  const authenticated = await authenticate(authenticator, operation, signed, body);
  const { authentication, principal } = authenticated;
  const received = authentication.request;
  checkVersion(received.headers.get('x-amz-glacier-version'));
  const { region } = service.settings;
  const asked = { accountId: principal.accountId, principalArn: principal.arn, requestId };
  const accountId = await recordRefusals(
    service.metadata,
    asked,
    () => refusalOf(route, { region, ...placeNamed(path) }, undefined),
    () => resolveAccount(service, path.accountId ?? '', principal, operation),
  );
  const vaultName = requireVaultName(route);
  const place = { region, accountId, vaultName };
  const userAgent = received.headers.get('user-agent') ?? '';
  const caller = { principal, sourceIp, userAgent };
  const call: Call = { ...service, ...asked, accountId, caller, log };
  const fault = service.faults?.takeForRequest(name, vaultName);
  const json = authenticated.body;
  return applyFault(fault, () =>
    recordRefusals(
      service.metadata,
      call,
      () => refusalOf(route, place, archiveIdOf(route, json)),
      () => decide(call, route, place, { json, received, body }),
    ),
  );
}

/** From an authenticated request to its output: may it, is there such a vault, and what it asks for. */
async function decide(
  call: Call,
  route: Route,
  place: VaultPlace,
  { json, received, body }: { json: Buffer; received: ReceivedRequest; body: RequestBody },
): Promise<Output> {
  const { name, operation, path } = route;
  const vault = await call.metadata.read((tx) => tx.first(findVault, place));
  await authorize(call, {
    caller: call.caller,
    action: name,
    resourceArn: resourceArn(operation, place),
    vault,
    archiveId: archiveIdOf(route, json),
  });
  const handler = handlers[name] as AnyHandler;
  if (operation.resource === 'vault') checkVaultExists(vault, place);
  const input = {
    ...path,
    ...bindFields(operation, received),
    parameters: bindJson(operation, json),
    content: body.pieces(),
  };
  return handler(input, { ...call, vault, vaultName: place.vaultName });
}

type AnyHandler = (input: Input, call: unknown) => Promise<Output>;

/** The header's name in the refusal is not the header's name (observed). */
function checkVersion(version: string | undefined): void {
  if (version === undefined || version === '') throw missingParameter('API version');
  if (version !== apiVersion) throw invalidParameter(`Invalid API version: ${version}`);
}

function requireVaultName({ operation, path }: Route): string {
  if (!['vault', 'vault-name'].includes(operation.resource)) return '';
  if (!path.vaultName) throw missingParameter('vaultName');
  return path.vaultName;
}

/** What policies match: the vault's ARN, or what stands in its place (observed for ListVaults). */
function resourceArn({ resource }: Operation, place: VaultPlace): string {
  const account = `arn:aws:glacier:${place.region}:${place.accountId}`;
  if (resource === 'retrieval-policy') return `${account}:policies/retrieval-limit-policy`;
  if (resource === 'capacity') return `${account}:provisioned-capacity`;
  return vaultArn(place);
}

/** No id is longer; what a client makes up does not fill the journal. */
const longestId = 138;

/** What the journal says of a change that was refused; a read is not worth an entry. */
function refusalOf(
  { name, operation }: Route,
  place: VaultPlace,
  archiveId: string | undefined,
): EntryData['Refused'] | undefined {
  if (operation.method === 'GET') return undefined;
  const named = archiveId === undefined ? {} : { archiveId: archiveId.slice(0, longestId) };
  return { operation: name, resource: resourceArn(operation, place), ...named };
}

/** As it stands in the path, before anybody knows whether it exists. */
function placeNamed({ accountId = '', vaultName = '' }: Route['path']) {
  return {
    accountId: accountId.slice(0, longestId),
    vaultName: vaultName.slice(0, limits.vaultNameCharacters),
  };
}

/**
 * The archive whose age policies may ask for: in the path, or in what a job is asked for, read by the
 * same function that the operation's input is. What it refuses is refused in its turn.
 */
function archiveIdOf({ name, operation, path }: Route, body: Buffer): string | undefined {
  if (name !== 'InitiateJob') return path.archiveId;
  try {
    const parameters = bindJson(operation, body) as JobParameters | undefined;
    return parameters?.ArchiveId ?? undefined;
  } catch {
    return undefined;
  }
}
