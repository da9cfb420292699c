/**
 * The whole life of a request, in Glacier's order of checks. Which refusal wins is the order of lines
 * here; tests pin it.
 */
import { GlacierError, invalidParameter, missingParameter } from '../api/errors.ts';
import { apiVersion, type Operation, type OperationName } from '../api/operations.ts';
import { handlers } from '../handlers.ts';
import { type VaultPlace, vaultArn } from '../lib/arn.ts';
import type { Log } from '../lib/log.ts';
import type { Call, Service } from '../operation.ts';
import { authorize, resolveAccount } from '../policies/authorize.ts';
import type { SignedRequest } from '../sigv4/received-request.ts';
import { requireVaultNamed } from '../vaults/require-vault.ts';
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
  readonly log: Log;
}

/** From a routed request to its output. @throws GlacierError for the first check that refuses it */
export async function runPipeline(
  { service, authenticator }: PipelineContext,
  { route, signed, body, requestId, log }: PipelineRequest,
): Promise<Output> {
  const { name, operation, path } = route;
  const authenticated = await authenticate(authenticator, operation, signed, body);
  const { authentication, principal } = authenticated;
  const received = authentication.request;
  checkVersion(received.headers.get('x-amz-glacier-version'));
  const accountId = resolveAccount(path.accountId ?? '', principal);
  const call: Call = { ...service, accountId, principalArn: principal.arn, requestId, log };
  const vaultName = requireVaultName(route);
  const place = { region: service.settings.region, accountId, vaultName };
  authorize(principal, name, resourceArn(operation, place));
  const handler = handlers[name] as AnyHandler | undefined;
  if (!handler) throw notImplemented(name);
  const vault =
    operation.resource === 'vault'
      ? await service.metadata.read((tx) => requireVaultNamed(tx, place))
      : undefined;
  const input = {
    ...path,
    ...bindFields(operation, received),
    parameters: bindJson(operation, authenticated.body),
    content: body.pieces(),
  };
  return handler(input, { ...call, vault, vaultName });
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

function notImplemented(name: OperationName): GlacierError {
  return new GlacierError(
    'NotImplementedException',
    `${name} is not available in this release of Firn.`,
  );
}
