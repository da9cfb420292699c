/**
 * Faults on order, from outside: what a tester asks for is what the next matching requests meet, as
 * often as he asked, and nothing else; a client that takes care finds out, and loses nothing.
 */
import * as sdk from '@aws-sdk/client-glacier';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ErrorCode, errorTable, signatureErrors } from '../../src/api/errors.ts';
import { Admin, type FaultRequest } from '../support/admin.ts';
import { checkError, checkNoContent } from '../support/check.ts';
import { type Client, uniqueName } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const firn = useServer({ arguments: ['--test-clock'] });
let admin: Admin;
let client: Client;
beforeEach(() => {
  client = firn.client;
  admin = new Admin(client);
});
afterEach(() => admin.clearFaults());

const codes = Object.keys(errorTable) as ErrorCode[];

/** An ordered error: Glacier's own status, type and order of keys. */
function checkFault(reply: Reply, code: ErrorCode, message: string): void {
  const { status, type } = errorTable[code];
  const keys = signatureErrors.has(code)
    ? ['message', 'code', 'type']
    : ['code', 'message', 'type'];
  const error: Record<string, string> = { code, message, type };
  const text = JSON.stringify(Object.fromEntries(keys.map((key) => [key, error[key]])));
  expect({ status: reply.status, text: reply.text }).toEqual({ status, text });
  expect(reply.header('Content-Type')).toBe('application/json');
  expect(reply.header('x-amzn-RequestId')).toMatch(/^[\w-]{47}$/);
}

function describeVault(vault: string, by: Client = client): Promise<Reply> {
  return by.request('GET', `/-/vaults/${vault}`);
}

/** A finished retrieval of some content, and the content. */
async function retrieved(sizeBytes: number) {
  const vault = await client.freshVault();
  const bytes = content(sizeBytes, 3);
  const archiveId = await client.uploadArchive(vault, bytes);
  const jobId = await client.retrievedArchive(vault, archiveId);
  return { vault, bytes, archiveId, jobId };
}

describe('an error', () => {
  it.each(codes)('may be %s, with a text or without', async (code) => {
    const vault = await client.freshVault();
    const message = `"${code}" was asked for: é`;
    const operation = 'DescribeVault';
    await admin.addFault({ operation, fault: { kind: 'error', code, message } });
    await admin.addFault({ operation, fault: { kind: 'error', code } });
    checkFault(await describeVault(vault), code, message);
    const plain = await describeVault(vault);
    const { message: usual } = plain.json() as { message: string };
    expect(usual).not.toBe('');
    checkFault(plain, code, usual);
    expect((await describeVault(vault)).status).toBe(200);
  });

  it.each<[code: ErrorCode, message: string]>([
    ['ThrottlingException', 'Rate exceeded'],
    ['RequestTimeoutException', 'Request timed out.'],
    ['ServiceUnavailableException', 'Service is unavailable. Please try again.'],
    ['ExpiredTokenException', 'The security token included in the request is expired'],
    ['UnrecognizedClientException', 'The security token included in the request is invalid.'],
    ['MissingAuthenticationTokenException', 'Request is missing Authentication Token'],
    ['PolicyEnforcedException', 'InitiateJob request denied by current data retrieval policy.'],
  ])('%s has its usual words', async (code, message) => {
    const vault = await client.freshVault();
    await admin.addFault({ fault: { kind: 'error', code } });
    checkFault(await describeVault(vault), code, message);
  });

  it('of an upload leaves nothing behind: 408, the body unread', async () => {
    const vault = await client.freshVault();
    const code = 'RequestTimeoutException';
    await admin.addFault({ operation: 'UploadArchive', fault: { kind: 'error', code } });
    const bytes = content(2 * MIB);
    checkFault(await client.postArchive(vault, bytes), code, 'Request timed out.');
    expect(await client.describeVault(vault)).toMatchObject({
      LastInventoryDate: null,
      NumberOfArchives: 0,
      SizeInBytes: 0,
    });
    checkError(
      await client.postJob(vault, { Type: 'inventory-retrieval' }),
      'ResourceNotFoundException',
      /not yet generated an initial inventory/,
    );
    checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
  });

  it('of a part leaves the upload as it was', async () => {
    const vault = await client.freshVault();
    const bytes = content(MIB);
    const uploadId = await client.initiateUpload(vault, MIB);
    const code = 'RequestTimeoutException';
    await admin.addFault({ operation: 'UploadMultipartPart', fault: { kind: 'error', code } });
    expect((await client.putPart(vault, uploadId, 0, bytes)).status).toBe(408);
    const path = `/-/vaults/${vault}/multipart-uploads/${uploadId}`;
    expect((await client.expect(200, 'GET', path)).json()).toMatchObject({ Parts: [] });
    await client.uploadPart(vault, uploadId, 0, bytes);
    expect((await client.completeUpload(vault, uploadId, MIB, treeHash(bytes))).status).toBe(201);
  });

  it('of a change leaves it undone', async () => {
    const name = uniqueName();
    const code = 'ServiceUnavailableException';
    await admin.addFault({ operation: 'CreateVault', fault: { kind: 'error', code } });
    expect((await client.request('PUT', `/-/vaults/${name}`)).status).toBe(500);
    expect((await describeVault(name)).status).toBe(404);
  });

  it('is met before `100 Continue`', async () => {
    const vault = await client.freshVault();
    const code = 'ThrottlingException';
    await admin.addFault({ operation: 'UploadArchive', fault: { kind: 'error', code } });
    const headers = { Expect: '100-continue' };
    const reply = await client.postArchive(vault, content(MIB), { headers });
    expect({ status: reply.status, continued: reply.continued }).toEqual({
      status: 400,
      continued: false,
    });
  });
});

describe('a broken connection', () => {
  /** The connection ends before the answer does. */
  async function expectBroken(sending: Promise<Reply>): Promise<void> {
    const outcome = await sending.then(
      ({ status, text }) => `${status} ${text}`,
      ({ code }: NodeJS.ErrnoException) => code,
    );
    expect(outcome).toBe('ECONNRESET');
  }

  it.each([0, 1, 40])('breaks a JSON answer after %d bytes', async (afterBytes) => {
    const vault = await client.freshVault();
    await admin.addFault({ operation: 'DescribeVault', fault: { kind: 'break', afterBytes } });
    await expectBroken(describeVault(vault));
    expect((await describeVault(vault)).status).toBe(200);
  });

  it.each([0, 1, MIB, MIB + 17, 3 * MIB])('breaks an output after %d bytes', async (afterBytes) => {
    const { vault, bytes, jobId } = await retrieved(3 * MIB + 5);
    await admin.addFault({ operation: 'GetJobOutput', fault: { kind: 'break', afterBytes } });
    await expectBroken(client.getJobOutput(vault, jobId));
    // What was asked for is what came: a reader that stops there has seen all of it.
    if (afterBytes > 0) {
      await admin.addFault({ operation: 'GetJobOutput', fault: { kind: 'break', afterBytes } });
      const target = `/-/vaults/${vault}/jobs/${jobId}/output`;
      const part = await client.request('GET', target, { readAtMostBytes: afterBytes });
      expect(part.header('Content-Length')).toBe(String(bytes.length));
      expect(part.body.equals(bytes.subarray(0, afterBytes))).toBe(true);
    }
    expect((await client.getJobOutput(vault, jobId)).body.equals(bytes)).toBe(true);
  });

  it('leaves a download to be gone on with by a range', async () => {
    const { vault, bytes, jobId } = await retrieved(3 * MIB);
    const target = `/-/vaults/${vault}/jobs/${jobId}/output`;
    const fault = { kind: 'break', afterBytes: 2 * MIB } as const;
    await admin.addFault({ operation: 'GetJobOutput', fault });
    const first = await client.request('GET', target, { readAtMostBytes: 2 * MIB });
    const rest = await client.getJobOutput(vault, jobId, { range: `bytes=${first.body.length}-` });
    expect(Buffer.concat([first.body, rest.body]).equals(bytes)).toBe(true);
  });

  it('breaks an answer that has no body', async () => {
    const name = uniqueName();
    const fault = { kind: 'break', afterBytes: 0 } as const;
    await admin.addFault({ operation: 'CreateVault', fault });
    await expectBroken(client.request('PUT', `/-/vaults/${name}`));
    // The work was done; only the answer was lost. Asking again is what a client has to do.
    expect((await describeVault(name)).status).toBe(200);
    await admin.addFault({ operation: 'DeleteVault', fault });
    await expectBroken(client.request('DELETE', `/-/vaults/${name}`));
    expect((await describeVault(name)).status).toBe(404);
  });

  it('breaks the answer to an upload that was stored', async () => {
    const vault = await client.freshVault();
    const fault = { kind: 'break', afterBytes: 0 } as const;
    await admin.addFault({ operation: 'UploadArchive', fault });
    await expectBroken(client.postArchive(vault, content(MIB)));
    expect((await client.describeVault(vault)).NumberOfArchives).toBe(1);
  });

  it('breaks a refusal like any other answer', async () => {
    const fault = { kind: 'break', afterBytes: 0 } as const;
    await admin.addFault({ operation: 'DescribeVault', fault });
    await expectBroken(describeVault(uniqueName()));
  });

  it('leaves an answer whole that is shorter', async () => {
    const vault = await client.freshVault();
    const fault = { kind: 'break', afterBytes: 100_000 } as const;
    await admin.addFault({ operation: 'DescribeVault', fault });
    const reply = await describeVault(vault);
    expect(reply.json()).toMatchObject({ VaultName: vault });
  });
});

describe('a corrupt byte', () => {
  it.each([0, MIB - 1, MIB, 2 * MIB + 9])('at %d is found by the tree hash', async (atByte) => {
    const { vault, bytes, jobId } = await retrieved(2 * MIB + 10);
    await admin.addFault({ operation: 'GetJobOutput', fault: { kind: 'corrupt', atByte } });
    const { body, ...reply } = await client.getJobOutput(vault, jobId);
    expect(reply.status).toBe(200);
    const different = [...body.keys()].filter((at) => body[at] !== bytes[at]);
    expect(different).toEqual([atByte]);
    const bits = (body[atByte] ?? 0) ^ (bytes[atByte] ?? 0);
    expect(Math.log2(bits) % 1).toBe(0);
    expect(treeHash(body)).not.toBe(treeHash(bytes));
    const again = await client.getJobOutput(vault, jobId);
    expect(treeHash(again.body)).toBe(again.header('x-amz-sha256-tree-hash'));
  });

  it('comes with the hash of the right bytes', async () => {
    const { vault, bytes, jobId } = await retrieved(MIB + 1);
    await admin.addFault({ operation: 'GetJobOutput', fault: { kind: 'corrupt', atByte: 5 } });
    const reply = await client.getJobOutput(vault, jobId);
    expect(reply.header('x-amz-sha256-tree-hash')).toBe(treeHash(bytes));
    expect(reply.header('Content-Length')).toBe(String(bytes.length));
  });

  it('may be one of an inventory', async () => {
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'listed');
    const jobId = await client.retrievedInventory(vault);
    await admin.addFault({ operation: 'GetJobOutput', fault: { kind: 'corrupt', atByte: 2 } });
    const [bad, good] = [
      await client.getJobOutput(vault, jobId),
      await client.getJobOutput(vault, jobId),
    ];
    expect(bad.body.length).toBe(good.body.length);
    expect(bad.body.equals(good.body)).toBe(false);
  });

  it('is used up by an output alone', async () => {
    const { vault, bytes, jobId } = await retrieved(100);
    await admin.addFault({ fault: { kind: 'corrupt', atByte: 0 } });
    await describeVault(vault);
    await client.describeJob(vault, jobId);
    expect((await client.getJobOutput(vault, jobId)).body.equals(bytes)).toBe(false);
  });
});

describe('a delay', () => {
  it('holds the answer back, and not those of others', async () => {
    const [slow, fast] = [await client.freshVault(), await client.freshVault()];
    const fault = { kind: 'delay', milliseconds: 1500 } as const;
    await admin.addFault({ operation: 'DescribeVault', vaultName: slow, fault });
    const order: string[] = [];
    const slowly = describeVault(slow).then((reply) => {
      order.push('slow');
      return reply;
    });
    for (let i = 0; i < 3; i++) {
      await describeVault(fast);
      order.push('fast');
    }
    expect((await slowly).json()).toMatchObject({ VaultName: slow });
    expect(order).toEqual(['fast', 'fast', 'fast', 'slow']);
  });

  it('passes in real time, also where the clock stands', async () => {
    const vault = await client.freshVault();
    await admin.freezeClock();
    await admin.addFault({ fault: { kind: 'delay', milliseconds: 20 } });
    expect((await describeVault(vault)).status).toBe(200);
    await admin.runClock();
  });
});

describe('a failed job', () => {
  it('ends Failed, says so as Glacier does, and has no output', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    await admin.addFault({ fault: { kind: 'fail-job', reason: 'because' } });
    const jobId = await client.retrieveArchive(vault, archiveId);
    expect(await client.waitForJob(vault, jobId)).toMatchObject({
      Completed: true,
      StatusCode: 'Failed',
      StatusMessage: 'Failed',
    });
    checkError(
      await client.getJobOutput(vault, jobId),
      'InvalidParameterValueException',
      `The job is not currently available for download: ${jobId}`,
    );
    const again = await client.retrievedArchive(vault, archiveId);
    expect((await client.getJobOutput(vault, again)).text).toBe('hello');
  });

  it('may be an inventory, of one vault, as often as was asked', async () => {
    const [vault, other] = [await client.freshVault(), await client.freshVault()];
    for (const name of [vault, other]) await client.uploadArchive(name, 'hello');
    await admin.addFault({ vaultName: vault, count: 2, fault: { kind: 'fail-job' } });
    const statusOf = async (name: string) => {
      const jobId = await client.retrieveInventory(name);
      return (await client.waitForJob(name, jobId)).StatusCode;
    };
    expect(await statusOf(other)).toBe('Succeeded');
    expect(await statusOf(vault)).toBe('Failed');
    expect(await statusOf(vault)).toBe('Failed');
    expect(await statusOf(vault)).toBe('Succeeded');
  });
});

describe('who meets a fault', () => {
  const code = 'ThrottlingException';
  const throttling: FaultRequest = { fault: { kind: 'error', code } };

  it('is the operation and the vault that are named, and nobody else', async () => {
    const [vault, other] = [await client.freshVault(), await client.freshVault()];
    await admin.addFault({ ...throttling, operation: 'DescribeVault', vaultName: vault });
    expect((await describeVault(other)).status).toBe(200);
    expect((await client.request('GET', `/-/vaults/${vault}/tags`)).status).toBe(200);
    checkFault(await describeVault(vault), code, 'Rate exceeded');
    expect((await describeVault(vault)).status).toBe(200);
  });

  it('is anybody where nothing is named', async () => {
    const vault = await client.freshVault();
    await admin.addFault({ ...throttling, count: 3 });
    checkFault(await describeVault(vault), code, 'Rate exceeded');
    checkFault(await client.request('GET', '/-/vaults'), code, 'Rate exceeded');
    checkFault(await client.postJob(vault, {}), code, 'Rate exceeded');
    expect((await describeVault(vault)).status).toBe(200);
  });

  it('is any operation on a vault that is named', async () => {
    const vault = await client.freshVault();
    await admin.addFault({ ...throttling, vaultName: vault });
    expect((await client.request('GET', '/-/vaults')).status).toBe(200);
    checkFault(await client.request('GET', `/-/vaults/${vault}/tags`), code, 'Rate exceeded');
  });

  it('is nobody who cannot prove who he is', async () => {
    const vault = await client.freshVault();
    await admin.addFault(throttling);
    const target = `/-/vaults/${vault}`;
    const unsigned = await client.request('GET', target, { signing: 'none' });
    checkError(unsigned, 'MissingAuthenticationTokenException');
    const secretAccessKey = 'x'.repeat(40);
    const wrong = await client.request('GET', target, { signing: { secretAccessKey } });
    checkError(wrong, 'InvalidSignatureException');
    checkFault(await describeVault(vault), code, 'Rate exceeded');
  });

  it('is never the own API', async () => {
    await admin.addFault(throttling);
    expect((await admin.caller()).isOperator).toBe(true);
    expect(await admin.faults()).toHaveLength(1);
  });

  it('meets the faults in the order in which they were asked for', async () => {
    const vault = await client.freshVault();
    const asked: ErrorCode[] = ['ServiceUnavailableException', code, 'LimitExceededException'];
    for (const one of asked) await admin.addFault({ fault: { kind: 'error', code: one } });
    const met: unknown[] = [];
    for (let i = 0; i < asked.length; i++) {
      met.push(((await describeVault(vault)).json() as { code: string }).code);
    }
    expect(met).toEqual(asked);
  });

  it('is exactly as many as were asked for, also at the same time', async () => {
    const vault = await client.freshVault();
    await admin.addFault({ ...throttling, count: 7 });
    const replies = await Promise.all(Array.from({ length: 20 }, () => describeVault(vault)));
    expect(replies.filter(({ status }) => status === 400)).toHaveLength(7);
    expect(await admin.faults()).toEqual([]);
  });
});

describe('the list of faults', () => {
  it('shows what is left of each', async () => {
    const vault = await client.freshVault();
    const fault = { kind: 'error', code: 'ThrottlingException', message: 'slowly' } as const;
    const first = await admin.addFault({ operation: 'DescribeVault', count: 2, fault });
    const second = await admin.addFault({ vaultName: 'x', fault: { kind: 'fail-job' } });
    expect(first).toEqual({
      faultId: expect.stringMatching(/./),
      operation: 'DescribeVault',
      vaultName: null,
      remaining: 2,
      fault,
    });
    expect(second).toMatchObject({ operation: null, vaultName: 'x', remaining: 1 });
    await describeVault(vault);
    expect(await admin.faults()).toEqual([{ ...first, remaining: 1 }, second]);
    await describeVault(vault);
    expect(await admin.faults()).toEqual([second]);
  });

  it('gives back one, or all', async () => {
    const vault = await client.freshVault();
    const throttling = { fault: { kind: 'error', code: 'ThrottlingException' } } as const;
    const [first, second] = [await admin.addFault(throttling), await admin.addFault(throttling)];
    await admin.removeFault(first.faultId);
    expect(await admin.faults()).toEqual([second]);
    const again = await admin.request('DELETE', `/faults/${first.faultId}`);
    checkError(again, 'ResourceNotFoundException');
    await admin.addFault(throttling);
    await admin.clearFaults();
    expect(await admin.faults()).toEqual([]);
    await admin.clearFaults();
    expect((await describeVault(vault)).status).toBe(200);
  });

  it('is gone after a restart, and is no part of the journal', async () => {
    const vault = await client.freshVault();
    await admin.addFault({ count: 5, fault: { kind: 'error', code: 'ThrottlingException' } });
    await firn.server.restart();
    expect(await admin.faults()).toEqual([]);
    expect((await describeVault(vault)).status).toBe(200);
  });

  it('is the business of the operator alone', async () => {
    const statement = { Effect: 'Allow', Action: '*', Resource: '*' };
    const user = await admin.freshUser({ Version: '2012-10-17', Statement: [statement] });
    const fault = { kind: 'error', code: 'ThrottlingException' };
    for (const other of [user.client, await admin.freshAccount()].map((it) => new Admin(it))) {
      for (const [method, path, body] of [
        ['GET', '/faults'],
        ['POST', '/faults', { fault }],
        ['DELETE', '/faults/1'],
        ['DELETE', '/faults'],
      ] as const) {
        checkError(await other.request(method, path, body), 'AccessDeniedException');
      }
    }
    expect(await admin.faults()).toEqual([]);
  });

  const good = { kind: 'error', code: 'ThrottlingException' };
  it.each<[what: string, order: object]>([
    ['no such operation', { operation: 'DropVault', fault: good }],
    ['a count of none', { count: 0, fault: good }],
    ['no such kind', { fault: { kind: 'fire' } }],
    ['no such code', { fault: { kind: 'error', code: 'NoSuchException' } }],
    ['fewer bytes than none', { fault: { kind: 'break', afterBytes: -1 } }],
    ['a byte before the first', { fault: { kind: 'corrupt', atByte: -1 } }],
    ['a delay into the past', { fault: { kind: 'delay', milliseconds: -1 } }],
  ])('refuses %s', async (_, order) => {
    checkError(await admin.request('POST', '/faults', order), 'InvalidParameterValueException');
    expect(await admin.faults()).toEqual([]);
  });

  it.each<[what: string, order: object]>([
    ['no fault', {}],
    ['an error without a code', { fault: { kind: 'error' } }],
    ['a break without a place', { fault: { kind: 'break' } }],
  ])('refuses %s', async (_, order) => {
    checkError(await admin.request('POST', '/faults', order), 'MissingParameterValueException');
  });
});

describe('the official SDK', () => {
  /** A client that tries as often as it does by default. */
  function connect(): sdk.GlacierClient {
    const { endpoint, region, accessKeyId, secretAccessKey } = firn.server;
    return new sdk.GlacierClient({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
    });
  }

  it.each<[code: ErrorCode]>([
    ['ServiceUnavailableException'],
    ['InsufficientCapacityException'],
    ['ThrottlingException'],
  ])('gets through two %s', async (code) => {
    const glacier = connect();
    const vaultName = await client.freshVault();
    await admin.addFault({ count: 2, fault: { kind: 'error', code } });
    const answer = await glacier.send(new sdk.DescribeVaultCommand({ accountId: '-', vaultName }));
    glacier.destroy();
    expect(answer.VaultName).toBe(vaultName);
    expect(answer.$metadata.attempts).toBe(3);
  });

  it('uploads in spite of two 500s, and stores one archive', async () => {
    const glacier = connect();
    const vaultName = await client.freshVault();
    const code = 'ServiceUnavailableException';
    await admin.addFault({ operation: 'UploadArchive', count: 2, fault: { kind: 'error', code } });
    const body = content(MIB + 1);
    const input = { accountId: '-', vaultName, body };
    const answer = await glacier.send(new sdk.UploadArchiveCommand(input));
    glacier.destroy();
    expect(answer).toMatchObject({ checksum: treeHash(body), $metadata: { attempts: 3 } });
    expect((await client.describeVault(vaultName)).NumberOfArchives).toBe(1);
  });

  it('asks again when the connection breaks', async () => {
    const glacier = connect();
    const vaultName = await client.freshVault();
    await admin.addFault({ count: 2, fault: { kind: 'break', afterBytes: 0 } });
    const answer = await glacier.send(new sdk.DescribeVaultCommand({ accountId: '-', vaultName }));
    glacier.destroy();
    expect(answer).toMatchObject({ VaultName: vaultName, $metadata: { attempts: 3 } });
  });

  it('gives up after three, with the error of the service', async () => {
    const glacier = connect();
    const vaultName = await client.freshVault();
    const code = 'ServiceUnavailableException';
    await admin.addFault({ count: 3, fault: { kind: 'error', code } });
    const sending = glacier.send(new sdk.DescribeVaultCommand({ accountId: '-', vaultName }));
    await expect(sending).rejects.toBeInstanceOf(sdk.ServiceUnavailableException);
    glacier.destroy();
    expect(await admin.faults()).toEqual([]);
  });
});
