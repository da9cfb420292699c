/**
 * Requests for Firn's own API under `/_/`: proven on the same path as Glacier's, then handed over.
 */
import type { ServerResponse } from 'node:http';
import type { Principal } from '../accounts/principal.ts';
import { GlacierError } from '../api/errors.ts';
import type { Log } from '../lib/log.ts';
import type { SignedRequest } from '../sigv4/received-request.ts';
import { type Authenticator, authenticate } from './authenticate.ts';
import { requestIdHeader, sendPieces } from './reply.ts';
import type { RequestBody } from './request-body.ts';

/** Who a proven request is from. */
export interface OwnApiCaller {
  readonly principal: Principal;
  readonly requestId: string;
  readonly sourceIp: string;
  readonly log: Log;
}

export interface OwnApi {
  fetch(request: Request, caller: OwnApiCaller): Promise<Response>;
}

export const ownApiPrefix = '/_/';

export interface OwnApiRequest extends Omit<OwnApiCaller, 'principal'> {
  readonly signed: SignedRequest;
  readonly body: RequestBody;
}

/** @throws GlacierError when it is not proven who is calling, or the API refuses */
export async function runOwnApi(
  { ownApi, authenticator }: { readonly ownApi: OwnApi; readonly authenticator: Authenticator },
  { signed, body, ...caller }: OwnApiRequest,
): Promise<Response> {
  const { principal, body: bytes } = await authenticate(
    authenticator,
    { body: 'none' },
    signed,
    body,
  );
  return ownApi.fetch(toRequest(signed, bytes), { principal, ...caller });
}

/** Whatever the client says of its body: it is JSON, and no body is an empty object. */
function toRequest({ method, target }: SignedRequest, body: Buffer): Request {
  const hasBody = method !== 'GET' && method !== 'HEAD';
  try {
    return new Request(`http://firn${target}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(hasBody && { body: body.length === 0 ? '{}' : body.toString() }),
    });
  } catch (error) {
    throw new GlacierError('BadRequest', `Malformed request: ${(error as Error).message}`);
  }
}

/** Sends what the API has answered. */
export async function replyOwnApi(
  response: ServerResponse,
  requestId: string,
  answer: Response,
): Promise<void> {
  const headers = [requestIdHeader, requestId, 'Cache-Control', 'no-store'];
  const type = answer.headers.get('Content-Type');
  if (type !== null) headers.push('Content-Type', type);
  if (answer.body === null) {
    response.writeHead(answer.status, headers).end();
    return;
  }
  await sendPieces(response, answer.status, headers, answer.body);
}
