/**
 * The audit: who did or tried what, in a chain that shows every change (reliability page, P19); read
 * and checked from the store, from an exported file, and from a running server.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CommandLine, environmentOf, type Outcome } from '../cli/support/command-line.ts';
import { Admin, type AuditEntry, clientFor } from '../support/admin.ts';
import { checkError, DATE } from '../support/check.ts';
import { Client, type RequestOptions } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { isRemote, startServer } from '../support/server.ts';
import { type Credentials, sha256 } from '../support/sign.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

/** Each command is a process of its own, which takes its time on a busy machine. */
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const used = useServer({ arguments: ['--test-clock'] });
const admin = () => new Admin(used.client);
const topic = 'arn:aws:sns:us-west-2:111122223333:topic';

const policy = (effect: string, arn: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: effect, Principal: '*', Action: 'glacier:ListJobs', Resource: arn }],
  });

const asBody = (value: object): RequestOptions => ({ body: JSON.stringify(value) });

/** What each test of an operation works with. */
interface Stage {
  readonly client: Client;
  readonly vault: string;
  readonly archiveId: string;
  /** Open, with its only part. */
  readonly uploadId: string;
  readonly lockId: string;
}

async function setStage(client: Client): Promise<Stage> {
  const vault = await client.freshVault();
  const archiveId = await client.uploadArchive(vault, 'bytes');
  const uploadId = await client.initiateUpload(vault, MIB);
  await client.uploadPart(vault, uploadId, 0, content(9));
  const body = asBody({ Policy: policy('Deny', client.arn(vault)) });
  const reply = await client.expect(201, 'POST', `/-/vaults/${vault}/lock-policy`, body);
  return { client, vault, archiveId, uploadId, lockId: reply.header('x-amz-lock-id') ?? '' };
}

type Send = (client: Client, stage: Stage) => Promise<Reply>;
const vaultRequest =
  (method: string, path: (stage: Stage) => string, options: RequestOptions = {}): Send =>
  (client, stage) =>
    client.request(method, `/-/vaults/${stage.vault}${path(stage)}`, options);

/** Every operation that changes something: the kind of its entry, and a request that succeeds. */
const changes: readonly (readonly [operation: string, kind: string, send: Send])[] = [
  [
    'CreateVault',
    'VaultCreated',
    (client, { vault }) => client.request('PUT', `/-/vaults/${vault}-2`),
  ],
  ['UploadArchive', 'ArchiveStored', (client, { vault }) => client.postArchive(vault, content(5))],
  ['DeleteArchive', 'ArchiveDeleted', vaultRequest('DELETE', (it) => `/archives/${it.archiveId}`)],
  [
    'InitiateMultipartUpload',
    'UploadInitiated',
    vaultRequest('POST', () => '/multipart-uploads', {
      headers: { 'x-amz-part-size': String(MIB) },
    }),
  ],
  [
    'UploadMultipartPart',
    'PartStored',
    (client, { vault, uploadId }) => client.putPart(vault, uploadId, 0, content(7)),
  ],
  [
    'CompleteMultipartUpload',
    'UploadCompleted',
    (client, { vault, uploadId }) =>
      client.completeUpload(vault, uploadId, 9, treeHash(content(9))),
  ],
  [
    'AbortMultipartUpload',
    'UploadAborted',
    (client, { vault, uploadId }) => client.abortUpload(vault, uploadId),
  ],
  [
    'InitiateJob',
    'JobInitiated',
    (client, { vault }) => client.postJob(vault, { Type: 'inventory-retrieval' }),
  ],
  [
    'AddTagsToVault',
    'TagsAdded',
    vaultRequest('POST', () => '/tags?operation=add', asBody({ Tags: { key: 'value' } })),
  ],
  [
    'RemoveTagsFromVault',
    'TagsRemoved',
    vaultRequest('POST', () => '/tags?operation=remove', asBody({ TagKeys: ['key'] })),
  ],
  [
    'SetVaultNotifications',
    'NotificationsSet',
    vaultRequest(
      'PUT',
      () => '/notification-configuration',
      asBody({ SNSTopic: topic, Events: ['ArchiveRetrievalCompleted'] }),
    ),
  ],
  [
    'DeleteVaultNotifications',
    'NotificationsDeleted',
    vaultRequest('DELETE', () => '/notification-configuration'),
  ],
  [
    'SetVaultAccessPolicy',
    'AccessPolicySet',
    (client, { client: owner, vault }) => {
      const body = asBody({ Policy: policy('Allow', owner.arn(vault)) });
      return client.request('PUT', `/-/vaults/${vault}/access-policy`, body);
    },
  ],
  [
    'DeleteVaultAccessPolicy',
    'AccessPolicyDeleted',
    vaultRequest('DELETE', () => '/access-policy'),
  ],
  ['AbortVaultLock', 'LockAborted', vaultRequest('DELETE', () => '/lock-policy')],
  [
    'CompleteVaultLock',
    'LockCompleted',
    vaultRequest('POST', ({ lockId }) => `/lock-policy/${lockId}`),
  ],
  [
    'SetDataRetrievalPolicy',
    'DataRetrievalPolicySet',
    (client) =>
      client.request(
        'PUT',
        '/-/policies/data-retrieval',
        asBody({ Policy: { Rules: [{ Strategy: 'FreeTier' }] } }),
      ),
  ],
  [
    'PurchaseProvisionedCapacity',
    'CapacityPurchased',
    (client) => client.request('POST', '/-/provisioned-capacity'),
  ],
];

const needsMore: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  RemoveTagsFromVault: ({ client, vault }) =>
    client.expect(
      204,
      'POST',
      `/-/vaults/${vault}/tags?operation=add`,
      asBody({ Tags: { key: 'v' } }),
    ),
  DeleteVaultNotifications: ({ client, vault }) =>
    client.expect(
      204,
      'PUT',
      `/-/vaults/${vault}/notification-configuration`,
      asBody({ SNSTopic: topic, Events: ['InventoryRetrievalCompleted'] }),
    ),
  DeleteVaultAccessPolicy: ({ client, vault }) =>
    client.expect(
      204,
      'PUT',
      `/-/vaults/${vault}/access-policy`,
      asBody({ Policy: policy('Allow', client.arn(vault)) }),
    ),
};

/** The entries that a request has made. */
async function entriesOf(reply: Reply): Promise<readonly AuditEntry[]> {
  const requestId = reply.header('x-amzn-RequestId');
  return (await admin().auditEntries()).filter((entry) => entry.requestId === requestId);
}

function checkEnvelope(entry: AuditEntry | undefined, account: string, principal: string): void {
  expect(entry).toMatchObject({ account, principal });
  expect(entry?.time).toMatch(DATE);
  expect(Math.abs(Date.parse(entry?.time ?? '') - Date.now())).toBeLessThan(60_000);
  expect(entry?.hash).toMatch(/^[0-9a-f]{64}$/);
}

describe('an operation that changes something', () => {
  it.each(changes)('%s leaves %s, with who did it', async (operation, kind, send) => {
    const owner = await admin().freshAccount();
    const stage = await setStage(owner);
    await needsMore[operation]?.(stage);
    const reply = await send(owner, stage);
    expect(reply.status).toBeLessThan(300);
    const entries = await entriesOf(reply);
    expect(entries.map((entry) => entry.kind)).toEqual([kind]);
    const { accountId } = owner.target;
    checkEnvelope(entries[0], accountId, `arn:aws:iam::${accountId}:root`);
  });

  it('InitiateVaultLock and DeleteVault leave LockInitiated and VaultDeleted', async () => {
    const owner = await admin().freshAccount();
    const vault = await owner.freshVault();
    const body = asBody({ Policy: policy('Deny', owner.arn(vault)) });
    const path = `/-/vaults/${vault}`;
    const { accountId } = owner.target;
    for (const [kind, reply] of [
      ['LockInitiated', await owner.expect(201, 'POST', `${path}/lock-policy`, body)],
      ['VaultDeleted', await owner.expect(204, 'DELETE', path)],
    ] as const) {
      const entries = await entriesOf(reply);
      expect(entries.map((entry) => entry.kind)).toEqual([kind]);
      checkEnvelope(entries[0], accountId, `arn:aws:iam::${accountId}:root`);
    }
  });

  const deleteVault: Send = vaultRequest('DELETE', () => '');
  const initiateLock: Send = vaultRequest('POST', () => '/lock-policy', asBody({ Policy: '{}' }));

  it.each([
    ...changes,
    ['DeleteVault', '', deleteVault] as const,
    ['InitiateVaultLock', '', initiateLock] as const,
  ])('%s leaves Refused where it is not allowed', async (operation, _kind, send) => {
    const stage = await setStage(used.client);
    const { client: user, arn } = await admin().freshUser();
    const reply = await send(user, stage);
    checkError(reply, 'AccessDeniedException');
    const entries = await entriesOf(reply);
    expect(entries.map(({ kind, data }) => [kind, data.operation])).toEqual([
      ['Refused', operation],
    ]);
    checkEnvelope(entries[0], used.server.accountId, arn);
  });

  it('leaves Refused when the lock denies it, with vault and archive', async () => {
    const { client } = used;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'locked');
    const denial = policy('Deny', client.arn(vault)).replace('ListJobs', 'DeleteArchive');
    const path = `/-/vaults/${vault}/lock-policy`;
    await client.expect(201, 'POST', path, asBody({ Policy: denial }));
    const [entry] = await entriesOf(await client.deleteArchive(vault, archiveId));
    expect(entry).toMatchObject({
      kind: 'Refused',
      data: { operation: 'DeleteArchive', resource: client.arn(vault), archiveId },
    });
  });

  it('leaves Refused under the account of who asked, in one that is closed to him', async () => {
    const other = await admin().freshAccount();
    const vault = await used.client.freshVault();
    const target = `/${used.server.accountId}/vaults/${vault}`;
    const { accountId } = other.target;
    for (const [method, path] of [
      ['DELETE', ''],
      ['DELETE', '/access-policy'],
      ['DELETE', '/lock-policy'],
      ['PUT', ''],
    ] as const) {
      const [entry] = await entriesOf(await other.request(method, `${target}${path}`));
      expect(entry?.kind).toBe('Refused');
      expect(entry?.principal).toBe(`arn:aws:iam::${accountId}:root`);
      expect(entry?.data.resource).toContain(used.server.accountId);
    }
  });

  it('that is only looked at leaves nothing, allowed or refused', async () => {
    const { client: user } = await admin().freshUser();
    const { client } = used;
    const vault = await client.freshVault();
    for (const who of [client, user]) {
      for (const path of ['', '/jobs', '/tags', '/lock-policy', '/multipart-uploads']) {
        expect(await entriesOf(await who.request('GET', `/-/vaults/${vault}${path}`))).toEqual([]);
      }
    }
  });
});

describe("a change by Firn's own API", () => {
  interface Names {
    readonly userName: string;
    readonly accessKeyId: string;
  }
  type OwnChange = readonly [
    kinds: readonly string[],
    method: string,
    path: (names: Names) => string,
    body?: object,
  ];
  const ofAccount = (path: string) => () => `/accounts/-${path}`;
  const ofUser =
    (path = '') =>
    ({ userName }: Names) =>
      `/accounts/-/users/${userName}${path}`;
  const ofKey =
    (path = '') =>
    ({ accessKeyId }: Names) =>
      `/accounts/-/access-keys/${accessKeyId}${path}`;
  const identity = '{"Statement":{"Effect":"Allow","Action":"glacier:*","Resource":"*"}}';

  const ownChanges: Readonly<Record<string, OwnChange>> = {
    CreateAccount: [['AccountCreated', 'AccessKeyCreated'], 'POST', () => '/accounts', {}],
    CreateUser: [['UserCreated'], 'POST', ofAccount('/users'), { userName: 'made-by-a-test' }],
    DeleteUser: [['UserDeleted'], 'DELETE', ofUser()],
    PutUserPolicy: [['UserPolicySet'], 'PUT', ofUser('/policies/second'), { policy: identity }],
    DeleteUserPolicy: [['UserPolicyDeleted'], 'DELETE', ofUser('/policies/first')],
    CreateAccessKey: [['AccessKeyCreated'], 'POST', ofAccount('/access-keys'), {}],
    UpdateAccessKey: [['AccessKeyStatusSet'], 'PATCH', ofKey(), { status: 'Inactive' }],
    RotateAccessKey: [['AccessKeyStatusSet', 'AccessKeyCreated'], 'POST', ofKey('/rotate')],
    DeleteAccessKey: [['AccessKeyDeleted'], 'DELETE', ofKey()],
    FreezeClock: [['ClockSet'], 'POST', () => '/clock/freeze'],
    RunClock: [['ClockSet'], 'POST', () => '/clock/run'],
    AdvanceClock: [['ClockSet'], 'POST', () => '/clock/advance', { seconds: 1 }],
  };
  // Anybody may make one for himself; a refused one is asked for somebody else.
  const session = ['POST', ofAccount('/sessions'), {}] as const;

  it.each(Object.entries(ownChanges))('%s leaves its entries', async (_, change) => {
    const [kinds, method, path, body] = change;
    const { userName, key } = await admin().freshUser(identity);
    const names = { userName, accessKeyId: key.accessKeyId };
    const reply = await admin().request(method, path(names), body);
    expect(reply.status).toBeLessThan(300);
    const entries = await entriesOf(reply);
    expect(entries.map(({ kind }) => kind)).toEqual(kinds);
    const { accountId } = used.server;
    for (const { principal } of entries) expect(principal).toBe(`arn:aws:iam::${accountId}:root`);
  });

  it('CreateSession leaves AccessKeyCreated, without its token', async () => {
    const [method, path, body] = session;
    const reply = await admin().request(method, path(), body);
    const [entry] = await entriesOf(reply);
    expect(entry).toMatchObject({ kind: 'AccessKeyCreated' });
    expect(JSON.stringify(entry)).toContain('expiresAt');
    expect(JSON.stringify(entry)).not.toContain('tokenHash');
  });

  it.each([
    ...Object.entries(ownChanges),
    ['AddFault', [[], 'POST', () => '/faults', { fault: { kind: 'delay', milliseconds: 0 } }]],
    ['DeleteFaults', [[], 'DELETE', () => '/faults']],
    ['SetClock', [[], 'POST', () => '/clock/set', { time: '2030-01-01T00:00:00Z' }]],
    ['CreateSession', [[], 'POST', () => '/accounts/-/sessions', { userName: 'somebody' }]],
    ['SimulateVaultLock', [[], 'POST', () => '/accounts/-/vaults/some-vault/lock-simulation', {}]],
  ] as [string, OwnChange][])('%s leaves Refused where it is not allowed', async (name, change) => {
    const [, method, path, body] = change;
    const { userName, key } = await admin().freshUser(identity);
    const { client: user, arn } = await admin().freshUser(identity);
    const filled = path({ userName, accessKeyId: key.accessKeyId });
    const reply = await new Admin(user).request(method, filled, body);
    checkError(reply, 'AccessDeniedException');
    const entries = await entriesOf(reply);
    expect(entries.map(({ kind, data }) => [kind, data.operation])).toEqual([['Refused', name]]);
    checkEnvelope(entries[0], used.server.accountId, arn);
  });
});

describe('what the audit never shows', () => {
  it('is a secret, in its entries or in the clear in the journal', async () => {
    const secrets: string[] = [used.server.secretAccessKey];
    const note = (key: Credentials) => void secrets.push(key.secretAccessKey);
    const { userName, key } = await admin().freshUser();
    note(key);
    note(await admin().rotateAccessKey(key.accessKeyId));
    note(await admin().createAccessKey(userName));
    note(await admin().createAccount());
    const session = await admin().createSession({ userName });
    secrets.push(session.secretAccessKey, session.sessionToken);
    const client = clientFor(used.server, session, session.sessionToken);
    await client.request('DELETE', `/-/vaults/${await used.client.freshVault()}`);
    const shown = JSON.stringify(await admin().auditEntries());
    expect(shown).not.toMatch(/sealed|tokenHash/i);
    const places = [shown];
    if (!isRemote) {
      const folder = join(used.server.dataDirectory, 'journal');
      for (const name of readdirSync(folder))
        places.push(readFileSync(join(folder, name), 'latin1'));
      places.push(JSON.stringify(used.server.logLines));
    }
    for (const secret of secrets) {
      const forms = [
        secret,
        Buffer.from(secret).toString('base64'),
        Buffer.from(secret).toString('hex'),
      ];
      for (const place of places) for (const form of forms) expect(place).not.toContain(form);
    }
  });

  it('is shown to nobody but the operator', async () => {
    const { client: user } = await admin().freshUser();
    const other = await admin().freshAccount();
    for (const who of [user, other]) {
      for (const path of ['/audit', '/audit/verification']) {
        checkError(await new Admin(who).request('GET', path), 'AccessDeniedException');
      }
    }
  });
});

// -- firn audit -----------------------------------------------------------------------------------

interface Line {
  readonly sequence: number;
  readonly kind: string;
  readonly previous: string;
  readonly hash: string;
}

interface Verified {
  readonly isIntact: boolean;
  readonly entries: number;
  readonly lastSequence: number;
  readonly lastHash: string | null;
  readonly damage: string | null;
}

const offline = new CommandLine({});

function linesIn(text: string): Line[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** Every line follows the one before it, as the format page says; nothing of it comes from `src/`. */
function checkChain(text: string, firstPrevious = '0'.repeat(64)): void {
  let previous = firstPrevious;
  for (const line of text.trimEnd().split('\n')) {
    const entry = JSON.parse(line) as Line;
    expect(entry.previous).toBe(previous);
    const body = `${line.slice(0, line.lastIndexOf(',"hash":"'))}}`;
    expect(sha256(body)).toBe(entry.hash);
    previous = entry.hash;
  }
}

describe.skipIf(isRemote)('firn audit', () => {
  let folder: string;
  let store: string;
  let journal: string;
  let lines: Line[];
  let last: string;

  /** A store of its own, stopped, with a few things in it. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'firn-audit-'));
    store = join(folder, 'store');
    const server = await startServer({ dataDirectory: store });
    try {
      await setStage(new Client(server));
    } finally {
      await server.close();
    }
    journal = readFileSync(join(store, 'journal', '00000001.jsonl'), 'utf8');
    lines = linesIn(journal);
    last = `${lines.at(-1)?.sequence}:${lines.at(-1)?.hash}`;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const audit = (...words: string[]): Promise<Outcome> => offline.run(['audit', ...words]);
  const verify = (...words: string[]) => audit('verify', ...words);

  /** A copy of the store's journal with another text; without a view, which is compared as well. */
  function storeWith(text: string | Buffer): string {
    const copy = mkdtempSync(join(tmpdir(), 'firn-audit-'));
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    cpSync(store, copy, { recursive: true });
    for (const name of readdirSync(copy)) {
      if (name.startsWith('view.sqlite')) rmSync(join(copy, name));
    }
    writeFileSync(join(copy, 'journal', '00000001.jsonl'), text);
    return copy;
  }

  function fileWith(text: string | Buffer): string {
    const copy = mkdtempSync(join(tmpdir(), 'firn-audit-'));
    onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
    const file = join(copy, 'audit.jsonl');
    writeFileSync(file, text);
    return file;
  }

  describe('export', () => {
    it('writes the entries as they were recorded, to the byte', async () => {
      const outcome = await audit('export', '--data-dir', store);
      expect(outcome).toEqual({ code: 0, stdout: journal, stderr: '' });
      checkChain(outcome.stdout);
    });

    it('begins after an entry', async () => {
      const { stdout, code } = await audit('export', '--data-dir', store, '--after', '3');
      expect({ code, lines: linesIn(stdout) }).toEqual({ code: 0, lines: lines.slice(3) });
      checkChain(stdout, lines[2]?.hash);
      const end = await audit('export', '--data-dir', store, '--after', String(lines.length));
      expect(end).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    it('takes the store by its variable', async () => {
      const here = new CommandLine({ FIRN_DATA_DIR: store });
      expect((await here.run(['audit', 'export'])).stdout).toBe(journal);
    });

    it('beside a running server, and from it, gives what it knows', async () => {
      const online = new CommandLine(environmentOf(used.server));
      await used.client.freshVault();
      const { dataDirectory, endpoint } = used.server;
      const { stdout } = await audit('export', '--data-dir', dataDirectory);
      checkChain(stdout);
      const remote = await online.succeed('audit', 'export', '--endpoint', endpoint);
      const [local, shown] = [linesIn(stdout), linesIn(remote)];
      expect(shown.map(({ hash }) => hash)).toEqual(local.map(({ hash }) => hash));
      expect(remote).not.toContain('sealedSecret');
      const after = await online.succeed('audit', 'export', '--endpoint', endpoint, '--after', '5');
      expect(linesIn(after).map(({ sequence }) => sequence)).toEqual(
        local.slice(5).map(({ sequence }) => sequence),
      );
    });

    it('stops at damage with 1', async () => {
      const damaged = storeWith(journal.replace('"kind":"VaultCreated"', '"kind":"VaultCreater"'));
      const { code, stdout, stderr } = await audit('export', '--data-dir', damaged);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^firn: \S/) });
      expect(journal.startsWith(stdout)).toBe(true);
    });
  });

  describe('verify', () => {
    it('finds a good store good, and says what to note', async () => {
      const { code, stdout } = await verify('--data-dir', store);
      expect(code).toBe(0);
      expect(stdout).toBe(`The journal is intact: ${lines.length} entries; the last is ${last}\n`);
      const found = await offline.json<Verified>('audit', 'verify', '--data-dir', store);
      const [lastSequence, lastHash] = [lines.length, lines.at(-1)?.hash];
      const entries = lines.length;
      expect(found).toEqual({ isIntact: true, entries, lastSequence, lastHash, damage: null });
    });

    it('changes nothing of what it reads', async () => {
      const before = new Set(readdirSync(store, { recursive: true, encoding: 'utf8' }));
      await verify('--data-dir', store);
      expect(new Set(readdirSync(store, { recursive: true, encoding: 'utf8' }))).toEqual(before);
      expect(readFileSync(join(store, 'journal', '00000001.jsonl'), 'utf8')).toBe(journal);
    });

    it('runs beside a server that writes', async () => {
      const { client } = used;
      const writing = Promise.all(Array.from({ length: 50 }, () => client.freshVault()));
      const words = ['audit', 'verify', '--data-dir', used.server.dataDirectory];
      const found = await offline.json<Verified>(...words);
      await writing;
      expect(found).toMatchObject({ isIntact: true, damage: null });
    });

    it('is done by the server when it is named, with the same result', async () => {
      const online = new CommandLine(environmentOf(used.server));
      const words = ['audit', 'verify', '--endpoint', used.server.endpoint];
      const found = await online.json<Verified>(...words);
      expect(found).toEqual(await admin().verifyAudit());
      expect(found).toMatchObject({ isIntact: true, entries: found.lastSequence });
      const { accessKeyId, secretAccessKey } = (await admin().freshUser()).key;
      const user = new CommandLine(environmentOf(used.server, { accessKeyId, secretAccessKey }));
      expect(await user.fail(1, ...words)).toContain('AccessDeniedException');
    });

    it('believes an entry that was noted, and no other', async () => {
      const words = ['--data-dir', store, '--expect'];
      const early = `${lines[4]?.sequence}:${lines[4]?.hash}`;
      for (const noted of [last, early]) expect((await verify(...words, noted)).code).toBe(0);
      const wrong = [
        `5:${lines[3]?.hash}`,
        `${lines.length + 1}:${lines.at(-1)?.hash}`,
        `1:${'0'.repeat(64)}`,
      ];
      for (const noted of wrong) {
        const { code, stdout } = await verify(...words, noted);
        expect({ noted, code, stdout }).toEqual({
          noted,
          code: 1,
          stdout: expect.stringContaining('NOT INTACT'),
        });
      }
    });

    it.each([
      ['no hash', '5'],
      ['no number', `:${'0'.repeat(64)}`],
      ['a number of nothing', `0:${'0'.repeat(64)}`],
      ['a short hash', `5:${'0'.repeat(63)}`],
      ['capitals', `5:${'A'.repeat(64)}`],
    ])('is misused with %s to expect: 2', async (_, noted) => {
      const { code, stdout, stderr } = await verify('--data-dir', store, '--expect', noted);
      expect({ code, stdout, isTold: stderr !== '' }).toEqual({
        code: 2,
        stdout: '',
        isTold: true,
      });
    });

    it('is misused where nothing is, or not the journal of a store', async () => {
      for (const words of [
        ['--data-dir', join(folder, 'nothing')],
        [join(folder, 'nothing.jsonl')],
        ['--data-dir', join(store, 'store.json')],
        ['--data-dir', store, '--expect', last, '--endpoint', used.server.endpoint],
      ]) {
        const { code, stdout, stderr } = await verify(...words);
        expect({ words, code: code === 0, stdout }).toEqual({ words, code: false, stdout: '' });
        expect(stderr).toMatch(/^firn: [^\n]+\n$/);
      }
    });

    it('finds an exported file good, whole or from some entry on', async () => {
      expect((await verify(fileWith(journal))).code).toBe(0);
      expect((await verify(fileWith(journal), '--expect', last)).code).toBe(0);
      const { stdout } = await audit('export', '--data-dir', store, '--after', '4');
      expect(stdout).toBe(journal.split('\n').slice(4).join('\n'));
      expect((await verify(fileWith(stdout))).code).toBe(0);
      expect((await verify(fileWith(stdout), '--expect', last)).code).toBe(0);
    });

    it('does not find an entry that an exported file does not hold', async () => {
      const later = fileWith(journal.split('\n').slice(4).join('\n'));
      const noted = `2:${'0'.repeat(64)}`;
      expect((await verify(later, '--expect', noted)).code).toBe(1);
    });

    it('of what a server has exported does not cry wolf', async () => {
      const online = new CommandLine(environmentOf(used.server));
      const exported = await online.succeed('audit', 'export', '--endpoint', used.server.endpoint);
      const { stdout } = await verify(fileWith(exported));
      expect(stdout).not.toContain('NOT INTACT');
    });

    const splice = (...[at, count, ...more]: [number, number, ...string[]]) => {
      const all = journal.trimEnd().split('\n');
      all.splice(at, count, ...more);
      return `${all.join('\n')}\n`;
    };
    const line = (at: number) => journal.split('\n')[at] ?? '';
    /** The line with its hash computed anew. */
    const rehashed = (text: string) => {
      const body = `${text.slice(0, text.lastIndexOf(',"hash":"'))}}`;
      return `${body.slice(0, -1)},"hash":"${sha256(body)}"}`;
    };
    const damages: readonly (readonly [string, () => string | Buffer])[] = [
      ['a letter changed', () => splice(4, 1, line(4).replace('"kind":"', '"kind":"x'))],
      ['a digit of a time', () => splice(4, 1, line(4).replace(/Z"/, '0Z"'))],
      [
        'a digit of a hash',
        () =>
          splice(
            4,
            1,
            line(4).replace(/.(?="}$)/, (it) => (it === '0' ? '1' : '0')),
          ),
      ],
      [
        'a line with its hash made anew',
        () => splice(4, 1, rehashed(line(4).replace('root', 'rooT'))),
      ],
      ['a line removed', () => splice(4, 1)],
      ['the first line removed', () => splice(0, 1)],
      ['two lines swapped', () => splice(4, 2, line(5), line(4))],
      ['a line twice', () => splice(4, 1, line(4), line(4))],
      ['an empty line', () => splice(4, 0, '')],
      ['a blank before a line', () => splice(4, 1, ` ${line(4)}`)],
      ['a carriage return', () => splice(4, 1, `${line(4)}\r`)],
      ['text between lines', () => splice(4, 0, 'something else')],
      [
        'no JSON, with the right hash',
        () => splice(4, 1, rehashed('{"sequence":5,oops,"hash":"x"}')),
      ],
      ['null, with the right hash', () => splice(4, 1, rehashed('{"sequence":null,"hash":"x"}'))],
      ['zeros in the midst', () => splice(4, 1, '\0'.repeat(200))],
      [
        'a byte that is no UTF-8',
        () => {
          const bytes = Buffer.from(journal);
          bytes[bytes.indexOf('"kind"', 900) + 2] = 0xff;
          return bytes;
        },
      ],
    ];

    it.each(damages)('finds %s, in a store and in a file', async (_, damage) => {
      const changed = damage();
      for (const words of [['--data-dir', storeWith(changed)], [fileWith(changed)]]) {
        const { code, stdout, stderr } = await verify(...words);
        // A file may begin after the first entry, so one that lacks it is good in itself.
        const isFile = words.length === 1;
        const isGood = isFile && changed === splice(0, 1);
        expect({ words, code, stdout, stderr }).toEqual({
          words,
          code: isGood ? 0 : 1,
          stdout: expect.stringContaining(isGood ? 'is intact' : 'NOT INTACT'),
          stderr: '',
        });
      }
    });

    it('takes the torn end of an append for what it is, and what was noted for what it was', async () => {
      const torn = storeWith(journal.slice(0, -10));
      const found = await offline.json<Verified>('audit', 'verify', '--data-dir', torn);
      expect(found).toMatchObject({ isIntact: true, entries: lines.length - 1 });
      expect((await verify('--data-dir', torn, '--expect', last)).code).toBe(1);
    });

    it('misses a file of the journal', async () => {
      const copy = storeWith(journal);
      const [first, third] = ['00000001.jsonl', '00000003.jsonl'].map((name) =>
        join(copy, 'journal', name),
      );
      cpSync(first ?? '', third ?? '');
      expect((await verify('--data-dir', copy)).code).toBe(1);
    });

    it('says of an empty journal that it is empty', async () => {
      const found = await offline.json<Verified>('audit', 'verify', '--data-dir', storeWith(''));
      expect(found).toEqual({
        isIntact: true,
        entries: 0,
        lastSequence: 0,
        lastHash: null,
        damage: null,
      });
      expect((await verify('--data-dir', storeWith(''), '--expect', last)).code).toBe(1);
    });
  });
});
