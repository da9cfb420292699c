import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkCommon,
  checkEmpty,
  checkError,
  checkNoContent,
  checkNoVault,
  DATE,
} from '../support/check.ts';
import { type JsonObject, uniqueName } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const LIMIT_BYTES = 20_480;
const LOCK_ID = /^[A-Za-z0-9_-]{24}$/;
const DAY_MS = 86_400_000;
const age = 'glacier:ArchiveAgeInDays';

function postText(vault: string, body: string) {
  return firn.client.request('POST', `/-/vaults/${vault}/lock-policy`, { body });
}

function initiate(vault: string, policy: string) {
  return postText(vault, JSON.stringify({ Policy: policy }));
}

function getLock(vault: string) {
  return firn.client.request('GET', `/-/vaults/${vault}/lock-policy`);
}

/** A Deny of DeleteArchive for everybody, but for what is given otherwise; undefined leaves out. */
function statement(vault: string, more: JsonObject = {}): JsonObject {
  return {
    Effect: 'Deny',
    Principal: '*',
    Action: 'glacier:DeleteArchive',
    Resource: firn.client.arn(vault),
    ...more,
  };
}

function policyOf(...statements: unknown[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function policyOfBytes(vault: string, sizeBytes: number): string {
  const shape = (Id: string): string => JSON.stringify({ Id, Statement: statement(vault) });
  return shape('x'.repeat(sizeBytes - Buffer.byteLength(shape(''))));
}

function checkStarted(reply: Reply): string {
  checkEmpty(reply, 201);
  expect(reply.header('Location')).toBeUndefined();
  const lockId = reply.header('x-amz-lock-id');
  expect(lockId).toMatch(LOCK_ID);
  return lockId ?? '';
}

/** The lock as it is shown; its dates are compared by shape and distance. */
async function checkInProgress(vault: string, policy: string): Promise<void> {
  const reply = await getLock(vault);
  const lock = reply.json() as Record<string, string>;
  expect(reply.status).toBe(200);
  expect(lock).toEqual({
    CreationDate: expect.stringMatching(DATE),
    ExpirationDate: expect.stringMatching(DATE),
    Policy: policy,
    State: 'InProgress',
  });
  const lifeMs = Date.parse(lock.ExpirationDate ?? '') - Date.parse(lock.CreationDate ?? '');
  expect(lifeMs).toBe(DAY_MS);
  checkCommon(reply);
}

async function checkNone(vault: string): Promise<void> {
  const message = `No vault lock policy is set for: ${vault}`;
  checkError(await getLock(vault), 'ResourceNotFoundException', message);
}

function checkDenied(reply: Reply, action: string, vault: string): void {
  const message =
    `User: arn:aws:iam::${firn.server.accountId}:root is not authorized to perform: ` +
    `glacier:${action} on resource: ${firn.client.arn(vault)} ` +
    'with an explicit deny in a resource-based policy';
  checkError(reply, 'AccessDeniedException', message);
}

const invalid = 'The specified vault lock policy is invalid. Provide a valid policy.';

describe('InitiateVaultLock', () => {
  describe('malformed', () => {
    it.each(['', '{}', '{"Policy":null}', '{"policy":"{}"}', '{"policy":{"Policy":"{}"}}'])(
      'refuses a missing policy: %j',
      async (body) => {
        const vault = await firn.client.freshVault();
        const message = 'Required parameter missing: Policy';
        checkError(await postText(vault, body), 'MissingParameterValueException', message);
        await checkNone(vault);
      },
    );

    it.each(['{', 'nonsense', 'null', '[]', '{"Policy":5}', '{"Policy":{"Statement":[]}}'])(
      'refuses a body that is no JSON or of wrong types: %s',
      async (body) => {
        const vault = await firn.client.freshVault();
        checkError(await postText(vault, body), 'SerializationException', /^Invalid JSON: /);
        await checkNone(vault);
      },
    );

    it.each([
      ['', 'Policy: is not JSON: the end at character 0'],
      ['nonsense', 'Policy: is not JSON: "n" at character 0'],
      ['null', 'Policy: is not an object'],
      ['{}', 'Statement: is missing'],
      ['{"Statement":[]}', 'Statement: is empty'],
      ['{"Statement":[],"Statement":[]}', 'Statement: is given twice'],
      ['{"Version":"2013-10-17","Statement":[]}', 'Version: is not known: "2013-10-17"'],
      ['{"statement":[]}', 'statement: is not known'],
    ])('refuses the policy %j', async (policy, place) => {
      const vault = await firn.client.freshVault();
      const reply = await initiate(vault, policy);
      checkError(reply, 'InvalidParameterValueException', `${invalid} ${place}`);
      await checkNone(vault);
    });

    it.each<[JsonObject, string]>([
      [{ Effect: 'deny' }, 'Effect: is neither "Allow" nor "Deny": "deny"'],
      [{ Principal: undefined }, 'Principal: is missing'],
      [{ NotPrincipal: { AWS: '444455556666' } }, 'NotPrincipal: is given beside "Principal"'],
      [{ Action: undefined }, 'Action: is missing'],
      [{ Action: 's3:DeleteObject' }, 'Action: is not an action of glacier: "s3:DeleteObject"'],
      [
        { Action: 'glacier:DeleteArchives' },
        'Action: is no action that Glacier has: "glacier:DeleteArchives"',
      ],
      [{ Action: 'glacier:CreateVault' }, 'Action: has no action that a vault policy governs'],
      [{ Resource: undefined }, 'Resource: is missing'],
      [{ Resource: 'examplevault' }, 'Resource: is not an ARN: "examplevault"'],
      [{ NotAction: 'glacier:DeleteVault' }, 'NotAction: is given beside "Action"'],
      [{ Conditions: {} }, 'Conditions: is not known'],
      [
        { Condition: { NumericLess: { [age]: '365' } } },
        'Condition.NumericLess: is not a condition operator',
      ],
      [
        { Condition: { NumericLessThan: { [age]: '1y' } } },
        `Condition.NumericLessThan.${age}: is not a number: "1y"`,
      ],
      [
        { Condition: { NumericLessThan: { 'glacier:Age': '365' } } },
        'Condition.NumericLessThan.glacier:Age: is not a condition key of Glacier requests',
      ],
    ])('refuses a statement with %j', async (more, place) => {
      const vault = await firn.client.freshVault();
      const reply = await initiate(vault, policyOf(statement(vault, more)));
      checkError(reply, 'InvalidParameterValueException', `${invalid} Statement[0].${place}`);
      await checkNone(vault);
    });

    it('refuses a policy for another vault', async () => {
      const vault = await firn.client.freshVault();
      const Resource = firn.client.arn('other');
      const place = `Statement[0].Resource: does not cover the vault ${firn.client.arn(vault)}`;
      const reply = await initiate(vault, policyOf(statement(vault, { Resource })));
      const message = `${invalid} ${place}: ${JSON.stringify(Resource)}`;
      checkError(reply, 'InvalidParameterValueException', message);
      await checkNone(vault);
    });

    it('refuses one byte more than 20 KiB', async () => {
      const vault = await firn.client.freshVault();
      const reply = await initiate(vault, policyOfBytes(vault, LIMIT_BYTES + 1));
      const message = `${invalid} Policy: is longer than 20480 bytes`;
      checkError(reply, 'InvalidParameterValueException', message);
      await checkNone(vault);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist, before anything about the body', async () => {
      const vault = uniqueName();
      const whole = JSON.stringify({ Policy: policyOf(statement(vault)) });
      for (const body of [whole, '', '{}', 'nonsense', '{"Policy":"{}"}']) {
        checkNoVault(await postText(vault, body), firn.client, vault);
      }
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await initiate('my%20vault', '{}');
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const body = JSON.stringify({ Policy: policyOf(statement(vault)) });
      const target = `/999999999999/vaults/${vault}/lock-policy`;
      const reply = await firn.client.request('POST', target, { body });
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      await checkNone(vault);
    });

    it('for an unsigned request', async () => {
      const vault = await firn.client.freshVault();
      const body = JSON.stringify({ Policy: policyOf(statement(vault)) });
      const target = `/-/vaults/${vault}/lock-policy`;
      const reply = await firn.client.request('POST', target, { body, signing: 'none' });
      checkError(reply, 'MissingAuthenticationTokenException');
      await checkNone(vault);
    });

    it('while one is in progress, which stays', async () => {
      const vault = await firn.client.freshVault();
      const policy = policyOf(statement(vault));
      const lockId = checkStarted(await initiate(vault, policy));
      const message = `A vault lock is already in progress for vault: ${vault}`;
      const other = policyOf(statement(vault, { Effect: 'Allow' }));
      for (const one of [policy, other]) {
        checkError(await initiate(vault, one), 'AccessDeniedException', message);
      }
      await checkInProgress(vault, policy);
      const target = `/-/vaults/${vault}/lock-policy/${lockId}`;
      checkNoContent(await firn.client.request('POST', target));
    });

    it('while one is in progress, with a bad policy: that is seen first', async () => {
      const vault = await firn.client.freshVault();
      checkStarted(await initiate(vault, policyOf(statement(vault))));
      const reply = await initiate(vault, '{}');
      const message = `${invalid} Statement: is missing`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it('when locked', async () => {
      const vault = await firn.client.freshVault();
      const policy = policyOf(statement(vault));
      const lockId = checkStarted(await initiate(vault, policy));
      const target = `/-/vaults/${vault}/lock-policy/${lockId}`;
      checkNoContent(await firn.client.request('POST', target));
      const message = `The vault is locked: ${vault}`;
      checkError(await initiate(vault, policy), 'AccessDeniedException', message);
    });

    it('where the access policy denies it', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const policy = policyOf(statement(vault, { Action: 'glacier:InitiateVaultLock' }));
      const body = JSON.stringify({ Policy: policy });
      await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      for (const one of [policyOf(statement(vault)), '{}']) {
        checkDenied(await initiate(vault, one), 'InitiateVaultLock', vault);
      }
      await checkNone(vault);
    });
  });

  describe('works', () => {
    it('with a policy as it is, byte for byte', async () => {
      const vault = await firn.client.freshVault();
      const policies = policyOf(statement(vault, { Sid: '€ \u{1d11e}' }));
      const policy = ` ${JSON.stringify(JSON.parse(policies), undefined, 2)}\n`;
      checkStarted(await initiate(vault, policy));
      await checkInProgress(vault, policy);
    });

    it('with 20 KiB', async () => {
      const vault = await firn.client.freshVault();
      const policy = policyOfBytes(vault, LIMIT_BYTES);
      expect(Buffer.byteLength(policy)).toBe(LIMIT_BYTES);
      checkStarted(await initiate(vault, policy));
      await checkInProgress(vault, policy);
    });

    it('with the account written out, unknown fields and any content type', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const policy = policyOf(statement(vault));
      const reply = await client.request(
        'POST',
        `/${server.accountId}/vaults/${vault}/lock-policy`,
        {
          body: JSON.stringify({ Colour: ['red'], policy: 5, Policy: policy }),
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        },
      );
      checkStarted(reply);
      await checkInProgress(vault, policy);
    });

    it('with the date of now, and an id of its own each time', async () => {
      const before = Date.now();
      const ids = new Set<string>();
      for (let count = 0; count < 5; count += 1) {
        const vault = await firn.client.freshVault();
        ids.add(checkStarted(await initiate(vault, policyOf(statement(vault)))));
        const { CreationDate } = (await getLock(vault)).json() as Record<string, string>;
        const createdAt = Date.parse(CreationDate ?? '');
        expect(Math.abs(createdAt - before)).toBeLessThan(60_000);
      }
      expect(ids.size).toBe(5);
    });

    it('once when many ask at the same time', async () => {
      const vault = await firn.client.freshVault();
      const policy = policyOf(statement(vault));
      const asked = Array.from({ length: 10 }, () => initiate(vault, policy));
      const replies = await Promise.all(asked);
      const started = replies.filter(({ status }) => status === 201);
      expect(started).toHaveLength(1);
      const message = `A vault lock is already in progress for vault: ${vault}`;
      for (const reply of replies) {
        if (reply.status !== 201) checkError(reply, 'AccessDeniedException', message);
      }
    });

    it('again after it was aborted, with another policy and id', async () => {
      const vault = await firn.client.freshVault();
      const first = checkStarted(await initiate(vault, policyOf(statement(vault))));
      checkNoContent(await firn.client.request('DELETE', `/-/vaults/${vault}/lock-policy`));
      const policy = policyOf(statement(vault, { Action: 'glacier:DeleteVault' }));
      const second = checkStarted(await initiate(vault, policy));
      expect(second).not.toBe(first);
      await checkInProgress(vault, policy);
    });
  });
});

describe('A lock in progress', () => {
  it.each<[string, JsonObject, boolean]>([
    ['everything', { Action: '*', Resource: '*' }, true],
    ['DeleteArchive', {}, true],
    ['what NotAction leaves', { Action: undefined, NotAction: 'glacier:GetVaultLock' }, true],
    ['the young', { Condition: { NumericLessThan: { [age]: '365' } } }, true],
    ['the old', { Condition: { NumericGreaterThanEquals: { [age]: 365 } } }, false],
    ['of today', { Condition: { NumericEquals: { [age]: ['0'] } } }, true],
    ['UploadArchive alone', { Action: 'glacier:UploadArchive' }, false],
    ['another account', { Principal: { AWS: '444455556666' } }, false],
  ])('is in force at once: %s', async (_, more, isRefused) => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    checkStarted(await initiate(vault, policyOf(statement(vault, more))));
    const reply = await client.deleteArchive(vault, archiveId);
    if (isRefused) checkDenied(reply, 'DeleteArchive', vault);
    else checkNoContent(reply);
  });

  it('covers archives that come later as well', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const Condition = { NumericLessThan: { [age]: '1' } };
    checkStarted(await initiate(vault, policyOf(statement(vault, { Condition }))));
    const small = await client.uploadArchive(vault, 'hello');
    const large = await client.uploadInParts(vault, Buffer.alloc(1_100_000), 1_048_576);
    for (const id of [small, large]) {
      checkDenied(await client.deleteArchive(vault, id), 'DeleteArchive', vault);
    }
  });

  it('denies retrievals of young archives', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const Condition = { NumericLessThan: { [age]: '30' } };
    const denial = statement(vault, { Action: 'glacier:InitiateJob', Condition });
    checkStarted(await initiate(vault, policyOf(denial)));
    const job = { Type: 'archive-retrieval', ArchiveId: archiveId };
    checkDenied(await client.postJob(vault, job), 'InitiateJob', vault);
    await client.retrievedInventory(vault);
  });

  it('can deny itself to be aborted or completed', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const Action = ['glacier:AbortVaultLock', 'glacier:CompleteVaultLock', 'glacier:GetVaultLock'];
    const lockId = checkStarted(await initiate(vault, policyOf(statement(vault, { Action }))));
    const target = `/-/vaults/${vault}/lock-policy`;
    checkDenied(await client.request('DELETE', target), 'AbortVaultLock', vault);
    for (const id of [lockId, 'n'.repeat(24)]) {
      const reply = await client.request('POST', `${target}/${id}`);
      checkDenied(reply, 'CompleteVaultLock', vault);
    }
    checkDenied(await client.request('GET', target), 'GetVaultLock', vault);
  });

  it('takes nothing away with an Allow', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const narrow = { Effect: 'Allow', Principal: { AWS: '444455556666' } };
    checkStarted(await initiate(vault, policyOf(statement(vault, narrow))));
    await client.describeVault(vault);
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it('governs no other vault', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    checkStarted(await initiate(vault, policyOf(statement(vault, { Resource: '*' }))));
    const other = await client.freshVault();
    const archiveId = await client.uploadArchive(other, 'hello');
    await checkNone(other);
    checkNoContent(await client.deleteArchive(other, archiveId));
  });

  it('goes with the empty vault', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    checkStarted(await initiate(vault, policyOf(statement(vault))));
    checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
    checkNoVault(await getLock(vault), client, vault);
    await client.createVault(vault);
    await checkNone(vault);
  });

  it('loses no archive to a race with its deletion', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const ids = await Promise.all(
      Array.from({ length: 12 }, (_, index) => client.uploadArchive(vault, `${index}`)),
    );
    const deletions = async (some: readonly string[]): Promise<Reply[]> =>
      await Promise.all(some.map((id) => client.deleteArchive(vault, id)));
    const [before, started, after] = await Promise.all([
      deletions(ids.slice(0, 6)),
      initiate(vault, policyOf(statement(vault))),
      deletions(ids.slice(6)),
    ]);
    checkStarted(started);
    const replies = [...before, ...after];
    const kept = ids.filter((_, index) => replies[index]?.status === 403);
    expect(replies.map(({ status }) => status).every((it) => it === 204 || it === 403)).toBe(true);
    const { ArchiveList } = await client.inventory(vault);
    expect(ArchiveList.map(({ ArchiveId }) => ArchiveId).sort()).toEqual([...kept].sort());
  });
});

describe.skipIf(isRemote)('InitiateVaultLock', () => {
  it.each([
    ['a restart', (): Promise<unknown> => firn.server.stop()],
    ['a kill', (): Promise<unknown> => firn.server.kill()],
    [
      'the loss of the view',
      async (): Promise<void> => {
        await firn.server.stop();
        rmSync(join(firn.server.dataDirectory, 'view.sqlite'));
      },
    ],
  ])('lasts over %s, with its dates and its id', async (_, end) => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const policy = policyOf(statement(vault));
    const lockId = checkStarted(await initiate(vault, policy));
    const before = (await getLock(vault)).text;
    await end();
    await firn.server.restart();
    expect((await getLock(vault)).text).toBe(before);
    checkDenied(await client.deleteArchive(vault, archiveId), 'DeleteArchive', vault);
    checkNoContent(await client.request('POST', `/-/vaults/${vault}/lock-policy/${lockId}`));
  });
});
