/** Units are the account's: this file has a server of its own, and its tests run in order. */
import { describe, expect, it } from 'vitest';
import { checkError, checkJson, DATE } from '../support/check.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const PATH = '/-/provisioned-capacity';

interface Unit {
  readonly CapacityId: string;
  readonly ExpirationDate: string;
  readonly StartDate: string;
}

async function purchase(): Promise<string> {
  const reply = await firn.client.expect(201, 'POST', PATH);
  return reply.header('x-amz-capacity-id') ?? '';
}

function listUnits(query = '') {
  return firn.client.request('GET', `${PATH}${query}`);
}

describe.skipIf(isRemote)('ListProvisionedCapacity', () => {
  describe('malformed', () => {
    it.each(['/-/priority-capacity', `${PATH}/`, '/-/Provisioned-Capacity'])(
      'knows no GET %s',
      async (target) => {
        const reply = await firn.client.request('GET', target);
        checkError(reply, 'BadRequest', `There is no operation GET ${target}`);
      },
    );
  });

  describe('refused', () => {
    it.each(['999999999999', '1111-2222-3333', 'abc'])('for the account %s', async (account) => {
      const reply = await firn.client.request('GET', `/${account}/provisioned-capacity`);
      checkError(reply, 'AccessDeniedException', `Access denied for account ID: ${account}`);
    });

    it('for an unsigned request', async () => {
      const reply = await firn.client.request('GET', PATH, { signing: 'none' });
      const message = 'Request is missing Authentication Token';
      checkError(reply, 'MissingAuthenticationTokenException', message);
    });
  });

  describe('works', () => {
    it('where there is none', async () => {
      checkJson(await listUnits(), { ProvisionedCapacityList: [] });
    });

    it('the oldest first, whole whatever the query, with keys in alphabetical order', async () => {
      const ids = [await purchase(), await purchase()];
      const reply = await listUnits();
      const { ProvisionedCapacityList: units } = reply.json() as {
        ProvisionedCapacityList: readonly Unit[];
      };
      expect(units.map((unit) => unit.CapacityId)).toEqual(ids);
      checkJson(reply, {
        ProvisionedCapacityList: units.map(({ CapacityId, ExpirationDate, StartDate }) => ({
          CapacityId,
          ExpirationDate,
          StartDate,
        })),
      });
      for (const { ExpirationDate, StartDate } of units) {
        expect(StartDate).toMatch(DATE);
        expect(ExpirationDate).toMatch(/\.000Z$/);
        expect(ExpirationDate.slice(11, 19)).toBe(StartDate.slice(11, 19));
        const days = (Date.parse(ExpirationDate) - Date.parse(StartDate)) / 86_400_000;
        expect(Math.round(days)).toBeGreaterThanOrEqual(28);
        expect(Math.round(days)).toBeLessThanOrEqual(31);
      }
      for (const query of ['?limit=1', '?limit=0&marker=x']) {
        expect((await listUnits(query)).text).toBe(reply.text);
      }
      const written = `/${firn.server.accountId}/provisioned-capacity`;
      expect((await firn.client.request('GET', written)).text).toBe(reply.text);
    });
  });
});
