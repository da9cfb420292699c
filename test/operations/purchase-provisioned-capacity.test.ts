/** Units are the account's and never go away within a test: each block has a server of its own. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkEmpty, checkError, checkJson, DATE } from '../support/check.ts';
import { Client } from '../support/client.ts';
import { isRemote, type RunningServer, startServer } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const PATH = '/-/provisioned-capacity';
const CAPACITY_ID = /^[A-Za-z0-9_-]{24}$/;
const FULL = 'The maximum number of provisioned capacity units has been reached.';

interface Unit {
  readonly CapacityId: string;
  readonly ExpirationDate: string;
  readonly StartDate: string;
}

/** A server of the test's own, on which nothing is bought. */
async function startFresh(): Promise<{ server: RunningServer; client: Client }> {
  const server = await startServer();
  onTestFinished(() => server.close());
  return { server, client: new Client(server) };
}

async function listUnits(client: Client): Promise<readonly Unit[]> {
  const reply = await client.expect(200, 'GET', PATH);
  return (reply.json() as { ProvisionedCapacityList: Unit[] }).ProvisionedCapacityList;
}

/** Buys a unit and gives its id. */
async function purchase(client: Client): Promise<string> {
  const reply = await client.request('POST', PATH);
  checkEmpty(reply, 201);
  return reply.header('x-amz-capacity-id') ?? '';
}

/** One calendar month later to the second, reckoned on the text of the date. */
function monthLater(date: string): string {
  const [year = 0, month = 0, day = 0] = date.slice(0, 10).split('-').map(Number);
  const nextYear = month === 12 ? year + 1 : year;
  const nextMonth = (month % 12) + 1;
  const isLeap = nextYear % 4 === 0 && (nextYear % 100 !== 0 || nextYear % 400 === 0);
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][nextMonth - 1] ?? 0;
  const parts = [nextMonth, Math.min(day, days)].map((part) => String(part).padStart(2, '0'));
  return `${nextYear}-${parts.join('-')}T${date.slice(11, 19)}.000Z`;
}

describe.skipIf(isRemote)('PurchaseProvisionedCapacity', () => {
  describe('malformed', () => {
    const firn = useServer();

    it.each([
      ['PUT', PATH],
      ['DELETE', PATH],
      ['POST', `${PATH}/`],
      ['POST', '/-/priority-capacity'],
    ])('knows no %s %s', async (method, target) => {
      const reply = await firn.client.request(method, target);
      checkError(reply, 'BadRequest', `There is no operation ${method} ${target}`);
      expect(await listUnits(firn.client)).toEqual([]);
    });

    it('refuses a request without the version', async () => {
      const headers = { 'x-amz-glacier-version': undefined };
      const reply = await firn.client.request('POST', PATH, { headers });
      const message = 'Required parameter missing: API version';
      checkError(reply, 'MissingParameterValueException', message);
      expect(await listUnits(firn.client)).toEqual([]);
    });
  });

  describe('refused', () => {
    const firn = useServer();

    it.each(['999999999999', '1111-2222-3333', 'abc'])('for the account %s', async (account) => {
      const reply = await firn.client.request('POST', `/${account}/provisioned-capacity`);
      checkError(reply, 'AccessDeniedException', `Access denied for account ID: ${account}`);
      expect(await listUnits(firn.client)).toEqual([]);
    });

    it('for an unsigned request', async () => {
      const reply = await firn.client.request('POST', PATH, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
      expect(await listUnits(firn.client)).toEqual([]);
    });

    it('for the third unit, every time', async () => {
      const { client } = firn;
      const ids = [await purchase(client), await purchase(client)];
      for (let i = 0; i < 3; i += 1) {
        const reply = await client.request('POST', PATH);
        checkError(reply, 'LimitExceededException', FULL);
        expect(reply.header('x-amz-capacity-id')).toBeUndefined();
      }
      expect((await listUnits(client)).map((unit) => unit.CapacityId)).toEqual(ids);
    });

    it('for all but two at the same time', async () => {
      const { client } = await startFresh();
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => client.request('POST', PATH)),
      );
      const accepted = replies.filter((reply) => reply.status === 201);
      for (const reply of replies.filter((one) => !accepted.includes(one))) {
        checkError(reply, 'LimitExceededException', FULL);
      }
      const ids = accepted.map((reply) => reply.header('x-amz-capacity-id'));
      expect(new Set(ids).size).toBe(2);
      const listed = (await listUnits(client)).map((unit) => unit.CapacityId);
      expect(new Set(listed)).toEqual(new Set(ids));
    });
  });

  describe('works', () => {
    it('and answers with the id, without a body', async () => {
      const { client } = await startFresh();
      const before = Date.now();
      const reply = await client.request('POST', PATH);
      const after = Date.now();
      checkEmpty(reply, 201);
      const id = reply.header('x-amz-capacity-id') ?? '';
      expect(id).toMatch(CAPACITY_ID);
      expect(reply.header('Location')).toBeUndefined();

      const list = await client.request('GET', PATH);
      const { ProvisionedCapacityList: units } = list.json() as { ProvisionedCapacityList: Unit[] };
      const { StartDate = '' } = units[0] ?? {};
      expect(StartDate).toMatch(DATE);
      expect(Date.parse(StartDate)).toBeGreaterThanOrEqual(before);
      expect(Date.parse(StartDate)).toBeLessThanOrEqual(after);
      const unit = { CapacityId: id, ExpirationDate: monthLater(StartDate), StartDate };
      checkJson(list, { ProvisionedCapacityList: [unit] });
    });

    it('twice, with two ids', async () => {
      const { client } = await startFresh();
      const ids = [await purchase(client), await purchase(client)];
      expect(new Set(ids).size).toBe(2);
      for (const id of ids) expect(id).toMatch(CAPACITY_ID);
      expect((await listUnits(client)).map((unit) => unit.CapacityId)).toEqual(ids);
    });

    it('with no length at all, or with a body, which is ignored, and any query', async () => {
      const { client, server } = await startFresh();
      const headers = { 'Content-Length': undefined };
      checkEmpty(await client.request('POST', PATH, { headers }), 201);
      const target = `/${server.accountId}/provisioned-capacity?colour=red`;
      checkEmpty(await client.request('POST', target, { body: '{}' }), 201);
      expect(await listUnits(client)).toHaveLength(2);
    });

    it.each([
      ['a restart', (server: RunningServer): Promise<unknown> => server.stop()],
      ['a kill', (server: RunningServer): Promise<unknown> => server.kill()],
      [
        'the loss of the view',
        async (server: RunningServer): Promise<void> => {
          await server.stop();
          rmSync(join(server.dataDirectory, 'view.sqlite'));
        },
      ],
    ])('and lasts over %s, to the millisecond', async (_, end) => {
      const { client, server } = await startFresh();
      await purchase(client);
      const before = await listUnits(client);
      await end(server);
      await server.restart();
      checkJson(await client.request('GET', PATH), { ProvisionedCapacityList: before });
      const id = await purchase(client);
      expect((await listUnits(client)).map((unit) => unit.CapacityId)).toEqual([
        before[0]?.CapacityId,
        id,
      ]);
      await server.restart();
      checkError(await client.request('POST', PATH), 'LimitExceededException', FULL);
    });
  });
});

describe('the reckoning of these tests', () => {
  it.each([
    ['2026-01-05T08:15:30.123Z', '2026-02-05T08:15:30.000Z'],
    ['2026-01-31T23:59:59.999Z', '2026-02-28T23:59:59.000Z'],
    ['2028-01-31T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
    ['2026-08-31T12:00:00.001Z', '2026-09-30T12:00:00.000Z'],
    ['2026-12-31T12:00:00.500Z', '2027-01-31T12:00:00.000Z'],
  ])('%s is followed by %s', (date, expected) => {
    expect(monthLater(date)).toBe(expected);
  });
});
