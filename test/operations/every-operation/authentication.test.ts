/**
 * Who may not sign: every operation refuses the same signatures in the same words (wire page,
 * sections 1.5 and 1.6). What is signed, and how, has a test of its own in `../authentication.test.ts`.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { Admin, clientFor, type NewAccessKey, type NewSession } from '../../support/admin.ts';
import { checkCommon, checkError } from '../../support/check.ts';
import type { Client, SigningOptions } from '../../support/client.ts';
import type { Reply } from '../../support/http.ts';
import { isRemote } from '../../support/server.ts';
import {
  basicDate,
  canonicalRequest,
  type HeaderList,
  sha256,
  stringToSign,
} from '../../support/sign.ts';
import { useServer } from '../../support/use-server.ts';
import { type GoodRequest, goodRequest, operationNames } from './requests.ts';

const MINUTE_MS = 60_000;
const UNKNOWN_TOKEN = 'The security token included in the request is invalid.';

/** A server that the tests did not start has the clock that it has. */
const firn = useServer(isRemote ? {} : { arguments: ['--test-clock'] });

let inactive: NewAccessKey;
let deleted: NewAccessKey;
let deletedUsers: NewAccessKey;
let session: NewSession;
let expired: NewSession;

beforeAll(async () => {
  const admin = new Admin(firn.client);
  inactive = await admin.createAccessKey();
  await admin.setKeyStatus(inactive.accessKeyId, 'Inactive');
  deleted = await admin.createAccessKey();
  await admin.deleteAccessKey(deleted.accessKeyId);
  const user = await admin.freshUser();
  deletedUsers = user.key;
  await admin.deleteUser(user.userName);
  if (isRemote) return;
  expired = await admin.createSession({ durationSeconds: 1 });
  await admin.advanceClock(2);
  session = await admin.createSession();
});

function as(credentials: NewAccessKey): Client {
  return clientFor(firn.server, credentials);
}

/** Adds one to the last digit of the signature. */
function changeDigit(headers: HeaderList): HeaderList {
  const change = (value: string): string =>
    value.replace(/.$/, (digit) => ((Number.parseInt(digit, 16) + 1) % 16).toString(16));
  return headers.map(([name, value]) => [name, name === 'Authorization' ? change(value) : value]);
}

function checkExpiredToken(reply: Reply): void {
  expect({ status: reply.status, body: reply.json() }).toEqual({
    status: 403,
    body: {
      code: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
      type: 'Client',
    },
  });
  expect(reply.header('Content-Type')).toBe('application/json');
  checkCommon(reply);
}

describe.each(operationNames)('%s', (name) => {
  let request: GoodRequest;

  beforeAll(async () => {
    request = await goodRequest(firn.client, name);
  });

  function signedBy(signing: SigningOptions): Promise<Reply> {
    return request.send(firn.client, { signing });
  }

  it('refuses an unsigned request', async () => {
    const reply = await request.send(firn.client, { signing: 'none' });
    const message = 'Request is missing Authentication Token';
    checkError(reply, 'MissingAuthenticationTokenException', message);
  });

  it('refuses a signature of which one digit is changed, and shows what should be signed', async () => {
    const { client } = firn;
    const signing = { date: new Date() };
    const options = request.options({ signing });
    const unsigned = client.unsigned(request.row.method, request.target(), options);
    const reply = await request.send(client, { signing, tamper: changeDigit });
    const scope = client.scope(signing);
    checkError(
      reply,
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided. Check your ' +
        'AWS Secret Access Key and signing method. Consult the service documentation for details.' +
        '\n\nThe Canonical String for this request should have been\n' +
        `'${canonicalRequest(unsigned)}'\n\nThe String-to-Sign should have been\n` +
        `'${stringToSign(unsigned, scope)}'`,
    );
  });

  it('refuses another secret', async () => {
    const reply = await signedBy({
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYANOTHERSECRET',
    });
    checkError(reply, 'InvalidSignatureException', /^The request signature we calculated/);
  });

  it('refuses a date that is past, and one that is too far ahead', async () => {
    const past = new Date(Date.now() - 6 * MINUTE_MS);
    const late =
      /^Signature expired: (\d{8}T\d{6}Z) is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/;
    const old = await signedBy({ date: past });
    checkError(old, 'InvalidSignatureException', late);
    expect(old.text).toContain(`expired: ${basicDate(past)} is`);
    const future = new Date(Date.now() + 6 * MINUTE_MS);
    const early =
      /^Signature not yet current: (\d{8}T\d{6}Z) is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/;
    const young = await signedBy({ date: future });
    checkError(young, 'InvalidSignatureException', early);
    expect(young.text).toContain(`current: ${basicDate(future)} is`);
  });

  it('refuses another region and another service', async () => {
    checkError(
      await signedBy({ region: 'eu-central-9' }),
      'InvalidSignatureException',
      "Credential should be scoped to a valid region, not 'eu-central-9'.",
    );
    checkError(
      await signedBy({ service: 's3' }),
      'InvalidSignatureException',
      /to correct service: 'glacier'\.$/,
    );
  });

  it('refuses a body that is not the one whose hash was signed', async () => {
    const wrong = sha256('another');
    const reply = await request.send(firn.client, { headers: { 'x-amz-content-sha256': wrong } });
    checkError(
      reply,
      'InvalidSignatureException',
      'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
        `Computed digest: ${sha256(request.body ?? '')} expected hash: ${wrong}`,
    );
  });

  it('refuses a key that is unknown', async () => {
    const reply = await signedBy({ accessKeyId: 'AKIAUNKNOWNUNKNOWN77' });
    checkError(reply, 'UnrecognizedClientException', UNKNOWN_TOKEN);
  });

  it('refuses a key that is inactive, that is deleted, and that of a deleted user', async () => {
    for (const key of [inactive, deleted, deletedUsers]) {
      checkError(await request.send(as(key)), 'UnrecognizedClientException', UNKNOWN_TOKEN);
    }
  });

  it('refuses a session token with a key that has none', async () => {
    const headers = { 'x-amz-security-token': 'FwoGZXIvYXdzEXAMPLE' };
    const reply = await request.send(firn.client, { headers });
    checkError(reply, 'UnrecognizedClientException', UNKNOWN_TOKEN);
  });

  describe.skipIf(isRemote)('with temporary credentials', () => {
    it('refuses them without their token', async () => {
      const reply = await request.send(clientFor(firn.server, session));
      checkError(reply, 'UnrecognizedClientException', UNKNOWN_TOKEN);
    });

    it('refuses them with another token', async () => {
      const shortened = session.sessionToken.slice(0, -1);
      for (const token of [expired.sessionToken, shortened, 'nonsense']) {
        const reply = await request.send(clientFor(firn.server, session, token));
        checkError(reply, 'UnrecognizedClientException', UNKNOWN_TOKEN);
      }
    });

    it('refuses them when they have expired', async () => {
      checkExpiredToken(await request.send(clientFor(firn.server, expired, expired.sessionToken)));
    });

    it('tells nobody without the secret that they have expired', async () => {
      const client = clientFor(
        firn.server,
        { ...expired, secretAccessKey: 'guess' },
        expired.sessionToken,
      );
      checkError(await request.send(client), 'InvalidSignatureException');
    });
  });

  it('looks at the signature before version, account and vault', async () => {
    const reply = await request.send(firn.client, {
      account: '999999999999',
      vault: 'no-such-vault',
      headers: { 'x-amz-glacier-version': undefined },
      tamper: changeDigit,
    });
    checkError(reply, 'InvalidSignatureException', /^The request signature we calculated/);
  });

  it('accepts what is signed well, and all that was refused has changed nothing', async () => {
    expect(await request.send()).toMatchObject({ status: request.row.answer.status });
  });

  it.skipIf(isRemote)('accepts temporary credentials with their token', async () => {
    const another = await goodRequest(firn.client, name);
    const { accountId } = another.root.target;
    const own = await new Admin(another.root).createSession();
    const client = clientFor(firn.server, { ...own, accountId }, own.sessionToken);
    expect(await another.send(client)).toMatchObject({ status: another.row.answer.status });
  });
});
