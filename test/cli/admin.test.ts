/** `firn admin` against a real server: who may what, and what the keys it makes are good for. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  type AccessKeyDescription,
  Admin,
  clientFor,
  type NewAccessKey,
  type NewAccount,
} from '../support/admin.ts';
import { checkError } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import type { Credentials } from '../support/sign.ts';
import { useServer } from '../support/use-server.ts';
import { CommandLine, environmentOf, program, run } from './support/command-line.ts';

/** Each command is a process of its own, which takes its time on a busy machine. */
vi.setConfig({ testTimeout: 90_000 });

const used = useServer();
const folder = mkdtempSync(join(tmpdir(), 'firn-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const firn = (credentials?: Credentials) =>
  new CommandLine(environmentOf(used.server, credentials));
const allowAll = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 'glacier:*', Resource: '*' },
});

/** For what is not the subject: quicker than a process for each step. */
const admin = () => new Admin(used.client);

/** A user without rights, with a key. */
const freshUser = () => admin().freshUser();

/** The code of the refusal that somebody with this key meets, if any. */
async function refusalOf(key: Credentials): Promise<string | undefined> {
  const reply = await new Admin(clientFor(used.server, key)).request('GET', '/caller');
  return (reply.json() as { code?: string }).code;
}

async function keysOf(user: string): Promise<Record<string, string>> {
  const words = ['admin', 'keys', 'list', '--user', user];
  const answer = await firn().json<{ accessKeys: AccessKeyDescription[] }>(...words);
  return Object.fromEntries(answer.accessKeys.map((key) => [key.accessKeyId, key.status]));
}

describe('status', () => {
  it('says how the server is and who asks', async () => {
    const shown = await firn().succeed('admin', 'status');
    expect(shown).toMatch(new RegExp(`^region +${used.server.region}$`, 'm'));
    expect(shown).toMatch(/^you +arn:aws:iam::\d{12}:root \(operator of the server\)$/m);
    expect(await firn().json('admin', 'status')).toMatchObject({
      region: used.server.region,
      isReadOnly: false,
      alarms: [],
      caller: { isOperator: true, userName: null },
    });
  });
});

describe('a user', () => {
  it('is made without rights, listed, and deleted with all it has', async () => {
    const name = uniqueName('user');
    const shown = await firn().succeed('admin', 'users', 'create', name);
    expect(shown).toMatch(new RegExp(`^arn +arn:aws:iam::\\d{12}:user/${name}$`, 'm'));
    expect(await firn().succeed('admin', 'users', 'list')).toContain(`\n${name}  `);

    const words = ['admin', 'keys', 'create', '--user', name];
    const key = await firn().json<NewAccessKey>(...words);
    const reply = await clientFor(used.server, key).request('PUT', `/-/vaults/${uniqueName()}`);
    checkError(reply, 'AccessDeniedException');

    await firn().succeed('admin', 'users', 'delete', name);
    expect(await admin().users()).not.toContainEqual(expect.objectContaining({ userName: name }));
    expect(await refusalOf(key)).toBe('UnrecognizedClientException');
    const again = await firn().fail(1, 'admin', 'users', 'delete', name);
    expect(again).toContain('(ResourceNotFoundException)');
  });

  it('may do what its policy allows, as long as it has it', async () => {
    const { userName, client } = await freshUser();
    const create = () => client.request('PUT', `/-/vaults/${uniqueName()}`);
    const put = ['admin', 'policies', 'put', userName, 'all', '--file', '-'];
    expect(await firn().run(put, allowAll)).toEqual({
      code: 0,
      stdout: '',
      stderr: `User ${userName} has the policy all.\n`,
    });
    expect((await create()).status).toBe(201);
    expect(await firn().succeed('admin', 'policies', 'get', userName, 'all')).toBe(`${allowAll}\n`);
    expect(await firn().json('admin', 'policies', 'list', userName)).toEqual({
      policies: [{ policyName: 'all', policy: allowAll }],
    });
    await firn().succeed('admin', 'policies', 'delete', userName, 'all');
    checkError(await create(), 'AccessDeniedException');
  });

  it('is told the place where its policy is wrong', async () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, allowAll.replace('glacier:*', 'glacier:Fly'));
    const { userName } = await freshUser();
    const words = ['admin', 'policies', 'put', userName, 'wrong', '--file', file];
    expect(await firn().fail(1, ...words)).toMatch(
      /Action.*glacier:Fly.*\(InvalidParameterValueException\)/,
    );
  });
});

describe('a key', () => {
  it('signs while it is active', async () => {
    const { userName, key } = await freshUser();
    const { accessKeyId } = key;
    const who = await firn(key).json<{ caller: object }>('admin', 'status');
    expect(who.caller).toMatchObject({ userName, isRoot: false, isOperator: false });

    await firn().succeed('admin', 'keys', 'deactivate', accessKeyId);
    expect(await firn(key).fail(1, 'admin', 'status')).toContain(`${accessKeyId} is unknown`);
    expect(await keysOf(userName)).toEqual({ [accessKeyId]: 'Inactive' });

    await firn().succeed('admin', 'keys', 'activate', accessKeyId);
    expect(await refusalOf(key)).toBeUndefined();
  });

  it('is rotated: the new one signs, the old one no longer', async () => {
    const { userName, key: old } = await freshUser();
    const key = await firn().json<NewAccessKey>('admin', 'keys', 'rotate', old.accessKeyId);
    expect(await refusalOf(key)).toBeUndefined();
    expect(await refusalOf(old)).toBe('UnrecognizedClientException');
    expect(await keysOf(userName)).toEqual({
      [old.accessKeyId]: 'Inactive',
      [key.accessKeyId]: 'Active',
    });
    await firn().succeed('admin', 'keys', 'delete', old.accessKeyId);
    expect(await keysOf(userName)).toEqual({ [key.accessKeyId]: 'Active' });
  });

  it('shows its secret once', async () => {
    const { userName } = await freshUser();
    const shown = await firn().succeed('admin', 'keys', 'create', '--user', userName);
    const [, secret = ''] = /^secret access key +(\S{40})$/m.exec(shown) ?? [];
    expect(secret).not.toBe('');
    expect(await firn().succeed('admin', 'keys', 'list', '--json')).not.toContain(secret);
  });
});

describe('a session', () => {
  it('is entered by eval', async () => {
    const { userName } = await freshUser();
    const firnInShell = `"${process.execPath}" "${program}"`;
    const script = `eval "$(${firnInShell} admin sessions create --user ${userName})" &&
      unset FIRN_ACCESS_KEY_ID FIRN_SECRET_ACCESS_KEY &&
      ${firnInShell} admin status --json`;
    const { code, stdout, stderr } = await run(['sh', '-c', script], firn().environment);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ caller: { userName } });
    expect(stderr).toContain(`:user/${userName}, until `);
  });

  it('may be made by a user for itself, and for no other', async () => {
    const [{ userName, key }, other] = [await freshUser(), await freshUser()];
    const session = await firn(key).json<{ arn: string }>('admin', 'sessions', 'create');
    expect(session.arn).toMatch(new RegExp(`:user/${userName}$`));
    const words = ['admin', 'sessions', 'create', '--user', other.userName];
    expect(await firn(key).fail(1, ...words)).toContain('(AccessDeniedException)');
  });

  it('needs its token', async () => {
    const session = await admin().createSession();
    expect(await firn(session).fail(1, 'admin', 'status')).toContain('AWS_SESSION_TOKEN');
  });
});

describe('an account', () => {
  it('is made by the operator, managed by its root, and no operator itself', async () => {
    const made = await firn().json<NewAccount>('admin', 'accounts', 'create');
    const account = made.accountId;
    expect(await firn().succeed('admin', 'accounts', 'list')).toContain(account);
    await firn(made).succeed('admin', 'users', 'create', 'theirs');
    expect(await firn().succeed('admin', 'users', 'list', '--account', account)).toContain(
      `arn:aws:iam::${account}:user/theirs`,
    );
    expect(await firn(made).fail(1, 'admin', 'accounts', 'list')).toContain('AccessDenied');
    const again = await firn().fail(1, 'admin', 'accounts', 'create', account);
    expect(again).toContain(account);
  });
});

describe('what is wrong is said in one sentence', () => {
  it('no credentials, or half of them', async () => {
    const { FIRN_ACCESS_KEY_ID: _id, ...half } = firn().environment;
    const { FIRN_SECRET_ACCESS_KEY: _secret, ...none } = half;
    expect(await new CommandLine(none).fail(2, 'admin', 'status')).toContain(
      'set FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY',
    );
    expect(await new CommandLine(half).fail(2, 'admin', 'status')).toContain(
      'FIRN_ACCESS_KEY_ID is not',
    );
  });

  it('a wrong secret, without the noise of the canonical request', async () => {
    const { accessKeyId } = used.server;
    const wrong = firn({ accessKeyId, secretAccessKey: 'wrong' });
    const message = await wrong.fail(1, 'admin', 'status');
    expect(message).toContain('(InvalidSignatureException): check the secret');
    expect(message).not.toContain('Canonical');
  });

  it('a wrong region', async () => {
    const message = await firn().fail(1, 'admin', 'status', '--region', 'mars-north-1');
    expect(message).toContain('mars-north-1');
  });

  it('no server', async () => {
    const words = ['admin', 'status', '--endpoint', 'http://127.0.0.1:1025'];
    expect(await firn().fail(1, ...words)).toContain('start it with firn serve');
  });

  it('words that make no sense', async () => {
    expect(await firn().fail(2, 'admin', 'users', 'crate')).toContain('Did you mean create?');
  });
});

it('credentials may lie in files', async () => {
  const { FIRN_ENDPOINT = '', FIRN_REGION = '' } = firn().environment;
  const files = { id: join(folder, 'id'), secret: join(folder, 'secret') };
  writeFileSync(files.id, `${used.server.accessKeyId}\n`);
  writeFileSync(files.secret, `${used.server.secretAccessKey}\n`);
  const filed = new CommandLine({
    FIRN_ENDPOINT,
    FIRN_REGION,
    FIRN_ACCESS_KEY_ID_FILE: files.id,
    FIRN_SECRET_ACCESS_KEY_FILE: files.secret,
  });
  expect(await filed.succeed('admin', 'status')).toContain('operator of the server');
});
