import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AskedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
  startScriptedServer,
} from '../../test/cli/support/scripted-server.ts';
import { addClientCommands } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'firn-cli-'));
const policyFile = join(folder, 'policy.json');
const requestsFile = join(folder, 'requests.json');
const policyText = '{\n  "Statement": []\n}\n';
writeFileSync(policyFile, policyText);
writeFileSync(requestsFile, '[{"action":"DeleteVault"}]');
afterAll(() => rmSync(folder, { recursive: true }));

let server: ScriptedServer;
let answer: (request: AskedRequest) => ScriptedAnswer;
beforeAll(async () => {
  server = await startScriptedServer((request) => answer(request));
});
afterAll(() => server.close());
beforeEach(() => {
  vi.stubEnv('FIRN_ACCESS_KEY_ID', 'AKIA');
  vi.stubEnv('FIRN_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('FIRN_ENDPOINT', server.endpoint);
  server.takeRequests();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

function createProgram(): Command {
  const program = new Command('firn').exitOverride();
  addClientCommands(program);
  return program;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...words: string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
  let usageCode: number | undefined;
  try {
    await createProgram().parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    usageCode = error.exitCode === 0 ? 0 : 2;
  }
  vi.restoreAllMocks();
  const code = usageCode ?? Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { code, ...written };
}

function leavesOf(command: Command, path: string): [string, Command][] {
  const name = `${path}${command.name()}`;
  if (command.commands.length === 0) return [[name, command]];
  return command.commands.flatMap((child) => leavesOf(child, `${name} `));
}

const user = { userName: 'bo', userId: 'u', arn: 'arn:bo', createdAt: '2026-01-05T00:00:00.000Z' };
const key = {
  accessKeyId: 'AKIA1',
  arn: 'arn:bo',
  userName: 'bo',
  status: 'Active',
  createdAt: '2026-01-05T00:00:00.000Z',
  expiresAt: null,
  secretAccessKey: 's3',
};
const session = {
  accessKeyId: 'ASIA1',
  secretAccessKey: 's/+',
  sessionToken: "t'=",
  expiresAt: '2026-01-05T12:00:00.000Z',
  arn: 'arn:bo',
};
const clock = {
  isTestClock: true,
  state: 'frozen',
  time: '2026-01-05T08:00:00.000Z',
  lockTime: '2026-01-05T07:00:00.000Z',
};
const fault = {
  faultId: '7',
  operation: null,
  vaultName: null,
  remaining: 1,
  fault: { kind: 'delay', milliseconds: 250 },
};
const simulation = { policy: '{}', results: [] };

describe('each command asks for what it says', () => {
  const users = '/_/accounts/-/users';
  const keys = '/_/accounts/-/access-keys';
  const addFault = ['POST', '/_/faults'] as const;

  it.each<[string[], readonly [string, string], object | undefined, unknown]>([
    [['admin', 'accounts', 'create'], ['POST', '/_/accounts'], {}, key],
    [
      ['admin', 'accounts', 'create', '222233334444'],
      ['POST', '/_/accounts'],
      { accountId: '222233334444' },
      key,
    ],
    [['admin', 'accounts', 'list'], ['GET', '/_/accounts'], undefined, { accounts: [] }],
    [['admin', 'users', 'create', 'bo'], ['POST', users], { userName: 'bo' }, user],
    [['admin', 'users', 'list'], ['GET', users], undefined, { users: [user] }],
    [
      ['admin', 'users', 'list', '--account', '222233334444'],
      ['GET', '/_/accounts/222233334444/users'],
      undefined,
      { users: [] },
    ],
    [['admin', 'users', 'delete', 'a@b'], ['DELETE', `${users}/a%40b`], undefined, undefined],
    [['admin', 'keys', 'create'], ['POST', keys], {}, key],
    [['admin', 'keys', 'create', '--user', 'bo'], ['POST', keys], { userName: 'bo' }, key],
    [['admin', 'keys', 'list'], ['GET', keys], undefined, { accessKeys: [key] }],
    [
      ['admin', 'keys', 'list', '--user', 'b+o'],
      ['GET', `${keys}?userName=b%2Bo`],
      undefined,
      { accessKeys: [] },
    ],
    [['admin', 'keys', 'activate', 'A1'], ['PATCH', `${keys}/A1`], { status: 'Active' }, key],
    [['admin', 'keys', 'deactivate', 'A1'], ['PATCH', `${keys}/A1`], { status: 'Inactive' }, key],
    [['admin', 'keys', 'rotate', 'A1'], ['POST', `${keys}/A1/rotate`], undefined, key],
    [['admin', 'keys', 'delete', 'A1'], ['DELETE', `${keys}/A1`], undefined, undefined],
    [
      ['admin', 'policies', 'put', 'bo', 'all', '--file', policyFile],
      ['PUT', `${users}/bo/policies/all`],
      { policy: policyText },
      undefined,
    ],
    [
      ['admin', 'policies', 'get', 'bo', 'all'],
      ['GET', `${users}/bo/policies/all`],
      undefined,
      { policyName: 'all', policy: policyText },
    ],
    [
      ['admin', 'policies', 'list', 'bo'],
      ['GET', `${users}/bo/policies`],
      undefined,
      { policies: [{ policyName: 'all', policy: policyText }] },
    ],
    [
      ['admin', 'policies', 'delete', 'bo', 'all'],
      ['DELETE', `${users}/bo/policies/all`],
      undefined,
      undefined,
    ],
    [['admin', 'sessions', 'create'], ['POST', '/_/accounts/-/sessions'], {}, session],
    [
      ['admin', 'sessions', 'create', '--user', 'bo', '--duration-seconds', '900'],
      ['POST', '/_/accounts/-/sessions'],
      { userName: 'bo', durationSeconds: 900 },
      session,
    ],
    [['clock', 'show'], ['GET', '/_/clock'], undefined, clock],
    [['clock', 'advance', '1d12h'], ['POST', '/_/clock/advance'], { seconds: 129_600 }, clock],
    [['clock', 'advance', '500ms'], ['POST', '/_/clock/advance'], { seconds: 0.5 }, clock],
    [
      ['clock', 'set', '2031-01-01T01:00:00+01:00'],
      ['POST', '/_/clock/set'],
      { time: '2031-01-01T00:00:00.000Z' },
      clock,
    ],
    [['clock', 'freeze'], ['POST', '/_/clock/freeze'], undefined, clock],
    [['clock', 'run'], ['POST', '/_/clock/run'], undefined, clock],
    [
      ['faults', 'add', 'error', 'ThrottlingException', '--message', 'Slow.', '--count', '3'],
      addFault,
      { count: 3, fault: { kind: 'error', code: 'ThrottlingException', message: 'Slow.' } },
      fault,
    ],
    [
      ['faults', 'add', 'break', '1000', '--operation', 'GetJobOutput', '--vault', 'v'],
      addFault,
      {
        operation: 'GetJobOutput',
        vaultName: 'v',
        fault: { kind: 'break', afterBytes: 1000 },
      },
      fault,
    ],
    [['faults', 'add', 'corrupt', '0'], addFault, { fault: { kind: 'corrupt', atByte: 0 } }, fault],
    [
      ['faults', 'add', 'delay', '250ms'],
      addFault,
      { fault: { kind: 'delay', milliseconds: 250 } },
      fault,
    ],
    [
      ['faults', 'add', 'fail-job', '--reason', 'why not'],
      addFault,
      { fault: { kind: 'fail-job', reason: 'why not' } },
      fault,
    ],
    [['faults', 'list'], ['GET', '/_/faults'], undefined, { faults: [fault] }],
    [['faults', 'clear'], ['DELETE', '/_/faults'], undefined, undefined],
    [['faults', 'clear', '7'], ['DELETE', '/_/faults/7'], undefined, undefined],
    [['lock', 'simulate', 'v'], ['POST', '/_/accounts/-/vaults/v/lock-simulation'], {}, simulation],
    [
      [
        'lock',
        'simulate',
        'v',
        '--policy-file',
        policyFile,
        '--requests-file',
        requestsFile,
        '--request',
        '{"action":"A"}',
        '--request',
        '{"action":"B"}',
      ],
      ['POST', '/_/accounts/-/vaults/v/lock-simulation'],
      {
        policy: policyText,
        requests: [{ action: 'A' }, { action: 'B' }, { action: 'DeleteVault' }],
      },
      simulation,
    ],
  ])('firn %j', async (words, [method, target], body, scripted) => {
    answer = () => ({ status: scripted === undefined ? 204 : 200, body: scripted });
    expect(await run(...words)).toMatchObject({ code: 0 });
    const [request] = server.takeRequests();
    expect(request).toMatchObject({ method, target });
    expect(request?.body).toBe(body === undefined ? '' : JSON.stringify(body));
    const { code, stdout } = await run(...words, '--json');
    expect({ code, value: JSON.parse(stdout) }).toEqual({ code: 0, value: scripted ?? {} });
  });
});

describe('what is shown', () => {
  const show = async (body: unknown, ...words: string[]) => {
    answer = () => ({ status: 200, body });
    return run(...words);
  };

  it('of the status: the server, its alarms, and who asks', async () => {
    const alarm = { name: 'ReadOnly', message: 'The disk is full.', since: '2026-01-05T08:00:00Z' };
    const status = {
      version: '1',
      profile: 'aws',
      region: 'r',
      accountId: '1',
      isReadOnly: true,
      alarms: [alarm],
      testClock: false,
    };
    const caller = { arn: 'arn:root', isRoot: true, isOperator: false };
    answer = ({ target }) => ({ status: 200, body: target === '/_/caller' ? caller : status });
    const { stdout, stderr } = await run('admin', 'status');
    expect(stdout).toContain('refused: the store is read-only');
    expect(stdout).toContain('arn:root (root of the account)');
    expect(stderr).toBe('Alarm ReadOnly since 2026-01-05T08:00:00Z: The disk is full.\n');
    const json = await run('admin', 'status', '--json');
    expect(JSON.parse(json.stdout)).toEqual({ ...status, caller });
  });

  it('of a session: lines that a shell understands, and nothing else', async () => {
    const { stdout, stderr } = await show(session, 'admin', 'sessions', 'create');
    expect(stdout).toBe(
      "export AWS_ACCESS_KEY_ID='ASIA1'\n" +
        "export AWS_SECRET_ACCESS_KEY='s/+'\n" +
        "export AWS_SESSION_TOKEN='t'\\''='\n",
    );
    expect(stderr).toContain('This is arn:bo, until 2026-01-05T12:00:00.000Z.\n');
    expect(stderr).toContain('goes on with FIRN_ACCESS_KEY_ID');
  });

  it('of a policy: the text as it was put', async () => {
    const answered = { policyName: 'all', policy: policyText };
    const { stdout } = await show(answered, 'admin', 'policies', 'get', 'bo', 'all');
    expect(stdout).toBe(policyText);
  });

  it('of keys: whose they are, and when they end', async () => {
    const root = { ...key, userName: null, status: 'Inactive', expiresAt: '2027' };
    const { stdout } = await show({ accessKeys: [key, root] }, 'admin', 'keys', 'list');
    expect(stdout.split('\n')).toEqual([
      'ACCESS KEY ID  USER    STATUS    CREATED                   EXPIRES',
      'AKIA1          bo      Active    2026-01-05T00:00:00.000Z  never',
      'AKIA1          (root)  Inactive  2026-01-05T00:00:00.000Z  2027',
      '',
    ]);
  });

  it('of the clock', async () => {
    const { stdout } = await show(clock, 'clock', 'show');
    expect(stdout).toBe(
      'time       2026-01-05T08:00:00.000Z\n' +
        'lock time  2026-01-05T07:00:00.000Z\n' +
        'clock      test clock, frozen\n',
    );
    expect((await show({ ...clock, isTestClock: false }, 'clock', 'show')).stdout).toContain(
      "clock      the machine's\n",
    );
  });

  it.each([
    [{ kind: 'error', code: 'BadRequest' }, 'error BadRequest'],
    [{ kind: 'error', code: 'BadRequest', message: 'No.' }, 'error BadRequest: No.'],
    [{ kind: 'break', afterBytes: 9 }, 'break after 9 bytes'],
    [{ kind: 'corrupt', atByte: 0 }, 'corrupt byte 0'],
    [{ kind: 'delay', milliseconds: 5 }, 'delay of 5 ms'],
    [{ kind: 'fail-job' }, 'fail the job'],
  ])('of the fault %j', async (kind, text) => {
    const faults = [{ ...fault, operation: 'GetJobOutput', fault: kind }];
    const { stdout } = await show({ faults }, 'faults', 'list');
    expect(stdout.split('\n')[1]).toBe(`7   1     GetJobOutput  any    ${text}`);
  });
});

describe('what is wrong is said in one sentence', () => {
  it.each([
    [['admin', 'user'], "unknown command 'user' (Did you mean users?) (see firn admin --help)"],
    [['admin', 'keys', 'delete'], "missing required argument 'ID' (see firn admin keys delete"],
    [['admin', 'users', 'list', '--account', '12'], 'It must be 12 digits, or - for your own.'],
    [['admin', 'users', 'list', '--secret', 'x'], "unknown option '--secret'"],
    [['admin', 'users', 'create', 'a', 'b'], 'too many arguments'],
    [['admin', 'users', 'delete', '..'], '".." cannot be a name or id'],
    [['admin', 'users', 'list', '--endpoint', 'x'], '--endpoint: "x" is not an address'],
    [['admin', 'policies', 'put', 'bo', 'p', '--file', join(folder, 'none')], '--file: ENOENT'],
    [['admin', 'policies', 'put', 'bo', 'p'], "required option '--file <FILE>' not specified"],
    [['admin', 'sessions', 'create', '--duration-seconds', '1h'], 'a whole number of seconds'],
    [['clock', 'advance', '0s'], 'It must be a length of time such as 90s'],
    [['clock', 'set', 'tomorrow'], 'It must be a time such as'],
    [['faults', 'add', 'error', 'Nope'], 'Allowed choices are AccessDeniedException'],
    [['faults', 'add', 'break', '-1'], 'It must be a whole number'],
    [['faults', 'add', 'corrupt', '1.5'], 'It must be a whole number'],
    [['faults', 'add', 'delay', '1', '--operation', 'getVault'], 'use one of CreateVault, '],
    [['faults', 'add', 'delay', '1', '--operation', 'listjobs'], 'did you mean ListJobs?'],
    [['lock', 'simulate', 'v', '--request', '{'], '--request is not JSON: '],
    [['lock', 'simulate', 'v', '--request', '[]'], 'must be an object like {"action"'],
    [['lock', 'simulate', 'v', '--requests-file', policyFile], 'must be an array like [{"action"'],
    [
      ['lock', 'simulate', 'v', '--policy-file', '-', '--requests-file', '-'],
      'cannot both be standard input',
    ],
  ])('firn %j', async (words, sentence) => {
    const { code, stdout, stderr } = await run(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^firn: [^\n]+\n$/);
    expect(stderr).toContain(sentence);
    expect(server.takeRequests()).toEqual([]);
  });

  it('a refusal', async () => {
    const body = { code: 'LimitExceededException', message: 'Enough.', type: 'Client' };
    answer = () => ({ status: 400, body });
    expect(await run('admin', 'keys', 'create', '--json')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'firn: Enough (LimitExceededException)\n',
    });
  });

  it('no credentials', async () => {
    vi.stubEnv('FIRN_ACCESS_KEY_ID', '');
    vi.stubEnv('FIRN_SECRET_ACCESS_KEY', '');
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, '');
    const { code, stderr } = await run('clock', 'show');
    expect(code).toBe(2);
    expect(stderr).toContain('set FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY');
  });

  it('but a defect is not hidden', async () => {
    answer = () => ({ status: 200, body: { users: 'not a list' } });
    await expect(run('admin', 'users', 'list')).rejects.toThrow(TypeError);
  });
});

describe('the help', () => {
  const leaves = leavesOf(createProgram(), '');

  it.each(leaves)('of %s has an example that begins like it', async (name) => {
    const { code, stdout } = await run(...name.split(' ').slice(1), '--help');
    expect(code).toBe(0);
    const [, examples = ''] = stdout.split(/^Examples?:$/m);
    expect(examples).toContain(name);
    expect(stdout).toContain('--endpoint <URL>');
    expect(stdout).toContain('FIRN_ACCESS_KEY_ID');
    expect(stdout).not.toContain('undefined');
  });

  it('of lock says that completing is for ever', async () => {
    expect((await run('lock', '--help')).stdout).toContain('Completing a lock is FOR EVER');
  });

  it('of a group is what comes without a command', async () => {
    const { code, stdout, stderr } = await run('admin');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: firn admin');
  });
});
