import { describe, expect, it } from 'vitest';
import { checkError, checkJson, keysOf } from '../support/check.ts';
import { type Client, uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

interface VaultPage {
  readonly Marker: string | null;
  readonly VaultList: readonly { readonly VaultName: string; readonly VaultARN: string }[];
}

async function page(client: Client, query: string): Promise<VaultPage> {
  return (await client.expect(200, 'GET', `/-/vaults${query}`)).json() as VaultPage;
}

/** Makes vaults whose names stand together in the list; gives the query that begins before them. */
async function vaultsInARow(
  client: Client,
  count: number,
): Promise<{ names: string[]; after: string }> {
  const prefix = `${uniqueName('zz')}-`;
  const names = Array.from({ length: count }, (_, i) => prefix + String(i).padStart(2, '0'));
  await Promise.all(names.map((name) => client.createVault(name)));
  return { names, after: `marker=${encodeURIComponent(client.arn(prefix))}` };
}

function namesOf(list: VaultPage): string[] {
  return list.VaultList.map(({ VaultName }) => VaultName);
}

describe('ListVaults', () => {
  describe('malformed', () => {
    it.each(['0', '-1', 'abc', '1.5', '1e1', '0x5', '10%20', 'null'])(
      'refuses the limit %s',
      async (limit) => {
        const reply = await firn.client.request('GET', `/-/vaults?limit=${limit}`);
        const value = decodeURIComponent(limit);
        checkError(reply, 'InvalidParameterValueException', `Invalid limit: ${value}`);
      },
    );

    it.each([
      ['no ARN', () => 'nonsense'],
      ['a vault name', () => 'examplevault'],
      ['the ARN of another account', (arn: string) => arn.replace(/\d{12}/, '999999999999')],
      [
        'the ARN of another region',
        (arn: string) => arn.replace(firn.client.target.region, 'xx-north-1'),
      ],
      ['the ARN of another service', (arn: string) => arn.replace(':glacier:', ':s3:')],
      ['the ARN of no vault', (arn: string) => arn.replace(':vaults/', ':policies/')],
    ])('refuses %s as marker', async (_, change) => {
      const marker = change(firn.client.arn('examplevault'));
      const target = `/-/vaults?marker=${encodeURIComponent(marker)}`;
      const reply = await firn.client.request('GET', target);
      checkError(reply, 'InvalidParameterValueException', `Invalid marker: ${marker}`);
    });
  });

  describe('refused', () => {
    it('for another account', async () => {
      const reply = await firn.client.request('GET', '/999999999999/vaults');
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('page by page, each beginning after the marker', async () => {
      const { client } = firn;
      const { names, after } = await vaultsInARow(client, 5);
      const first = await page(client, `?limit=2&${after}`);
      expect(namesOf(first)).toEqual(names.slice(0, 2));
      expect(first.Marker).toBe(client.arn(names[1] as string));
      const next = await page(client, `?limit=3&marker=${encodeURIComponent(first.Marker ?? '')}`);
      expect(namesOf(next)).toEqual(names.slice(2));
    });

    it('with the fields of DescribeVault for each vault', async () => {
      const { client } = firn;
      const { names, after } = await vaultsInARow(client, 2);
      await client.uploadArchive(names[1] as string, 'hello');
      const reply = await client.request('GET', `/-/vaults?limit=2&${after}`);
      const { Marker } = reply.json() as VaultPage;
      const descriptions = await Promise.all(names.map((name) => client.describeVault(name)));
      checkJson(reply, { Marker, VaultList: descriptions });
      expect(keysOf(reply.json())).toEqual(['Marker', 'VaultList']);
    });

    it('with 10 vaults as default and as maximum', async () => {
      const { client } = firn;
      const { names, after } = await vaultsInARow(client, 11);
      for (const limit of ['', 'limit=10&', 'limit=11&', 'limit=1000&', 'limit=&', 'Limit=3&']) {
        const list = await page(client, `?${limit}${after}`);
        expect(namesOf(list)).toEqual(names.slice(0, 10));
        expect(list.Marker).toBe(client.arn(names[9] as string));
      }
    });

    it('after a marker whose vault is gone', async () => {
      const { client } = firn;
      const { names, after } = await vaultsInARow(client, 3);
      const { Marker } = await page(client, `?limit=1&${after}`);
      await client.expect(204, 'DELETE', `/-/vaults/${names[0]}`);
      const next = await page(client, `?limit=2&marker=${encodeURIComponent(Marker ?? '')}`);
      expect(namesOf(next)).toEqual(names.slice(1));
    });

    it('with an unknown parameter, which is ignored', async () => {
      const { client } = firn;
      const { names, after } = await vaultsInARow(client, 1);
      expect(namesOf(await page(client, `?limit=1&colour=red&${after}`))).toEqual(names);
    });
  });
});

describe.skipIf(isRemote)('ListVaults of an account of its own', () => {
  const own = useServer({ environment: { FIRN_ACCOUNT_ID: '444455556666' } });

  it('is empty, then whole and in ASCII order, then ends with a null marker', async () => {
    const { client } = own;
    for (const query of ['', '?limit=', '?marker=', '?limit=&marker=', '?limit=10']) {
      const reply = await client.request('GET', `/-/vaults${query}`);
      checkJson(reply, { Marker: null, VaultList: [] });
    }
    const names = [
      '-dash',
      '.dot',
      '0digit',
      'A-upper',
      'A.upper',
      'Zebra',
      '_under',
      'apple',
      'b',
    ];
    for (const name of [...names].reverse()) await client.createVault(name);
    const whole = await page(client, '?marker=&limit=');
    expect(namesOf(whole)).toEqual(names);
    expect(whole.Marker).toBeNull();
    const other = await client.expect(200, 'GET', '/444455556666/vaults');
    expect(other.json()).toEqual(whole);
  });

  it('has a null marker when exactly as many are left as were asked for', async () => {
    const { client } = own;
    const after = encodeURIComponent(client.arn('_'));
    const three = await page(client, `?limit=3&marker=${after}`);
    expect(namesOf(three)).toEqual(['_under', 'apple', 'b']);
    expect(three.Marker).toBeNull();
    const two = await page(client, `?limit=2&marker=${after}`);
    expect(two.Marker).toBe(client.arn('apple'));
    const none = await page(client, `?marker=${encodeURIComponent(client.arn('zz'))}`);
    expect(none).toEqual({ Marker: null, VaultList: [] });
  });
});
