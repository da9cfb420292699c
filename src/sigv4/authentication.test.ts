import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GlacierError } from '../api/errors.ts';
import { type Authentication, readAuthentication } from './authentication.ts';

const scope = { region: 'us-west-2' };
const credential = 'Credential=AKIAEXAMPLE/20260105/us-west-2/glacier/aws4_request';
const signedHeaders = 'SignedHeaders=host;x-amz-date;x-amz-glacier-version';
const signature = `Signature=${'0a'.repeat(32)}`;
const authorization = `AWS4-HMAC-SHA256 ${credential}, ${signedHeaders}, ${signature}`;

const goodHeaders: Readonly<Record<string, string>> = {
  Host: 'localhost:6200',
  'x-amz-date': '20260105T081530Z',
  'x-amz-glacier-version': '2012-06-01',
  Authorization: authorization,
};

type Changes = Readonly<Record<string, string | undefined>>;

/** The good request with some headers changed, added or (undefined) left out. */
function withHeaders(changes: Changes, target = '/-/vaults'): () => Authentication {
  const rawHeaders = Object.entries({ ...goodHeaders, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
  return () => readAuthentication({ method: 'GET', target, rawHeaders }, scope);
}

function withAuthorization(text: string): () => Authentication {
  return withHeaders({ Authorization: text });
}

const goodQuery: Readonly<Record<string, string>> = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': 'AKIAEXAMPLE/20260105/us-west-2/glacier/aws4_request',
  'X-Amz-Date': '20260105T081530Z',
  'X-Amz-Expires': '3600',
  'X-Amz-SignedHeaders': 'host',
  'X-Amz-Signature': '0a'.repeat(32),
};

/** A good presigned request with some parameters changed, and some headers besides Host. */
function presigned(changes: Changes, headers: readonly string[] = []): () => Authentication {
  const query = Object.entries({ ...goodQuery, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  const rawHeaders = ['Host', 'localhost', ...headers];
  const target = `/-/vaults?${query.join('&')}`;
  return () => readAuthentication({ method: 'GET', target, rawHeaders }, scope);
}

function refusal(read: () => Authentication): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(GlacierError);
    const { code, status, message } = error as GlacierError;
    return `${status} ${code}: ${message}`;
  }
  return 'accepted';
}

const refusedAs = (message: string) => `403 InvalidSignatureException: ${message}`;
const missingToken =
  '400 MissingAuthenticationTokenException: Request is missing Authentication Token';

describe('a well-made request', () => {
  test('in the header form', () => {
    expect(withHeaders({})()).toMatchObject({
      form: 'header',
      accessKeyId: 'AKIAEXAMPLE',
      requestDate: '20260105T081530Z',
      requestTimeMs: Date.UTC(2026, 0, 5, 8, 15, 30),
      scopeDate: '20260105',
      region: 'us-west-2',
      signedHeaders: new Set(['host', 'x-amz-date', 'x-amz-glacier-version']),
      signature: '0a'.repeat(32),
      sessionToken: undefined,
      payloadHash: undefined,
      expiresSeconds: undefined,
    });
  });

  test('in the presigned form', () => {
    expect(presigned({ 'X-Amz-Security-Token': 'a/+=' })()).toMatchObject({
      form: 'presigned',
      accessKeyId: 'AKIAEXAMPLE',
      requestDate: '20260105T081530Z',
      signedHeaders: new Set(['host']),
      sessionToken: 'a/+=',
      expiresSeconds: 3600,
    });
  });

  test.each([
    ['no space after commas', `${credential},${signedHeaders},${signature}`],
    ['much space', `  ${credential} ,\t${signedHeaders}  ,   ${signature}  `],
    ['another order', `${signature}, ${signedHeaders}, ${credential}`],
    ['yet another order', `${signedHeaders},${credential}, ${signature}`],
    ['a comma at the end', `${credential}, ${signedHeaders}, ${signature},`],
    ['a field we do not know', `${credential}, Extra=1, ${signedHeaders}, ${signature}`],
  ])('with %s in Authorization', (_, fields) => {
    const read = withAuthorization(`AWS4-HMAC-SHA256 ${fields}`);
    const { request, ...expected } = withHeaders({})();
    expect(read()).toMatchObject(expected);
    expect(read().request.path).toBe(request.path);
  });

  test('with header names in any case', () => {
    const upper = Object.entries(goodHeaders).flatMap(([name, value]) => [
      name.toUpperCase(),
      value,
    ]);
    const request = { method: 'GET', target: '/-/vaults', rawHeaders: upper };
    expect(readAuthentication(request, scope)).toEqual(withHeaders({})());
  });

  test('with signed header names in upper case', () => {
    const read = withAuthorization(authorization.replace('host;x-amz-date', 'Host;X-Amz-Date'));
    expect(read().signedHeaders).toContain('x-amz-date');
  });

  test('with headers that need not be signed', () => {
    const read = withHeaders({
      'User-Agent': 'Ünicode',
      'X-Amzn-Trace-Id': 'Root=1',
      'Content-Length': '0',
      'amz-sdk-request': 'attempt=1',
    });
    expect(read().accessKeyId).toBe('AKIAEXAMPLE');
  });

  test('with the claimed payload hash', () => {
    const read = withHeaders({
      'X-Amz-Content-SHA256': 'abc',
      Authorization: authorization.replace('x-amz-date', 'x-amz-content-sha256;x-amz-date'),
    });
    expect(read().payloadHash).toBe('abc');
  });

  test('with a session token as signed header or in the query', () => {
    const signed = authorization.replace('SignedHeaders=', 'SignedHeaders=x-amz-security-token;');
    const inHeader = withHeaders({ 'X-Amz-Security-Token': 'T', Authorization: signed });
    expect(inHeader().sessionToken).toBe('T');
    expect(withHeaders({}, '/-/vaults?X-Amz-Security-Token=T')().sessionToken).toBe('T');
  });

  test('with an empty header that is signed', () => {
    const signed = authorization.replace('SignedHeaders=', 'SignedHeaders=x-amz-sha256-tree-hash;');
    const read = withHeaders({ 'X-Amz-Sha256-Tree-Hash': '', Authorization: signed });
    expect(read().request.headers.get('x-amz-sha256-tree-hash')).toBe('');
  });
});

describe('nothing to authenticate with', () => {
  test.each([
    ['no header', withHeaders({ Authorization: undefined })],
    ['an empty header', withHeaders({ Authorization: '' })],
    ['a query without signature', presigned({ 'X-Amz-Signature': undefined })],
  ])('%s', (_, read) => {
    expect(refusal(read)).toBe(missingToken);
  });
});

describe('a malformed Authorization header', () => {
  test.each([
    ['Bearer abc', "Unsupported AWS 'algorithm': 'Bearer' (only AWS4-HMAC-SHA256 for now)."],
    [
      'AWS4-HMAC-SHA1 a=b',
      "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now).",
    ],
    [
      'AWS4-HMAC-SHA256',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      `AWS4-HMAC-SHA256 ${credential}, ${signature}`,
      "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      `AWS4-HMAC-SHA256 ${credential}, ${signedHeaders}, Signature=`,
      "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      `AWS4-HMAC-SHA256 ${signedHeaders}, ${signature}`,
      "Authorization header requires 'Credential' parameter. Authorization=AWS4-HMAC-SHA256",
    ],
    [
      `${authorization}, oops`,
      "'oops' not a valid key=value pair (missing equal-sign) in Authorization header.",
    ],
    [`${authorization}, ${signature}`, "The Authorization header has more than one 'Signature'."],
    [
      authorization.replace('host;', 'host;;'),
      "The list of 'SignedHeaders' is malformed: 'host;;x-amz-date;x-amz-glacier-version'.",
    ],
    [
      authorization.replace('host;', 'host;host;'),
      "The list of 'SignedHeaders' is malformed: 'host;host;x-amz-date;x-amz-glacier-version'.",
    ],
  ])('%s', (text, message) => {
    expect(refusal(withAuthorization(text))).toBe(refusedAs(message));
  });
});

describe('a credential out of scope', () => {
  const five =
    'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got';
  const scoped = 'Credential should be scoped';
  const wrongDate =
    'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:';
  test.each([
    ['A', `${five} 'A'`],
    ['A/20260105/us-west-2/glacier', `${five} 'A/20260105/us-west-2/glacier'`],
    [
      'A/20260105/us-west-2/glacier/aws4_request/',
      `${five} 'A/20260105/us-west-2/glacier/aws4_request/'`,
    ],
    [
      '/20260105/us-west-2/glacier/aws4_request',
      `${five} '/20260105/us-west-2/glacier/aws4_request'`,
    ],
    ['A/20260105/us-east-1/glacier/aws4_request', `${scoped} to a valid region, not 'us-east-1'.`],
    ['A/20260105/US-WEST-2/glacier/aws4_request', `${scoped} to a valid region, not 'US-WEST-2'.`],
    ['A/20260105/us-west-2/s3/aws4_request', `${scoped} to correct service: 'glacier'.`],
    [
      'A/20260105/us-west-2/glacier/aws5',
      `${scoped} with a valid terminator: 'aws4_request', not 'aws5'.`,
    ],
    [
      'A/20260106/us-west-2/glacier/aws4_request',
      `${wrongDate} '20260106' != '20260105', from '20260105T081530Z'.`,
    ],
    [
      'A//us-west-2/glacier/aws4_request',
      `${wrongDate} '' != '20260105', from '20260105T081530Z'.`,
    ],
    [
      'A/b/c/d/e',
      `${scoped} to a valid region, not 'c'. ${scoped} to correct service: 'glacier'. ${scoped} with a valid terminator: 'aws4_request', not 'e'. ${wrongDate} 'b' != '20260105', from '20260105T081530Z'.`,
    ],
  ])('%s', (text, message) => {
    const changed = authorization.replace(credential, `Credential=${text}`);
    expect(refusal(withAuthorization(changed))).toBe(refusedAs(message));
    expect(refusal(presigned({ 'X-Amz-Credential': text }))).toBe(refusedAs(message));
  });
});

describe('headers that must be signed', () => {
  const mustSign = (name: string) =>
    refusedAs(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);

  test('host', () => {
    const read = withAuthorization(authorization.replace('host;', ''));
    expect(refusal(read)).toBe(mustSign('Host'));
    const date = ['x-amz-date', '20260105T081530Z'];
    const notHost = presigned({ 'X-Amz-SignedHeaders': 'x-amz-date' }, date);
    expect(refusal(notHost)).toBe(mustSign('Host'));
  });

  test('x-amz-date', () => {
    const read = withAuthorization(authorization.replace('x-amz-date;', ''));
    expect(refusal(read)).toBe(mustSign('x-amz-date'));
  });

  test('Date where it serves as the date', () => {
    const changes = { 'x-amz-date': undefined, Date: '20260105T081530Z' };
    const unsigned = authorization.replace('x-amz-date;', '');
    expect(refusal(withHeaders({ ...changes, Authorization: unsigned }))).toBe(mustSign('Date'));
    const signed = authorization.replace('x-amz-date;', 'date;');
    expect(withHeaders({ ...changes, Authorization: signed })().requestDate).toBe(
      '20260105T081530Z',
    );
  });

  test.each(['x-amz-content-sha256', 'x-amz-sha256-tree-hash', 'x-amz-security-token', 'x-amz-x'])(
    '%s where it is present',
    (name) => {
      expect(refusal(withHeaders({ [name.toUpperCase()]: 'v' }))).toBe(mustSign(name));
      expect(refusal(presigned({}, [name, 'v']))).toBe(mustSign(name));
    },
  );

  test('x-amz-glacier-version in the header form only', () => {
    const read = withAuthorization(authorization.replace(';x-amz-glacier-version', ''));
    expect(refusal(read)).toBe(mustSign('x-amz-glacier-version'));
    expect(refusal(presigned({}, ['X-Amz-Glacier-Version', '2012-06-01']))).toBe('accepted');
  });

  test('a signed header must be there', () => {
    const read = withAuthorization(authorization.replace('host;', 'host;range;'));
    expect(refusal(read)).toBe(
      refusedAs("'range' is a 'SignedHeader' but the request does not have it."),
    );
  });

  test('a request without Host', () => {
    expect(refusal(withHeaders({ Host: undefined }))).toBe(
      refusedAs("'host' is a 'SignedHeader' but the request does not have it."),
    );
  });
});

describe('headers given twice', () => {
  test.each([
    'Host',
    'Authorization',
    'X-Amz-Date',
    'X-Amz-Content-Sha256',
    'X-Amz-Security-Token',
    'X-Amz-Glacier-Version',
    'Date',
  ])('%s', (name) => {
    const rawHeaders = [...Object.entries(goodHeaders).flat(), name, 'v', name.toLowerCase(), 'v'];
    const read = () => readAuthentication({ method: 'GET', target: '/', rawHeaders }, scope);
    expect(refusal(read)).toBe(
      refusedAs(`The header '${name.toLowerCase()}' must not be given more than once.`),
    );
  });
});

describe('dates', () => {
  const wrongForm = (date: string) =>
    refusedAs(
      `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );

  test.each(['2026-01-05T08:15:30Z', '20260105', '20260230T081530Z', '20260105T081530Zx'])(
    'x-amz-date: %s',
    (date) => {
      const alsoGood = { 'x-amz-date': date, Date: '20260105T081530Z' };
      expect(refusal(withHeaders(alsoGood))).toBe(wrongForm(date));
      expect(refusal(presigned({ 'X-Amz-Date': date }))).toBe(wrongForm(date));
    },
  );

  test('x-amz-date wins over Date, which may then be any and unsigned', () => {
    const read = withHeaders({ Date: 'Tue, 06 Jan 2026 08:15:30 GMT' });
    expect(read().requestDate).toBe('20260105T081530Z');
  });

  test('Date in any other form does not serve as the date', () => {
    const date = 'Mon, 05 Jan 2026 08:15:30 GMT';
    const signed = authorization.replace('x-amz-date', 'date');
    const read = withHeaders({ 'x-amz-date': undefined, Date: date, Authorization: signed });
    expect(refusal(read)).toBe(wrongForm(date));
  });

  test('no date at all', () => {
    expect(refusal(withHeaders({ 'x-amz-date': undefined }))).toBe(
      refusedAs(
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
      ),
    );
  });
});

describe('the presigned form', () => {
  test.each(Object.keys(goodQuery).filter((name) => name !== 'X-Amz-Signature'))(
    'without %s',
    (name) => {
      const text = refusedAs(
        `AWS query-string parameters must include '${name}'. Re-examine the query-string parameters.`,
      );
      expect(refusal(presigned({ [name]: undefined }))).toBe(text);
      expect(refusal(presigned({ [name]: '' }))).toBe(text);
    },
  );

  test.each([...Object.keys(goodQuery), 'X-Amz-Security-Token'])('with %s twice', (name) => {
    const query = Object.entries({ ...goodQuery, 'X-Amz-Security-Token': 'T' }).map(
      ([key, value]) => `${key}=${encodeURIComponent(value)}`,
    );
    const target = `/-/vaults?${query.join('&')}&${name}=x`;
    const rawHeaders = ['Host', 'localhost'];
    const read = () => readAuthentication({ method: 'GET', target, rawHeaders }, scope);
    expect(refusal(read)).toBe(
      refusedAs(`The query-string param '${name}' must not be given more than once.`),
    );
  });

  test.each(['0', '-1', '604801', '1.5', '1e3', '0x10', '01', ' 1', 'ten', '99999999999'])(
    'with a life of %j seconds',
    (life) => {
      expect(refusal(presigned({ 'X-Amz-Expires': life }))).toBe(
        refusedAs(`X-Amz-Expires must be a number of seconds from 1 to 604800, not '${life}'.`),
      );
    },
  );

  test.each([1, 604_800])('with a life of %d seconds', (life) => {
    expect(presigned({ 'X-Amz-Expires': String(life) })().expiresSeconds).toBe(life);
  });

  test('with another algorithm', () => {
    expect(refusal(presigned({ 'X-Amz-Algorithm': 'AWS4-ECDSA-P256-SHA256' }))).toBe(
      refusedAs(
        "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now).",
      ),
    );
  });

  test.each(Object.keys(goodQuery))('together with the header form: %s', (name) => {
    expect(refusal(withHeaders({}, `/-/vaults?${name}=x`))).toBe(
      refusedAs(`Found both '${name}' as a query-string param and 'Authorization' as HTTP header.`),
    );
  });

  test('a session token in both places', () => {
    const read = presigned(
      { 'X-Amz-Security-Token': 'T', 'X-Amz-SignedHeaders': 'host;x-amz-security-token' },
      ['x-amz-security-token', 'T'],
    );
    expect(refusal(read)).toBe(
      refusedAs("Found both 'X-Amz-Security-Token' as a query-string param and as HTTP header."),
    );
  });
});

test.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'])('the payload %s', (value) => {
  const signed = authorization.replace('SignedHeaders=', 'SignedHeaders=x-amz-content-sha256;');
  const read = withHeaders({ 'x-amz-content-sha256': value, Authorization: signed });
  expect(refusal(read)).toBe(
    refusedAs(
      'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
        `Computed digest: not computed expected hash: ${value}`,
    ),
  );
});

test.each(['/-/vaults?marker=100%', '/-/vaults?%zz=1', '/-/vaults?a=%C3%28', '/?a=%ED%A0%80'])(
  'the query of %s cannot be decoded',
  (target) => {
    expect(refusal(withHeaders({}, target))).toBe(
      '400 BadRequest: The query of the request is not valid percent-encoded UTF-8.',
    );
  },
);

test('a query of absurdly many parameters', () => {
  const target = (count: number) => `/-/vaults?${'a&'.repeat(count)}`;
  expect(refusal(withHeaders({}, target(100)))).toBe('accepted');
  expect(refusal(withHeaders({}, target(101)))).toBe(
    '400 BadRequest: The query of the request has more than 100 parameters.',
  );
});

test('whatever comes, it is accepted or refused in the words of the API', () => {
  const fragment = fc.constantFrom(
    ...Object.entries(goodQuery).map((pair) => pair.join('=')),
    '%',
    '&',
    '=',
    '?',
    '/',
    '..',
    '%2F',
    'x-amz-signature=',
    '__proto__=1',
    'constructor',
  );
  const name = fc.constantFrom(...Object.keys(goodHeaders), 'x-amz-x', '__proto__', 'Date', '');
  const value = fc.oneof(
    fc.constantFrom(...Object.values(goodHeaders), credential, signedHeaders, signature, ','),
    fc.string({ unit: 'binary-ascii' }),
  );
  const target = fc.array(fc.oneof(fragment, fc.string({ unit: 'grapheme-ascii' })));
  const headers = fc.array(fc.tuple(name, value), { maxLength: 12 });
  fc.assert(
    fc.property(target, headers, (pieces, lines) => {
      const request = { method: 'GET', target: `/${pieces.join('')}`, rawHeaders: lines.flat() };
      refusal(() => readAuthentication(request, scope));
    }),
    { numRuns: 2000 },
  );
});
