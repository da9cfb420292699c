import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type AddressGuard,
  AddressRefusedError,
  createAddressGuard,
  guardedAgents,
} from './address-guard.ts';

/** Spellings that are addresses to Node, to the URL standard or to a resolver. */
const refusedLiterals = [
  // loopback
  '127.0.0.1',
  '127.0.0.1.',
  '127.255.255.254',
  '127.1',
  '127.0.1',
  '2130706433',
  '017700000001',
  '0x7f000001',
  '0x7F.0x0.0x0.0x1',
  '0177.0.0.1',
  '0177.0.0.01',
  '0x7f.1',
  '00000177.1',
  '127.0.0.0x1',
  '%31%32%37.0.0.1',
  '１２７.０.０.１',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '0000::0001',
  '[0:0:0:0:0:0:0.0.0.1]',
  '::1%lo',
  // unspecified
  '0',
  '0.0.0.0',
  '0.1.2.3',
  '0x0',
  '::',
  '[::]',
  // link-local and metadata services
  '169.254.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  'fe80::1',
  'fe80::1%eth0',
  'fe80::a9fe:a9fe%2',
  'febf::1',
  'fd00:ec2::254',
  '[fd00:0ec2:0:0:0:0:0:254]',
  '168.63.129.16',
  // private
  '10.0.0.1',
  '10.1',
  '012.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.257',
  '0xc0a80001',
  '3232235521',
  'fc00::1',
  'fd12:3456:789a::1',
  'fec0::1',
  // carrier NAT, multicast, broadcast, reserved, documentation, benchmarks
  '100.64.0.1',
  '100.127.255.255',
  '100.100.100.200',
  '224.0.0.1',
  '239.255.255.250',
  'ff02::1',
  'ff0e::1',
  '255.255.255.255',
  '4294967295',
  '240.0.0.1',
  '192.0.0.8',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '2001:db8::1',
  '100::1',
  '3fff::1',
  '5f00::1',
  '4000::1',
  // IPv4 inside IPv6: mapped, translated, compatible, NAT64, 6to4, Teredo
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '[::ffff:7f00:0001]',
  '0:0:0:0:0:ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  '::127.0.0.1',
  '::7f00:1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::10.0.0.1',
  '2002:7f00:1::',
  '2002:a00:1::1',
  '2001:0:7f00:1::',
  '2001::f5ff:fffe',
];

const publicLiterals = [
  '1.1.1.1',
  '8.8.8.8.',
  '0x08080808',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700:4700::1111',
  '[2606:4700:4700::1111]',
  '::ffff:1.1.1.1',
  '64:ff9b::1.1.1.1',
];

/** A guard whose names lead where the table says. */
function guardOf(names: Record<string, string[]>, allow: string[] = []): AddressGuard {
  return createAddressGuard({
    allow,
    resolve: (hostname, _options, callback) => {
      const found = names[hostname] ?? [];
      const toEntry = (address: string): LookupAddress => {
        return { address, family: address.includes(':') ? 6 : 4 };
      };
      callback(null, found.map(toEntry));
    },
  });
}

/** All that a name leads to, or the error. */
function lookUp(guard: AddressGuard, name: string, all = true): Promise<unknown> {
  return new Promise((resolve, reject) => {
    guard.lookup(name, { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

describe('addresses', () => {
  const guard = createAddressGuard({ allow: [] });

  it.each(refusedLiterals)('%s is refused', (host) => {
    expect(() => guard.checkLiteral(host)).toThrow(AddressRefusedError);
  });

  it.each(publicLiterals)('%s is public', (host) => {
    expect(() => guard.checkLiteral(host)).not.toThrow();
  });

  it('are not what names spell', () => {
    for (const host of ['localhost', 'example.com', '1.example', 'a.0x7f', '']) {
      expect(() => guard.checkLiteral(host)).not.toThrow();
    }
  });

  it('are named with the host in the refusal', () => {
    const refusal = { host: '0x7f.1', address: '127.0.0.1', name: 'AddressRefusedError' };
    expect(() => guard.checkLiteral('0x7f.1')).toThrow(expect.objectContaining(refusal));
    expect(() => guard.checkLiteral('0x7f.1')).toThrow(/0x7f\.1 leads to 127\.0\.0\.1/);
  });
});

describe('names', () => {
  const names = {
    public: ['1.1.1.1', '2606:4700:4700::1111'],
    private: ['10.0.0.1'],
    mixed: ['1.1.1.1', '10.0.0.1'],
    mixed6: ['2606:4700:4700::1111', '::ffff:127.0.0.1'],
    zoned: ['fe80::1%eth0'],
    odd: ['not an address'],
  };
  const guard = guardOf(names);

  it('lead to public addresses', async () => {
    expect(await lookUp(guard, 'public')).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ]);
    expect(await lookUp(guard, 'public', false)).toBe('1.1.1.1');
  });

  it.each(['private', 'mixed', 'mixed6', 'zoned', 'odd', 'nowhere'])(
    'are refused for any bad address: %s',
    async (name) => {
      await expect(lookUp(guard, name)).rejects.toThrow(AddressRefusedError);
      await expect(lookUp(guard, name, false)).rejects.toThrow(AddressRefusedError);
    },
  );

  it('that cannot be resolved fail as such', async () => {
    const failing = createAddressGuard({
      allow: [],
      resolve: (_host, _options, callback) => callback(new Error('no such name'), []),
    });
    await expect(lookUp(failing, 'public')).rejects.toThrow('no such name');
  });
});

describe('the allow list', () => {
  const allow = ['10.1.0.0/16', 'fd12::/32', '::1/128'];
  const guard = guardOf({ inside: ['10.1.2.3', 'fd12::1'], half: ['10.1.2.3', '10.2.0.1'] }, allow);

  it('opens its ranges', async () => {
    const opened = [
      '10.1.0.0',
      '10.1.255.255',
      '::ffff:10.1.2.3',
      'fd12::7',
      'fd12::7%eth0',
      '::1',
    ];
    for (const host of opened) expect(() => guard.checkLiteral(host)).not.toThrow();
    expect(await lookUp(guard, 'inside')).toHaveLength(2);
  });

  it('opens nothing else', async () => {
    for (const host of ['10.2.0.0', '127.0.0.1', 'fd13::1', '0.0.0.0', '::ffff:10.2.0.1']) {
      expect(() => guard.checkLiteral(host)).toThrow(AddressRefusedError);
    }
    await expect(lookUp(guard, 'half')).rejects.toThrow(AddressRefusedError);
  });

  it('never opens the services that hand out credentials', () => {
    const wide = createAddressGuard({ allow: ['0.0.0.0/0', '::/0'] });
    const services = [
      '169.254.169.254',
      '::ffff:169.254.169.254',
      'fd00:ec2::254',
      '168.63.129.16',
    ];
    for (const host of services) expect(() => wide.checkLiteral(host)).toThrow(AddressRefusedError);
    for (const host of ['127.0.0.1', '::1', '169.254.0.1', 'fe80::1%eth0']) {
      expect(() => wide.checkLiteral(host)).not.toThrow();
    }
  });

  it.each(['10.0.0.1', '10.0.0.0/33', '10/8', '0x0a.0.0.0/8', 'fd00::/129', 'localhost', ''])(
    'must be readable: %s',
    (range) => {
      expect(() => createAddressGuard({ allow: [range] })).toThrow(RangeError);
    },
  );
});

describe('the agents', () => {
  let connections = 0;
  const server = http.createServer((_request, response) => response.writeHead(204).end());
  server.on('connection', () => {
    connections += 1;
  });
  let port = 0;
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.close();
  });

  /** The status of the answer, or the error of the request. */
  async function get(guard: AddressGuard, host: string, module: typeof http | typeof https = http) {
    const { httpAgent, httpsAgent } = guardedAgents(guard);
    const agent = module === https ? httpsAgent : httpAgent;
    const [answer] = await once(module.get({ host, port, agent }), 'response');
    return (answer as http.IncomingMessage).resume().statusCode;
  }

  it('connect to what is allowed', async () => {
    const guard = guardOf({ 'hook.test': ['127.0.0.1'] }, ['127.0.0.0/8']);
    expect(await get(guard, 'hook.test')).toBe(204);
    expect(await get(guard, '127.0.0.1')).toBe(204);
  });

  it('make no connection that is refused, whatever the spelling', async () => {
    const before = connections;
    const guard = guardOf({ 'hook.test': ['127.0.0.1'] });
    const hosts = ['hook.test', '127.0.0.1', '127.1', '2130706433', '0x7f.1', '::ffff:127.0.0.1'];
    for (const host of hosts) {
      await expect(get(guard, host)).rejects.toThrow(AddressRefusedError);
      await expect(get(guard, host, https)).rejects.toThrow(AddressRefusedError);
    }
    expect(connections).toBe(before);
  });

  it('ask the real resolver when no other is given', async () => {
    const open = createAddressGuard({ allow: ['127.0.0.0/8', '::1/128'] });
    expect(await get(open, 'localhost')).toBe(204);
    await expect(get(createAddressGuard({ allow: [] }), 'localhost')).rejects.toThrow(
      AddressRefusedError,
    );
  });

  it('do not let a request bring a lookup of its own', async () => {
    const { httpAgent } = guardedAgents(guardOf({ 'hook.test': ['10.0.0.1'] }));
    const lookup = (_host: string, _options: object, callback: (...found: unknown[]) => void) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const request = http.get({
      host: 'hook.test',
      port,
      agent: httpAgent,
      lookup: lookup as never,
    });
    const [error] = (await once(request, 'error')) as [Error];
    expect(error).toBeInstanceOf(AddressRefusedError);
  });

  it('take no proxy from the environment', async () => {
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    vi.stubEnv('http_proxy', `http://127.0.0.1:${port}`);
    const guard = guardOf({ 'hook.test': ['10.0.0.1'] });
    await expect(get(guard, 'hook.test')).rejects.toThrow(AddressRefusedError);
    vi.unstubAllEnvs();
  });
});
