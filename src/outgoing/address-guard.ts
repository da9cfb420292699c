/**
 * Where the server may connect to on somebody else's word. Topics and webhooks must not become a way
 * into the network that the server stands in, so only public addresses are called, and private ones
 * from an explicit allow list.
 *
 * What is judged is the address that is then connected to: a name is resolved once, every address
 * found is judged, and the connection is made to one of them. Node asks no `lookup` for a host that
 * is an address already, so the agents judge those before they connect.
 *
 * Everything is refused that is not known to be public (chosen: the registries of special addresses
 * grow). An IPv4 address inside an IPv6 one is judged itself where the network would unwrap it
 * (mapped, NAT64); other tunnels (6to4, Teredo, IPv4-compatible) are refused whole.
 */
import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Resolve = (
  hostname: string,
  options: dns.LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
) => void;

/** All public IPv6 addresses lie in it (documented: the IANA's registry of the address space). */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** Public IPv4 addresses as seen behind a translator (documented: RFC 6052). */
const translated = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/**
 * They hand out the machine's own credentials, so no allowed range includes them (documented by
 * Amazon, Azure, Alibaba and Google; Azure's looks like a public address).
 */
const metadataServices = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::254',
  'fd00:ec2::23',
  '168.63.129.16',
  '100.100.100.200',
  'fd20:ce::254',
]);

/** The connection was not made. */
export class AddressRefusedError extends Error {
  readonly host: string;
  readonly address: string;

  constructor(host: string, address: string) {
    super(`${host} leads to ${address}, which is not public and not on the allow list`);
    this.name = 'AddressRefusedError';
    this.host = host;
    this.address = address;
  }
}

export interface AddressGuard {
  /** @throws AddressRefusedError when the host, in any spelling, is an address not to be called */
  checkLiteral(host: string): void;
  /** Resolves like Node's own; fails with AddressRefusedError when any address found is refused. */
  readonly lookup: LookupFunction;
}

export interface AddressGuardOptions {
  /** Ranges that may be called though they are not public: `10.1.0.0/16`, `fd12:3456::/32`. */
  readonly allow: readonly string[];
  /** Finds all addresses of a name; absent: the machine's resolver. */
  readonly resolve?: Resolve;
}

/** @throws RangeError naming a range of the allow list that cannot be read */
export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const allowed = options.allow.map(readRange);
  const resolve: Resolve = options.resolve ?? dns.lookup;
  const refusalOf = (host: string, address: string): AddressRefusedError | undefined =>
    mayBeCalled(address, allowed) ? undefined : new AddressRefusedError(host, address);

  return {
    checkLiteral(host) {
      const address = literalOf(host);
      const refusal = address === undefined ? undefined : refusalOf(host, address);
      if (refusal) throw refusal;
    },
    lookup(host, lookupOptions, callback) {
      resolve(host, { ...lookupOptions, all: true }, (error, addresses) => {
        if (error) return callback(error, []);
        const [first] = addresses;
        if (!first) return callback(new AddressRefusedError(host, 'no address'), []);
        for (const { address } of addresses) {
          const refusal = refusalOf(host, address);
          if (refusal) return callback(refusal, []);
        }
        if (lookupOptions.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    },
  };
}

function readRange(range: string): [Address, number] {
  const isReadable = range.includes(':')
    ? ipaddr.IPv6.isValidCIDR(range)
    : ipaddr.IPv4.isValidCIDRFourPartDecimal(range);
  if (!isReadable) throw new RangeError(`${range} is no range of addresses like 10.1.0.0/16`);
  return ipaddr.parseCIDR(range);
}

/** Refuses what it cannot read. */
function mayBeCalled(text: string, allowed: readonly [Address, number][]): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = unwrap(ipaddr.parse(text));
  if (metadataServices.has(withoutZone(address))) return false;
  return isPublic(address) || allowed.some((range) => lies(address, range));
}

function withoutZone(address: Address): string {
  return ipaddr.fromByteArray(address.toByteArray()).toString();
}

/** The IPv4 address that a connection to this one would reach; else the address itself. */
function unwrap(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address;
  const holdsIpv4 = address.isIPv4MappedAddress() || address.match(translated);
  return holdsIpv4 ? ipaddr.fromByteArray(address.toByteArray().slice(12)) : address;
}

function isPublic(address: Address): boolean {
  return (
    address.range() === 'unicast' && (address.kind() === 'ipv4' || lies(address, globalUnicast))
  );
}

function lies(address: Address, [start, prefixBits]: [Address, number]): boolean {
  return address.kind() === start.kind() && address.match(start, prefixBits);
}

/**
 * The address that a host name spells: brackets, decimal, octal and hexadecimal forms, missing
 * parts, a trailing dot, wide digits (documented: the URL standard's host parser; resolvers read
 * them too). A zone id is no part of URLs, but Node connects to it.
 */
function literalOf(host: string): string | undefined {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare)) return bare;
  const url = `http://${host}/`;
  const spelled = URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : '';
  return isIP(spelled) ? spelled : undefined;
}

type Connected = (error: Error | null, stream: Duplex) => void;

/**
 * Agents that connect to judged addresses only, whatever a request says. Each request has its own
 * connection. No proxy is taken from the environment, and certificates are always verified.
 */
export function guardedAgents(guard: AddressGuard): {
  httpAgent: http.Agent;
  httpsAgent: https.Agent;
} {
  const refuse = (host: string | null | undefined, connected?: Connected): boolean => {
    try {
      guard.checkLiteral(host ?? '');
      return false;
    } catch (error) {
      connected?.(error as Error, undefined as never);
      return true;
    }
  };
  class HttpAgent extends http.Agent {
    override createConnection(options: http.ClientRequestArgs, connected?: Connected) {
      return refuse(options.host, connected) ? null : super.createConnection(options, connected);
    }
  }
  class HttpsAgent extends https.Agent {
    override createConnection(options: https.RequestOptions, connected?: Connected) {
      return refuse(options.host, connected) ? null : super.createConnection(options, connected);
    }
  }
  const { lookup } = guard;
  return {
    httpAgent: new HttpAgent({ lookup }),
    httpsAgent: new HttpsAgent({ lookup, rejectUnauthorized: true }),
  };
}
