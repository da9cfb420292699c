/** What is common to all operations: wire page, section 1, but for authentication. */
import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  checkCommon,
  checkEmpty,
  checkError,
  checkJson,
  checkNoContent,
  checkNoVault,
} from '../support/check.ts';
import { hashHeaders, type RequestOptions, uniqueName } from '../support/client.ts';
import { EMPTY_HASH } from '../support/content.ts';
import { sha256 } from '../support/sign.ts';
import { rawExchange } from '../support/socket.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const hello = Buffer.from('hello');
const id = 'u'.repeat(92);

/** The operations of this step: name, method, and path behind the account. */
const operations: readonly [string, string, string, RequestOptions?][] = [
  ['CreateVault', 'PUT', '/vaults/VAULT'],
  ['DescribeVault', 'GET', '/vaults/VAULT'],
  ['ListVaults', 'GET', '/vaults'],
  ['DeleteVault', 'DELETE', '/vaults/VAULT'],
  ['UploadArchive', 'POST', '/vaults/VAULT/archives', { body: hello, headers: hashHeaders(hello) }],
  ['DeleteArchive', 'DELETE', `/vaults/VAULT/archives/${'A'.repeat(138)}`],
  [
    'InitiateMultipartUpload',
    'POST',
    '/vaults/VAULT/multipart-uploads',
    { headers: { 'x-amz-part-size': '1048576' } },
  ],
  [
    'UploadMultipartPart',
    'PUT',
    `/vaults/VAULT/multipart-uploads/${id}`,
    { body: hello, headers: { 'Content-Range': 'bytes 0-4/*', ...hashHeaders(hello) } },
  ],
  [
    'CompleteMultipartUpload',
    'POST',
    `/vaults/VAULT/multipart-uploads/${id}`,
    { headers: { 'x-amz-archive-size': '5', 'x-amz-sha256-tree-hash': sha256(hello) } },
  ],
  ['AbortMultipartUpload', 'DELETE', `/vaults/VAULT/multipart-uploads/${id}`],
  ['ListMultipartUploads', 'GET', '/vaults/VAULT/multipart-uploads'],
  ['ListParts', 'GET', `/vaults/VAULT/multipart-uploads/${id}`],
  ['InitiateJob', 'POST', '/vaults/VAULT/jobs', { body: '{"Type":"inventory-retrieval"}' }],
  ['DescribeJob', 'GET', `/vaults/VAULT/jobs/${id}`],
  ['ListJobs', 'GET', '/vaults/VAULT/jobs'],
  ['GetJobOutput', 'GET', `/vaults/VAULT/jobs/${id}/output`],
];

const needVault = operations.filter(
  ([name]) => !['CreateVault', 'ListVaults', 'DeleteVault'].includes(name),
);

const noVersion = { 'x-amz-glacier-version': undefined };

describe.each(operations)('%s', (_, method, path, options = {}) => {
  async function ask(account: string, more: RequestOptions = {}) {
    const vault = await firn.client.freshVault();
    const headers = { ...options.headers, ...more.headers };
    const target = `/${account}${path.replace('VAULT', vault)}`;
    return firn.client.request(method, target, { ...options, ...more, headers });
  }

  it('refuses an unsigned request, before anything else', async () => {
    for (const account of ['-', '999999999999']) {
      const reply = await ask(account, { signing: 'none', headers: noVersion });
      checkError(
        reply,
        'MissingAuthenticationTokenException',
        'Request is missing Authentication Token',
      );
    }
  });

  it('refuses a request without version, before it looks at the account', async () => {
    for (const account of ['-', '999999999999']) {
      const reply = await ask(account, { headers: noVersion });
      const message = 'Required parameter missing: API version';
      checkError(reply, 'MissingParameterValueException', message);
    }
  });

  it('refuses another version', async () => {
    for (const version of ['2012-06-02', '2012-6-1', 'latest']) {
      const reply = await ask('-', { headers: { 'x-amz-glacier-version': version } });
      const message = `Invalid API version: ${version}`;
      checkError(reply, 'InvalidParameterValueException', message);
    }
  });

  it.each(['999999999999', '1111-2222-3333', '11112222333', '1111222233334', 'abc', '--', '*'])(
    'refuses the account %s',
    async (account) => {
      const reply = await ask(account);
      checkError(reply, 'AccessDeniedException', `Access denied for account ID: ${account}`);
    },
  );

  it('refuses an empty account', async () => {
    checkError(await ask(''), 'AccessDeniedException', 'Access denied for account ID: ');
  });

  it('answers errors with a request id', async () => {
    const reply = await ask('999999999999');
    checkCommon(reply);
  });
});

describe.each(needVault)('%s', (_, method, path, options = {}) => {
  it('looks at the account before the vault, and at the vault before the rest', async () => {
    const { client } = firn;
    const vault = uniqueName();
    const suffix = path.replace('VAULT', vault);
    const foreign = await client.request(method, `/999999999999${suffix}`, options);
    checkError(foreign, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    checkNoVault(await client.request(method, `/-${suffix}`, options), client, vault);
    const bare = method === 'POST' || method === 'PUT' ? { body: 'x' } : {};
    checkNoVault(await client.request(method, `/-${suffix}`, bare), client, vault);
  });
});

describe('routing', () => {
  it.each([
    ['GET', '/-'],
    ['GET', '/-/'],
    ['GET', '/-/nonsense'],
    ['GET', '/-/Vaults'],
    ['GET', '/-/vaults/VAULT/nonsense'],
    ['GET', '/-/vaults/VAULT/archives/x/y'],
    ['GET', '/-/vaults/VAULT/jobs/x/output/y'],
    ['GET', '/-/vaults/VAULT/jobs/x/outputs'],
    ['GET', '/-/policies/nonsense'],
  ])('answers the unknown path %s %s with BadRequest', async (method, path) => {
    const vault = await firn.client.freshVault();
    checkError(await firn.client.request(method, path.replace('VAULT', vault)), 'BadRequest');
  });

  it.each([
    ['POST', '/-/vaults/VAULT'],
    ['PATCH', '/-/vaults/VAULT'],
    ['OPTIONS', '/-/vaults/VAULT'],
    ['DELETE', '/-/vaults'],
    ['POST', '/-/vaults'],
    ['GET', '/-/vaults/VAULT/archives'],
    ['PUT', '/-/vaults/VAULT/archives'],
    ['GET', '/-/vaults/VAULT/archives/x'],
    ['PUT', '/-/vaults/VAULT/jobs'],
    ['DELETE', '/-/vaults/VAULT/jobs/x'],
    ['POST', '/-/vaults/VAULT/jobs/x/output'],
    ['DELETE', '/-/vaults/VAULT/multipart-uploads'],
  ])('answers the unknown method %s %s with BadRequest', async (method, path) => {
    const vault = await firn.client.freshVault();
    checkError(await firn.client.request(method, path.replace('VAULT', vault)), 'BadRequest');
  });

  it('answers HEAD with 400 and no body', async () => {
    const vault = await firn.client.freshVault();
    const reply = await firn.client.request('HEAD', `/-/vaults/${vault}`);
    expect({ status: reply.status, text: reply.text }).toEqual({ status: 400, text: '' });
  });

  it('comes before authentication', async () => {
    const { client } = firn;
    checkError(await client.request('GET', '/-/nonsense', { signing: 'none' }), 'BadRequest');
    checkError(await client.request('PATCH', '/-/vaults/x', { signing: 'none' }), 'BadRequest');
  });

  it.each(['%zz', '%', '%F', '%FF', '%C3%28'])(
    'answers %s in the path, which does not decode, with BadRequest',
    async (segment) => {
      checkError(await firn.client.request('GET', `/-/vaults/${segment}`), 'BadRequest');
    },
  );

  it('decodes segments once, after splitting', async () => {
    const { client, server } = firn;
    const vault = await client.freshVault('vault');
    const description = await client.describeVault(vault);
    for (const target of [
      `/%2D/vaults/${vault}`,
      `/-/vaults/%76ault${vault.slice(5)}`,
      `/${server.accountId.replace(/^\d/, (digit) => `%3${digit}`)}/vaults/${vault}`,
    ]) {
      checkJson(await client.request('GET', target), description);
    }
    const twice = await client.request('GET', `/-/vaults/%2576ault${vault.slice(5)}`);
    const name = `%76ault${vault.slice(5)}`;
    checkError(twice, 'ResourceNotFoundException', `Vault not found for ARN: ${name}`);
  });

  it('ignores unknown query keys, and known ones in another case', async () => {
    const vault = await firn.client.freshVault();
    for (const query of ['?colour=red', '?Limit=0&Marker=x', '?x', '?=', '?limit', '?&&']) {
      const reply = await firn.client.request('GET', `/-/vaults/${vault}/jobs${query}`);
      checkJson(reply, { JobList: [], Marker: null });
    }
  });

  it('knows a missing vault name from a list of vaults', async () => {
    const { client } = firn;
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const reply = await client.request(method, '/-/vaults/');
      checkError(reply, 'MissingParameterValueException', /^Required parameter missing: /);
    }
  });

  it('refuses an empty account in front of every path', async () => {
    for (const path of ['//vaults', '//vaults/x', '//vaults/x/jobs']) {
      const reply = await firn.client.request('GET', path);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: ');
    }
  });
});

describe('HTTP that is malformed', () => {
  it.each([
    ['no HTTP at all', 'nonsense\r\n\r\n'],
    [
      'two lengths',
      'PUT /-/vaults/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    ],
    [
      'a length and chunks',
      'PUT /-/vaults/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a header without a colon', 'GET /-/vaults HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n'],
  ])('with %s is answered 400, with a request id, and the connection closed', async (_, text) => {
    const answer = await rawExchange(firn.server.endpoint, text);
    expect(answer.status).toBe(400);
    expect(answer.isClosed).toBe(true);
    expect(answer.text).toMatch(/\r\nx-amzn-requestid: [A-Za-z0-9_-]{47}\r\n/i);
    expect(answer.text).toMatch(/\{"code":"BadRequest","message":"[^"]+","type":"Client"\}$/);
  });
});

describe('answers', () => {
  it('each have a request id of their own', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const replies = await Promise.all([
      ...Array.from({ length: 20 }, () => client.request('GET', `/-/vaults/${vault}`)),
      client.request('GET', `/-/vaults/${uniqueName()}`),
      client.request('PUT', `/-/vaults/${vault}`),
      client.request('DELETE', `/-/vaults/${uniqueName()}`),
      client.request('GET', '/-/nonsense'),
      client.request('GET', `/-/vaults/${vault}`, { signing: 'none' }),
    ]);
    for (const reply of replies) checkCommon(reply);
    const ids = replies.map((reply) => reply.header('x-amzn-RequestId'));
    expect(new Set(ids).size).toBe(replies.length);
  });

  it('have errors of exactly three keys in order, service first, compact', async () => {
    const { client } = firn;
    const name = uniqueName();
    const reply = await client.request('GET', `/-/vaults/${name}`);
    expect(reply.text).toBe(
      '{"code":"ResourceNotFoundException","message":"Vault not found for ARN: ' +
        `${client.arn(name)}","type":"Client"}`,
    );
    const unsigned = await client.request('GET', `/-/vaults/${name}`, { signing: 'none' });
    expect(unsigned.text).toBe(
      '{"message":"Request is missing Authentication Token",' +
        '"code":"MissingAuthenticationTokenException","type":"Client"}',
    );
  });

  it('have the content type application/json, without charset, whatever is asked for', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    for (const accept of ['*/*', 'text/html', 'application/xml', 'application/json; charset=x']) {
      const headers = { Accept: accept, 'Accept-Encoding': 'gzip, br' };
      const reply = await client.request('GET', `/-/vaults/${vault}`, { headers });
      expect(reply.header('Content-Type')).toBe('application/json');
      expect(reply.header('Content-Encoding')).toBeUndefined();
      expect(reply.json()).toMatchObject({ VaultName: vault });
    }
  });
});

describe('connections', () => {
  it('stay open after every answer whose request was read whole', async () => {
    const { client } = firn;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const vault = await client.freshVault();
    const wrong = { 'x-amz-sha256-tree-hash': sha256('another') };
    const changed = { 'x-amz-content-sha256': sha256('another') };
    const replies = [
      await client.request('GET', `/-/vaults/${vault}`, { agent }),
      await client.request('GET', `/-/vaults/${uniqueName()}`, { agent }),
      await client.request('GET', `/-/vaults/${vault}`, { agent, signing: 'none' }),
      await client.request('GET', '/-/nonsense', { agent }),
      await client.postArchive(vault, hello, { agent }),
      await client.postArchive(vault, hello, { agent, headers: wrong }),
      await client.postArchive(vault, hello, { agent, headers: changed }),
      await client.postJob(vault, { Type: 'inventory-retrieval' }, { agent }),
      await client.postJob(vault, {}, { agent }),
      await client.postJob(vault, {}, { agent, body: '' }),
      await client.request('DELETE', `/-/vaults/${uniqueName()}`, { agent }),
      await client.request('GET', `/-/vaults/${vault}/jobs`, { agent }),
    ];
    agent.destroy();
    expect(replies.map(({ status }) => status)).toEqual([
      200, 404, 400, 400, 201, 400, 403, 202, 400, 400, 204, 200,
    ]);
    expect(new Set(replies.map(({ localPort }) => localPort)).size).toBe(1);
    for (const reply of replies) expect(reply.header('Connection')).not.toBe('close');
  });

  it('are closed after the refusal of an upload whose body was not read', async () => {
    const { client, server } = firn;
    const vault = await client.freshVault();
    const announced = { ...hashHeaders(hello), 'Content-Length': '1000000' };
    const target = `/-/vaults/${vault}/archives`;
    const heads = [
      client.head('POST', target, { headers: announced, signing: 'none' }),
      client.head('POST', target, { headers: { ...announced, ...noVersion } }),
      client.head('POST', target, {
        headers: { ...announced, 'x-amz-sha256-tree-hash': undefined },
      }),
      client.head('POST', `/-/vaults/${uniqueName()}/archives`, { headers: announced }),
      client.head('PUT', `/-/vaults/${vault}/multipart-uploads/${id}`, {
        headers: { ...announced, 'Content-Range': 'bytes 0-999999/*' },
      }),
    ];
    const answers = await Promise.all(heads.map((head) => rawExchange(server.endpoint, head)));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 404, 404]);
    for (const answer of answers) {
      expect(answer.text).toMatch(/\r\nConnection: close\r\n/i);
      expect(answer.isClosed).toBe(true);
    }
  });

  it('take several requests one behind the other', async () => {
    const { client, server } = firn;
    const vault = await client.freshVault();
    const first = client.head('GET', `/-/vaults/${vault}`);
    const second = client.head('GET', `/-/vaults/${uniqueName()}`);
    const third = client.head('GET', '/-/vaults?limit=1', { headers: { Connection: 'close' } });
    const answer = await rawExchange(server.endpoint, first + second + third);
    const statuses = [...answer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '404', '200']);
  });
});

describe('clients that send more than they must', () => {
  const goHeaders = { 'X-Amz-Content-Sha256': EMPTY_HASH, 'X-Amz-Sha256-Tree-Hash': '' };

  it('like the Go SDK: an empty, signed tree hash on calls without body', async () => {
    const { client } = firn;
    const vault = uniqueName();
    const target = `/-/vaults/${vault}`;
    const headers = goHeaders;
    checkEmpty(await client.request('PUT', target, { headers }), 201);
    expect((await client.request('GET', target, { headers })).status).toBe(200);
    expect((await client.request('GET', '/-/vaults', { headers })).status).toBe(200);
    expect((await client.request('GET', `${target}/jobs`, { headers })).status).toBe(200);
    const uploadId = await client.initiateUpload(vault, 1_048_576);
    const upload = `${target}/multipart-uploads/${uploadId}`;
    expect((await client.request('GET', upload, { headers })).status).toBe(200);
    checkNoContent(await client.request('DELETE', upload, { headers }));
    checkNoContent(await client.request('DELETE', target, { headers }));
  });

  it('like the JS SDK: the hash of the body everywhere, other headers signed', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    const body = '{"Type":"inventory-retrieval"}';
    const reply = await client.postJob(vault, undefined, {
      body,
      headers: {
        'Content-Type': 'application/json',
        'amz-sdk-invocation-id': '11111111-2222-3333-4444-555555555555',
        'amz-sdk-request': 'attempt=1; max=3',
        'User-Agent': 'aws-sdk-js/3',
        'x-amz-content-sha256': sha256(body),
        'x-amz-sha256-tree-hash': sha256(body),
        'x-amz-user-agent': 'aws-sdk-js/3   two  spaces',
      },
      signing: {
        alsoSign: ['amz-sdk-invocation-id', 'amz-sdk-request', 'content-length', 'content-type'],
      },
    });
    checkEmpty(reply, 202);
  });

  it('like the Java SDK: Expect: 100-continue on calls without body', async () => {
    const vault = uniqueName();
    const reply = await firn.client.request('PUT', `/-/vaults/${vault}`, {
      headers: { Expect: '100-continue' },
    });
    checkEmpty(reply, 201);
  });

  it('with any Host: Amazon’s, one without port, one in capitals', async () => {
    const vault = await firn.client.freshVault();
    for (const host of ['glacier.us-west-2.amazonaws.com', '127.0.0.1', 'LOCALHOST:1']) {
      const reply = await firn.client.request('GET', `/-/vaults/${vault}`, {
        headers: { Host: host },
      });
      expect(reply.status).toBe(200);
    }
  });

  it('with header names in any case', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const reply = await client.postArchive(vault, hello, {
      tamper: (headers) => headers.map(([name, value]) => [name.toUpperCase(), value]),
    });
    checkEmpty(reply, 201);
  });

  it('with a query on a POST, which is signed as it is', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const reply = await client.request('POST', `/-/vaults/${vault}/archives?b=2&a=%20x&a=1&c`, {
      body: hello,
      headers: hashHeaders(hello),
    });
    checkEmpty(reply, 201);
  });
});

describe('JSON bodies', () => {
  const MIB = 1_048_576;

  function padded(sizeBytes: number): string {
    const [before, after] = ['{"Type":"inventory-retrieval","Padding":"', '"}'] as const;
    return before + 'x'.repeat(sizeBytes - before.length - after.length) + after;
  }

  it('may have 1 MiB', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    checkEmpty(await client.postJob(vault, undefined, { body: padded(MIB) }), 202);
  });

  it.each([MIB + 1, 8 * MIB])('may not have %d bytes', async (sizeBytes) => {
    const { client } = firn;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    const reply = await client.postJob(vault, undefined, {
      body: padded(sizeBytes),
      headers: { Expect: '100-continue' },
    });
    expect(reply.status).toBe(400);
    expect(reply.json()).toEqual({
      code: expect.stringMatching(
        /^(SerializationException|InvalidParameterValueException|BadRequest)$/,
      ),
      message: expect.stringMatching(/./),
      type: 'Client',
    });
    const list = await client.request('GET', `/-/vaults/${vault}/jobs`);
    checkJson(list, { JobList: [], Marker: null });
  });

  it('may hold names that mean something to JavaScript', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    const body = '{"__proto__":{"Format":"CSV"},"constructor":1,"Type":"inventory-retrieval"}';
    const reply = await client.postJob(vault, undefined, { body });
    checkEmpty(reply, 202);
    const job = await client.waitForJob(vault, reply.header('x-amz-job-id') ?? '');
    expect(job.InventoryRetrievalParameters).toMatchObject({ Format: 'JSON' });
  });
});
