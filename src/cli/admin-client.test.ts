import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AskedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
  startScriptedServer,
} from '../../test/cli/support/scripted-server.ts';
import { authorization, type HeaderList, sha256 } from '../../test/support/sign.ts';
import { AdminClient, ApiError, UnreachableError } from './admin-client.ts';
import type { Connection } from './connection.ts';
import { pathOf, withQuery } from './path.ts';

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7' };
const region = 'us-west-2';
let server: ScriptedServer;
let answer: ScriptedAnswer | 'break';

beforeAll(async () => {
  server = await startScriptedServer(() => answer);
});
beforeEach(() => {
  answer = { status: 200, body: {} };
  server.takeRequests();
});
afterAll(() => server.close());

function connect(changes: Partial<Connection> = {}): AdminClient {
  return new AdminClient({ endpoint: server.endpoint, region, credentials, ...changes });
}

/** What must stand in the Authorization header, by the signer of the tests. */
function expectedAuthorization(request: AskedRequest): string {
  const headers = Object.entries(request.headers) as unknown as HeaderList;
  const [, names = ''] = /SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? '') ?? [];
  const { method, target, body } = request;
  const signedNames = names.split(';');
  return authorization(
    { method, target, headers, signedNames, payloadHash: sha256(body) },
    { credentials, region, date: String(request.headers['x-amz-date']) },
  );
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('did not fail');
    },
    (error: Error) => error,
  );
}

describe('a request', () => {
  it.each([
    ['GET', withQuery(pathOf('audit'), { after: 3, kind: 'a b+c/ü', none: undefined }), undefined],
    ['DELETE', pathOf('accounts', '-', 'users', 'a+b=c,d@e'), undefined],
    ['POST', pathOf('clock', 'freeze'), undefined],
    ['PUT', pathOf('x'), { policy: '{"ü": "\n"}' }],
  ] as const)('is signed: %s %s', async (method, target, body) => {
    await connect().request(method, target, body);
    const [request] = server.takeRequests();
    expect(request).toMatchObject({ method, target });
    expect(request?.body).toBe(body === undefined ? '' : JSON.stringify(body));
    expect(request?.headers.host).toBe(new URL(server.endpoint).host);
    expect(request && expectedAuthorization(request)).toBe(request?.headers.authorization);
    const signed = /SignedHeaders=([^,]+)/.exec(request?.headers.authorization ?? '')?.[1];
    const type = body === undefined ? '' : 'content-type;';
    expect(signed).toBe(`${type}host;x-amz-content-sha256;x-amz-date`);
  });

  it('carries the token of a session, signed', async () => {
    const sessionToken = 'token/+=';
    await connect({ credentials: { ...credentials, sessionToken } }).request('GET', pathOf('x'));
    const [request] = server.takeRequests();
    expect(request?.headers['x-amz-security-token']).toBe(sessionToken);
    expect(request?.headers.authorization).toContain(';x-amz-security-token,');
    expect(request && expectedAuthorization(request)).toBe(request?.headers.authorization);
  });
});

describe('an answer', () => {
  it('is given as it is', async () => {
    answer = { status: 201, body: { a: [1] } };
    expect(await connect().request('POST', pathOf('x'), {})).toEqual({ a: [1] });
  });

  it('may be nothing', async () => {
    answer = { status: 204 };
    expect(await connect().request('DELETE', pathOf('x'))).toBeUndefined();
  });

  it.each([
    [{ status: 200, body: '<html>' }],
    [{ status: 200, body: '' }],
    [{ status: 502, body: '<html>Bad gateway</html>' }],
    [{ status: 404, body: { error: 'nothing here' } }],
    [{ status: 500, body: 'null' }],
    [{ status: 302, headers: { location: '/login' } }],
  ])('that Firn does not give is not taken for one: %j', async (given) => {
    answer = given;
    const error = await failure(connect().request('GET', pathOf('x')));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toBe(
      `${server.endpoint} answered with ${given.status}, and not like Firn: check --endpoint or FIRN_ENDPOINT`,
    );
    expect(server.takeRequests()).toHaveLength(1);
  });
});

describe('a refusal', () => {
  const refuse = async (status: number, code: string, message: string): Promise<ApiError> => {
    answer = { status, body: { code, message, type: 'Client' } };
    const error = await failure(connect().request('GET', pathOf('x')));
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  };

  it('has code, message and status', async () => {
    expect(await refuse(404, 'ResourceNotFoundException', 'There is no user x.')).toMatchObject({
      code: 'ResourceNotFoundException',
      status: 404,
      message: 'There is no user x (ResourceNotFoundException)',
      exitCode: 1,
    });
  });

  it.each([
    ['UnrecognizedClientException', 'AKIAIOSFODNN7EXAMPLE is unknown or inactive'],
    ['InvalidSignatureException', 'the region, which was us-west-2'],
    ['ExpiredTokenException', 'firn admin sessions create'],
  ])('says what to do about %s, and not the secret', async (code, next) => {
    const { message } = await refuse(403, code, 'No.');
    expect(message).toMatch(/^No \(\w+\): /);
    expect(message).toContain(next);
    expect(message).not.toContain(credentials.secretAccessKey);
  });

  it('says how to get a test clock', async () => {
    const clock = await refuse(400, 'BadRequest', 'This store has no test clock');
    expect(clock.message).toContain('firn serve --test-clock');
    expect((await refuse(400, 'BadRequest', 'Other')).message).toBe('Other (BadRequest)');
  });

  it('is one line, and cannot command the terminal', async () => {
    const { message } = await refuse(400, 'BadRequest', 'a\n\u001b[2Jb\n\nThe rest.');
    expect(message).toBe('a [2Jb (BadRequest)');
  });
});

describe('without an answer', () => {
  it('a server that is not there is named, with the way to start it', async () => {
    const gone = await startScriptedServer(() => 'break');
    await gone.close();
    const error = await failure(connect({ endpoint: gone.endpoint }).request('GET', pathOf('x')));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toContain(`no answer from ${gone.endpoint}, connect ECONNREFUSED`);
    expect(error.message).toContain('start it with firn serve, or set --endpoint');
  });

  it('a broken connection leaves open whether it was done', async () => {
    answer = 'break';
    const error = await failure(connect().request('POST', pathOf('x')));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error.message).toContain('what was asked may have been done');
  });
});

it.each(['', '.', '..'])('a path cannot name %j', (segment) => {
  expect(() => pathOf('accounts', '-', 'users', segment)).toThrow(/name or id/);
});
