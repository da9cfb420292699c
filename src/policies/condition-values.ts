/**
 * Values of conditions that are not texts: numbers, dates, booleans, addresses.
 *
 * The value of the policy is read once, when the policy is set, and refused if it is malformed. The
 * value of a request that cannot be read equals nothing and is less or greater than nothing.
 */
import { BlockList, isIP } from 'node:net';
import type { PlacedText } from './elements.ts';
import { InvalidPolicyError, quote } from './invalid-policy.ts';
import type { ValueTest } from './text-pattern.ts';

/** Whether the value of the request stands in this relation to the policy's. */
export type Relation = (value: number, limit: number) => boolean;

/** Whole and decimal numbers (documented), also as JSON writes them with an exponent. */
const numberPattern = /^-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?$/;

/** Tests here are for one of several values of the policy. @throws InvalidPolicyError */
export function numberTest(texts: readonly PlacedText[], relation: Relation): ValueTest {
  return relationTest(readAll(texts, parseNumber, 'a number'), relation, parseNumber);
}

export function dateTest(texts: readonly PlacedText[], relation: Relation): ValueTest {
  const parse = (text: string): number | undefined =>
    /^[0-9]{0,8}$/.test(text) ? undefined : parseDate(text);
  return relationTest(readAll(texts, parse, 'a date'), relation, parseDate);
}

export function flagTest(texts: readonly PlacedText[]): ValueTest {
  const expected = new Set(readAll(texts, parseFlag, 'true or false'));
  return (value) => {
    const flag = parseFlag(value);
    return flag !== undefined && expected.has(flag);
  };
}

/** Addresses, or blocks of them: `192.0.2.0/24`, `2001:db8::/32` (documented). */
export function addressTest(texts: readonly PlacedText[]): ValueTest {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const block of readAll(texts, parseBlock, 'an IP address or block')) {
    lists[block.family].addSubnet(block.address, block.prefixBits, block.family);
  }
  return (value) => {
    const caller = unmapped(value);
    const family = familyOf(caller);
    return family !== undefined && lists[family].check(caller, family);
  };
}

function readAll<Value>(
  texts: readonly PlacedText[],
  parse: (text: string) => Value | undefined,
  name: string,
): Value[] {
  return texts.map(({ text, place }) => {
    const value = parse(text);
    if (value === undefined) throw new InvalidPolicyError(place, `is not ${name}: ${quote(text)}`);
    return value;
  });
}

function relationTest(
  limits: readonly number[],
  relation: Relation,
  parse: (text: string) => number | undefined,
): ValueTest {
  return (text) => {
    const value = parse(text);
    return value !== undefined && limits.some((limit) => relation(value, limit));
  };
}

function parseFlag(text: string): boolean | undefined {
  const flag = text.toLowerCase();
  return flag === 'true' || (flag === 'false' ? false : undefined);
}

/** Undefined also where doubles are no longer exact. */
function parseNumber(text: string): number | undefined {
  if (!numberPattern.test(text)) return undefined;
  const value = Number(text);
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

const datePattern =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?(?:Z|([+-])([0-9]{2}):?([0-9]{2})))?$/;

/**
 * Milliseconds since 1970 of an ISO 8601 date (a day, or a time with its zone) or of seconds since
 * 1970 (both documented). A time without a zone is refused (chosen), and so are seconds of fewer
 * than nine digits in a policy: `2030` and `20300101` are meant as a year and a day (chosen).
 */
function parseDate(text: string): number | undefined {
  if (/^[0-9]{1,12}(?:\.[0-9]{1,9})?$/.test(text)) return Number(text) * 1000;
  const match = datePattern.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((it) => Number(it ?? 0));
  const zoneHour = Number(match[9] ?? 0);
  const zoneMinute = Number(match[10] ?? 0);
  const isTime = hour < 24 && minute < 60 && second < 60 && zoneHour < 24 && zoneMinute < 60;
  if (!isTime || !isDay(year, month, day)) return undefined;
  const zoneMs = (zoneHour * 60 + zoneMinute) * 60_000 * (match[8] === '-' ? -1 : 1);
  const fractionMs = Number(`0${match[7] ?? ''}`) * 1000;
  const days = new Date(0).setUTCFullYear(year, month - 1, day);
  return days + ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs - zoneMs;
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

interface AddressBlock {
  readonly address: string;
  readonly prefixBits: number;
  readonly family: Family;
}

type Family = 'ipv4' | 'ipv6';

function familyOf(address: string): Family | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}

/** IPv4 addresses written as IPv6. Callers with such an address are taken as IPv4. */
const mappedAddresses = new BlockList();
mappedAddresses.addSubnet('::ffff:0:0', 96, 'ipv6');

/**
 * An address alone is a block of one. Refused (chosen): zones (`fe80::1%eth0`), which belong to one
 * machine, and IPv4 in the clothes of IPv6, which no caller would ever match.
 */
function parseBlock(text: string): AddressBlock | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = familyOf(address);
  if (rest.length > 0 || family === undefined || address.includes('%')) return undefined;
  const mostBits = family === 'ipv4' ? 32 : 128;
  if (prefix !== undefined && !/^(?:0|[1-9][0-9]{0,2})$/.test(prefix)) return undefined;
  const prefixBits = prefix === undefined ? mostBits : Number(prefix);
  if (prefixBits > mostBits) return undefined;
  if (family === 'ipv6' && mappedAddresses.check(address, 'ipv6')) return undefined;
  return { address, prefixBits, family };
}

/** An IPv4 address that a socket for both families wrote as IPv6. */
function unmapped(address: string): string {
  const mapped = /^::ffff:([0-9.]{7,15})$/i.exec(address)?.[1];
  return mapped !== undefined && isIP(mapped) === 4 ? mapped : address;
}
