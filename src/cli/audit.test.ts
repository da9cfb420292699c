import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type ScriptedServer,
  startScriptedServer,
} from '../../test/cli/support/scripted-server.ts';
import { type AuditEntry, exportOverHttp, verifyOverHttp } from './audit.ts';
import type { Connection } from './connection.ts';

const lastSequence = 2_500;
const verification = { isIntact: true, entries: 1, lastSequence: 1, lastHash: 'a', damage: null };
let server: ScriptedServer;
let connection: Connection;

/** A journal of 2,500 entries; `kind=stuck` gives the same place again and again. */
beforeEach(async () => {
  server = await startScriptedServer(({ target }) => {
    const url = new URL(target, 'http://firn.example');
    if (url.pathname.endsWith('verification')) return { status: 200, body: verification };
    const after = Number(url.searchParams.get('after') ?? 0);
    const limit = Number(url.searchParams.get('limit'));
    const last = Math.min(after + limit, lastSequence);
    const entries = Array.from({ length: last - after }, (_, i) => ({ sequence: after + i + 1 }));
    const isStuck = url.searchParams.get('kind') === 'stuck';
    const nextAfter = isStuck ? 5 : last < lastSequence ? last : null;
    return { status: 200, body: { entries, nextAfter } };
  });
  const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
  connection = { endpoint: server.endpoint, region: 'us-east-1', credentials };
});
afterEach(() => server.close());

async function exported(selection: Parameters<typeof exportOverHttp>[1]) {
  const sequences: unknown[] = [];
  const end = await exportOverHttp(connection, selection, (entry: AuditEntry) => {
    sequences.push(entry.sequence);
  });
  const targets = server.takeRequests().map(({ target }) => target);
  return { sequences, end, targets };
}

test('the whole journal comes page by page, in order', async () => {
  const { sequences, end, targets } = await exported({});
  expect(sequences).toEqual(Array.from({ length: lastSequence }, (_, i) => i + 1));
  expect(end).toEqual({ entries: lastSequence, nextAfter: null });
  expect(targets).toEqual([
    '/_/audit?limit=1000',
    '/_/audit?after=1000&limit=1000',
    '/_/audit?after=2000&limit=1000',
  ]);
});

test('a limit ends it, with the place to go on from', async () => {
  const { sequences, end, targets } = await exported({ after: 10, limit: 1_005, vaultName: 'a b' });
  expect(sequences).toHaveLength(1_005);
  expect(end).toEqual({ entries: 1_005, nextAfter: 1_015 });
  expect(targets).toEqual([
    '/_/audit?after=10&limit=1000&vaultName=a%20b',
    '/_/audit?after=1010&limit=5&vaultName=a%20b',
  ]);
});

test('each entry is waited for, and an error of the writer ends it', async () => {
  const failing = exportOverHttp(connection, {}, async () => {
    await Promise.resolve();
    throw new Error('disk full');
  });
  await expect(failing).rejects.toThrow('disk full');
  expect(server.takeRequests()).toHaveLength(1);
});

test('a journal that does not go on is no endless loop', async () => {
  await expect(exported({ kind: 'stuck' })).rejects.toThrow('does not go on after 5');
});

test('the verification is given as it is', async () => {
  expect(await verifyOverHttp(connection)).toEqual(verification);
});
