/** Signature Version 4 over the wire: section 1.5 of the wire page. */
import { describe, expect, it } from 'vitest';
import { checkEmpty, checkError, checkNoContent } from '../support/check.ts';
import { type RequestOptions, uniqueName } from '../support/client.ts';
import { EMPTY_HASH } from '../support/content.ts';
import { exchange, type Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import {
  authorization,
  basicDate,
  canonicalRequest,
  type HeaderList,
  sha256,
  stringToSign,
} from '../support/sign.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const MINUTE_MS = 60_000;
const hello = Buffer.from('hello');
const helloHash = sha256(hello);
const otherHash = sha256('another');
const vaults = '/-/vaults?limit=1';

const WRONG_SIGNATURE =
  'The request signature we calculated does not match the signature you provided. Check your AWS ' +
  'Secret Access Key and signing method. Consult the service documentation for details.';

function wrongSignature(canonical: string, toSign: string): string {
  return (
    `${WRONG_SIGNATURE}\n\nThe Canonical String for this request should have been\n'${canonical}'` +
    `\n\nThe String-to-Sign should have been\n'${toSign}'`
  );
}

/** Changes the value of the Authorization header after signing. */
function reauthorize(change: (value: string) => string): (headers: HeaderList) => HeaderList {
  return (headers) =>
    headers.map(([name, value]) => [name, name === 'Authorization' ? change(value) : value]);
}

const breakSignature = reauthorize((value) =>
  value.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
);

function list(options: RequestOptions = {}): Promise<Reply> {
  return firn.client.request('GET', vaults, options);
}

function minutesFromNow(minutes: number): Date {
  return new Date(Date.now() + minutes * MINUTE_MS);
}

describe('a request without a signature', () => {
  it.each([
    ['GET', vaults],
    ['PUT', '/-/vaults/x'],
    ['GET', '/-/vaults/no-such-vault'],
    ['DELETE', '/-/vaults/no-such-vault'],
    ['POST', '/999999999999/vaults/x/jobs'],
    ['GET', '/-/vaults/'],
  ])('is refused: %s %s', async (method, target) => {
    const reply = await firn.client.request(method, target, { signing: 'none' });
    const message = 'Request is missing Authentication Token';
    checkError(reply, 'MissingAuthenticationTokenException', message);
  });
});

describe('an Authorization header', () => {
  it.each([
    ['without spaces', (value: string) => value.replaceAll(', ', ',')],
    ['with many spaces', (value: string) => value.replaceAll(', ', ' ,   ')],
    [
      'in another order',
      (value: string) => value.replace(/(Credential=.*), (Signed.*), (Sig.*)/, '$3, $1, $2'),
    ],
    [
      'in reverse order without spaces',
      (value: string) => value.replace(/(Credential=.*), (Signed.*), (Sig.*)/, '$3,$2,$1'),
    ],
  ])('may be written %s', async (_, change) => {
    const reply = await list({ tamper: reauthorize(change) });
    expect(reply.status).toBe(200);
  });

  it.each([
    ['another scheme', () => 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ['the old scheme', () => 'AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg='],
    ['another algorithm', (value: string) => value.replace('HMAC-SHA256', 'HMAC-SHA1')],
    ['the algorithm alone', () => 'AWS4-HMAC-SHA256'],
    ['words', () => 'AWS4-HMAC-SHA256 nonsense'],
    ['no signature', (value: string) => value.replace(/, Signature=.*/, '')],
    ['no signed headers', (value: string) => value.replace(/SignedHeaders=[^,]*, /, '')],
    ['no credential', (value: string) => value.replace(/Credential=[^,]*, /, '')],
    ['a credential of four parts', (value: string) => value.replace('/aws4_request', '')],
    ['a signature of 63 digits', (value: string) => value.slice(0, -1)],
    ['a signature of 65 digits', (value: string) => `${value}0`],
    ['a signature that is no hex', (value: string) => `${value.slice(0, -1)}g`],
    ['an empty signature', (value: string) => value.replace(/Signature=.*/, 'Signature=')],
  ])('is refused with %s', async (_, change) => {
    const reply = await list({ tamper: reauthorize(change) });
    checkError(reply, 'InvalidSignatureException');
  });

  it('is refused with every changed digit of the signature', async () => {
    const replies = await Promise.all(
      Array.from({ length: 64 }, (_, at) =>
        list({
          tamper: reauthorize((value) => {
            const start = value.length - 64 + at;
            const digit = value[start] === 'f' ? '0' : 'f';
            return value.slice(0, start) + digit + value.slice(start + 1);
          }),
        }),
      ),
    );
    for (const reply of replies) checkError(reply, 'InvalidSignatureException');
  });
});

describe('a wrong signature', () => {
  it('is answered with what the server would have signed', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const date = new Date();
    const target = `/-/vaults/${vault}/jobs?statuscode=&limit=2&marker=`;
    const options = { signing: { date } };
    const reply = await client.request('GET', target, { ...options, tamper: breakSignature });
    const unsigned = client.unsigned('GET', target, options);
    const message = wrongSignature(
      canonicalRequest(unsigned),
      stringToSign(unsigned, client.scope({ date })),
    );
    checkError(reply, 'InvalidSignatureException', message);
  });

  it('comes from another secret', async () => {
    const reply = await list({ signing: { secretAccessKey: 'another secret' } });
    checkError(reply, 'InvalidSignatureException', /^The request signature we calculated does not/);
  });

  it.each([
    ['another method', 'DELETE', '/-/vaults/examplevault'],
    ['another path', 'GET', '/-/vaults/examplevaulu'],
    ['another account', 'GET', '/999999999999/vaults/examplevault'],
    ['a query', 'GET', '/-/vaults/examplevault?limit=1'],
  ])('is one made for %s', async (_, method, target) => {
    const { client } = firn;
    const headers = client.signedHeaders('GET', '/-/vaults/examplevault');
    const reply = await exchange({ endpoint: client.target.endpoint, method, target, headers });
    checkError(reply, 'InvalidSignatureException', /^The request signature we calculated does not/);
  });

  it.each([
    ['Host', 'glacier.us-west-2.amazonaws.com'],
    ['x-amz-archive-description', 'another'],
    ['x-amz-sha256-tree-hash', otherHash],
    ['x-amz-content-sha256', otherHash],
    ['x-amz-glacier-version', '2012-06-02'],
  ])('is one made for another %s', async (changed, value) => {
    const { client } = firn;
    const vault = await client.freshVault();
    const reply = await client.postArchive(vault, hello, {
      headers: { 'x-amz-archive-description': 'greeting' },
      tamper: (headers) => headers.map(([name, given]) => [name, name === changed ? value : given]),
    });
    checkError(reply, 'InvalidSignatureException', /^The request signature we calculated does not/);
  });

  it('is one made for another body, when no x-amz-content-sha256 tells', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const date = new Date();
    const body = '{"Type":"inventory-retrieval","Format":"CSV"}';
    const reply = await client.postJob(vault, undefined, {
      body,
      signedBody: '{"Type":"inventory-retrieval"}',
      signing: { date },
    });
    const unsigned = client.unsigned('POST', `/-/vaults/${vault}/jobs`, {
      body,
      signing: { date },
    });
    const message = wrongSignature(
      canonicalRequest(unsigned),
      stringToSign(unsigned, client.scope({ date })),
    );
    checkError(reply, 'InvalidSignatureException', message);
  });
});

describe('the key and its scope', () => {
  it('is refused when nobody knows the key', async () => {
    const reply = await list({ signing: { accessKeyId: 'AKIAIOSFODNN7UNKNOWN' } });
    const message = 'The security token included in the request is invalid.';
    checkError(reply, 'UnrecognizedClientException', message);
  });

  it('is refused with a session token that nobody gave', async () => {
    const reply = await list({ headers: { 'x-amz-security-token': 'EXAMPLETOKEN/+=' } });
    const message = 'The security token included in the request is invalid.';
    checkError(reply, 'UnrecognizedClientException', message);
  });

  it('is refused for another region', async () => {
    const reply = await list({ signing: { region: 'eu-north-1' } });
    const message = "Credential should be scoped to a valid region, not 'eu-north-1'.";
    checkError(reply, 'InvalidSignatureException', message);
  });

  it('is refused for another service', async () => {
    const reply = await list({ signing: { service: 's3' } });
    const message = "Credential should be scoped to correct service: 'glacier'.";
    checkError(reply, 'InvalidSignatureException', message);
  });

  it('is refused when its date is not that of the request', async () => {
    checkError(await list({ signing: { scopeDate: '20260101' } }), 'InvalidSignatureException');
  });

  it('is refused when it does not end with aws4_request', async () => {
    const reply = await list({ signing: { terminator: 'aws4_requests' } });
    checkError(reply, 'InvalidSignatureException');
  });
});

describe('what must be signed', () => {
  it.each(['host', 'x-amz-date', 'x-amz-glacier-version'])('is %s', async (name) => {
    const reply = await list({ signing: { leaveOut: [name] } });
    checkError(reply, 'InvalidSignatureException');
  });

  it.each(['x-amz-archive-description', 'x-amz-content-sha256', 'x-amz-sha256-tree-hash'])(
    'is %s, when it is there',
    async (name) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const reply = await client.postArchive(vault, hello, {
        headers: { 'x-amz-archive-description': 'greeting' },
        signing: { leaveOut: [name] },
      });
      checkError(reply, 'InvalidSignatureException');
    },
  );

  it('is there: a header that is signed but not sent', async () => {
    const reply = await list({
      headers: { 'x-amz-foo': 'bar' },
      tamper: (headers) => headers.filter(([name]) => name !== 'x-amz-foo'),
    });
    checkError(reply, 'InvalidSignatureException');
  });

  it('is no more than that', async () => {
    const reply = await list({
      headers: {
        Accept: '*/*',
        'Accept-Encoding': 'identity',
        'User-Agent': 'test',
        'amz-sdk-invocation-id': '1',
        'amz-sdk-request': 'attempt=1',
        'Content-Type': 'application/json',
      },
    });
    expect(reply.status).toBe(200);
  });

  it('may be everything', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const reply = await client.postArchive(vault, hello, {
      headers: {
        'Content-Type': 'application/octet-stream',
        'User-Agent': '  spaces   inside  ',
        'x-amz-archive-description': 'a   b',
      },
      signing: { alsoSign: ['content-length', 'content-type', 'user-agent'] },
    });
    checkEmpty(reply, 201);
  });
});

describe('the date', () => {
  it.each([-4, 0, 4])('may be %d minutes from now', async (minutes) => {
    expect((await list({ signing: { date: minutesFromNow(minutes) } })).status).toBe(200);
  });

  /** The two dates of a clock message must be five minutes apart, the server's about now. */
  function checkDates(message: string, pattern: RegExp, given: Date, sign: 1 | -1): void {
    const [, requestDate, limit, now] = pattern.exec(message) ?? [];
    const parse = (text = ''): number =>
      Date.parse(text.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'));
    expect(requestDate).toBe(basicDate(given));
    expect(parse(limit) - parse(now)).toBe(sign * 5 * MINUTE_MS);
    expect(Math.abs(parse(now) - Date.now())).toBeLessThan(MINUTE_MS);
  }

  it('is refused when it is too old', async () => {
    const date = minutesFromNow(-6);
    const reply = await list({ signing: { date } });
    const pattern = /^Signature expired: (\w+) is now earlier than (\w+) \((\w+) - 5 min\.\)$/;
    checkError(reply, 'InvalidSignatureException', pattern);
    checkDates((reply.json() as { message: string }).message, pattern, date, -1);
  });

  it('is refused when it is too new', async () => {
    const date = minutesFromNow(6);
    const reply = await list({ signing: { date } });
    const pattern =
      /^Signature not yet current: (\w+) is still later than (\w+) \((\w+) \+ 5 min\.\)$/;
    checkError(reply, 'InvalidSignatureException', pattern);
    checkDates((reply.json() as { message: string }).message, pattern, date, 1);
  });

  it('may stand in Date, in the basic form', async () => {
    const headers = { 'x-amz-date': undefined, Date: basicDate(new Date()) };
    expect((await list({ headers })).status).toBe(200);
  });

  it('is x-amz-date where both are there', async () => {
    const dates = [new Date().toUTCString(), 'Thu, 01 Jan 1970 00:00:00 GMT', '20200101T000000Z'];
    for (const date of dates) {
      const reply = await list({ headers: { Date: date }, signing: { alsoSign: ['date'] } });
      expect(reply.status).toBe(200);
      expect((await list({ headers: { Date: date } })).status).toBe(200);
    }
  });

  it('is not Date in another form', async () => {
    const now = new Date();
    const reply = await list({
      headers: { 'x-amz-date': undefined, Date: basicDate(now) },
      tamper: (headers) =>
        headers.map(([name, value]) => [name, name === 'Date' ? now.toUTCString() : value]),
    });
    checkError(reply, 'InvalidSignatureException');
  });

  it('is missed when it is not there', async () => {
    const reply = await list({
      tamper: (headers) => headers.filter(([name]) => name !== 'x-amz-date'),
    });
    checkError(reply, 'InvalidSignatureException');
  });

  it.each(['yesterday', '2026-01-05T08:15:30Z', '20260230T081530Z', '20260105T256099Z', ''])(
    'is refused when it is "%s"',
    async (date) => {
      checkError(await list({ headers: { 'x-amz-date': date } }), 'InvalidSignatureException');
    },
  );
});

describe('x-amz-content-sha256', () => {
  function mismatch(computed: string, expected: string): string {
    return (
      'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
      `Computed digest: ${computed} expected hash: ${expected}`
    );
  }

  it('may be on any request', async () => {
    const { client } = firn;
    const vault = uniqueName();
    const headers = { 'x-amz-content-sha256': EMPTY_HASH };
    checkEmpty(await client.request('PUT', `/-/vaults/${vault}`, { headers }), 201);
    expect((await list({ headers })).status).toBe(200);
    checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`, { headers }));
  });

  it('must be the hash of what came: of nothing', async () => {
    const reply = await list({ headers: { 'x-amz-content-sha256': otherHash } });
    checkError(reply, 'InvalidSignatureException', mismatch(EMPTY_HASH, otherHash));
  });

  it('must be the hash of what came: of JSON', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const body = '{"Type":"inventory-retrieval"}';
    const reply = await client.postJob(vault, undefined, {
      body,
      headers: { 'x-amz-content-sha256': otherHash },
    });
    checkError(reply, 'InvalidSignatureException', mismatch(sha256(body), otherHash));
  });

  it('must be the hash of what came: of an archive whose bytes were changed', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const reply = await client.postArchive(vault, hello, { body: 'hellO' });
    checkError(reply, 'InvalidSignatureException', mismatch(sha256('hellO'), helloHash));
  });

  it.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'nonsense'])(
    'may not be %s',
    async (value) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const headers = { 'x-amz-content-sha256': value };
      const replies = [
        await client.postArchive(vault, hello, { headers }),
        await client.postJob(vault, { Type: 'inventory-retrieval' }, { headers }),
        await list({ headers }),
      ];
      for (const reply of replies) {
        const message = /^The value passed in as x-amz-content-sha256 does not match the computed/;
        checkError(reply, 'InvalidSignatureException', message);
      }
    },
  );
});

describe('headers that came twice', () => {
  function checkRefused(reply: Reply): void {
    expect([400, 403]).toContain(reply.status);
    expect(reply.json()).toMatchObject({
      code: expect.stringMatching(/^(InvalidSignatureException|BadRequest)$/),
      type: 'Client',
    });
  }

  it.each(['x-amz-date', 'x-amz-content-sha256'])('are refused: %s', async (name) => {
    const { client } = firn;
    const vault = await client.freshVault();
    const value = name === 'x-amz-date' ? basicDate(new Date()) : helloHash;
    const headers = { [name]: [value, value] };
    checkRefused(await client.postArchive(vault, hello, { headers }));
  });

  it('are refused: Authorization', async () => {
    const reply = await list({
      tamper: (headers) => [...headers, ...headers.filter(([name]) => name === 'Authorization')],
    });
    checkRefused(reply);
  });

  it('are refused: Host', async () => {
    const { host } = new URL(firn.server.endpoint);
    checkRefused(await list({ headers: { Host: [host, host] } }));
  });
});

describe('an upload with a wrong signature', () => {
  it('is refused before its body is read, and the connection closed', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const reply = await client.postArchive(vault, hello, {
      headers: { 'Content-Length': '1000000' },
      stopAfterBytes: 0,
      tamper: breakSignature,
    });
    checkError(reply, 'InvalidSignatureException', /^The request signature we calculated does not/);
    expect(reply.header('Connection')).toBe('close');
  });

  it.each([
    ['no signature', { signing: 'none' } as const],
    ['a wrong signature', { tamper: breakSignature }],
    ['an unknown key', { signing: { accessKeyId: 'AKIAIOSFODNN7UNKNOWN' } }],
    ['an old date', { signing: { date: new Date(0) } }],
    ['another region', { signing: { region: 'eu-north-1' } }],
  ])('gets no 100 Continue: %s', async (_, options) => {
    const { client } = firn;
    const vault = await client.freshVault();
    const reply = await client.postArchive(vault, hello, {
      ...options,
      headers: { Expect: '100-continue' },
    });
    expect([400, 403]).toContain(reply.status);
    expect(reply.continued).toBe(false);
  });
});

describe('a presigned GET', () => {
  const version = { 'x-amz-glacier-version': '2012-06-01' };

  it('is answered when the version comes in a header, which need not be signed', async () => {
    const reply = await firn.client.presignedGet(vaults, { headers: version });
    expect(reply.status).toBe(200);
    const signed = await firn.client.presignedGet(vaults, { signedHeaders: version });
    expect(signed.status).toBe(200);
  });

  it('is answered when the version stands in the query', async () => {
    const target = `${vaults}&x-amz-glacier-version=2012-06-01`;
    expect((await firn.client.presignedGet(target)).status).toBe(200);
  });

  it('is refused without version', async () => {
    const reply = await firn.client.presignedGet(vaults);
    const message = 'Required parameter missing: API version';
    checkError(reply, 'MissingParameterValueException', message);
  });

  it.each([1, 604_800])('may live %d seconds', async (expiresSeconds) => {
    const reply = await firn.client.presignedGet(vaults, { headers: version, expiresSeconds });
    expect(reply.status).toBe(200);
  });

  it.each(['0', '604801', '-1', 'abc', '1.5', ''])(
    'may not live "%s" seconds',
    async (expiresSeconds) => {
      const reply = await firn.client.presignedGet(vaults, { headers: version, expiresSeconds });
      checkError(reply, 'InvalidSignatureException');
    },
  );

  it('lives as long as it says, also beyond five minutes', async () => {
    const date = minutesFromNow(-30);
    const alive = { headers: version, date, expiresSeconds: 3600 };
    expect((await firn.client.presignedGet(vaults, alive)).status).toBe(200);
    const dead = { headers: version, date, expiresSeconds: 600 };
    const reply = await firn.client.presignedGet(vaults, dead);
    checkError(reply, 'InvalidSignatureException', /^Signature expired: /);
  });

  it('is refused when it is made too far ahead', async () => {
    const date = minutesFromNow(10);
    const reply = await firn.client.presignedGet(vaults, { headers: version, date });
    checkError(reply, 'InvalidSignatureException', /^Signature not yet current: /);
  });

  it.each([
    ['a changed digit', (url: string) => url.replace(/.$/, (d) => (d === '0' ? '1' : '0'))],
    ['a changed path', (url: string) => url.replace('/-/vaults?', '/-/vaults/x?')],
    ['a changed query', (url: string) => url.replace('limit=1', 'limit=2')],
    ['an added query', (url: string) => `${url}&marker=x`],
    ['a longer life', (url: string) => url.replace('Expires=3600', 'Expires=3601')],
    ['another key', (url: string) => url.replace(/Credential=[^%]*/, '$&X')],
  ])('is refused with %s', async (_, tamper) => {
    const reply = await firn.client.presignedGet(vaults, { headers: version, tamper });
    expect([400, 403]).toContain(reply.status);
    expect(reply.json()).toMatchObject({
      code: expect.stringMatching(/^(InvalidSignature|UnrecognizedClient)Exception$/),
    });
  });

  it.each(['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders'])(
    'is refused without X-Amz-%s',
    async (name) => {
      const tamper = (url: string): string => url.replace(new RegExp(`X-Amz-${name}=[^&]*&`), '');
      const reply = await firn.client.presignedGet(vaults, { headers: version, tamper });
      checkError(reply, 'InvalidSignatureException');
    },
  );

  it('counts as unsigned without X-Amz-Signature', async () => {
    const tamper = (url: string): string => url.replace(/&X-Amz-Signature=.*/, '');
    const reply = await firn.client.presignedGet(vaults, { headers: version, tamper });
    const message = 'Request is missing Authentication Token';
    checkError(reply, 'MissingAuthenticationTokenException', message);
  });

  it('is refused together with an Authorization header', async () => {
    const { client } = firn;
    const headers = Object.fromEntries(client.signedHeaders('GET', vaults));
    const { Authorization = '', 'x-amz-date': date = '' } = headers;
    const reply = await client.presignedGet(vaults, {
      headers: { ...version, Authorization, 'x-amz-date': date },
    });
    expect([400, 403]).toContain(reply.status);
  });
});

describe('a signature of another implementation', () => {
  it('may encode the path once where no character differs, and be in any case', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const target = `/-/vaults/${vault}`;
    const unsigned = client.unsigned('GET', target);
    expect(canonicalRequest(unsigned)).toContain(`\n${target}\n`);
    const date = unsigned.headers.find(([name]) => name === 'x-amz-date')?.[1] ?? '';
    const value = authorization(unsigned, client.scope({}, date));
    const headers: HeaderList = [['authorization', value], ...[...unsigned.headers].reverse()];
    const { endpoint } = client.target;
    const reply = await exchange({ endpoint, method: 'GET', target, headers });
    expect(reply.status).toBe(200);
  });
});

describe.skipIf(isRemote)('the window of the clock', () => {
  const lenient = useServer({ arguments: ['--signature-skew-seconds', '900'] });

  it('can be set', async () => {
    const { client } = lenient;
    const at = (minutes: number): Promise<Reply> =>
      client.request('GET', vaults, { signing: { date: minutesFromNow(minutes) } });
    for (const minutes of [-14, 14]) expect((await at(minutes)).status).toBe(200);
    checkError(await at(-16), 'InvalidSignatureException', /^Signature expired: .*- 15 min\.\)$/);
    const message = /^Signature not yet current: .*\+ 15 min\.\)$/;
    checkError(await at(16), 'InvalidSignatureException', message);
  });
});
