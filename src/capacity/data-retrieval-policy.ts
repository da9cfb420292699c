/**
 * The data retrieval policy: how much an account's Standard archive retrievals may ask for.
 *
 * BytesPerHour goes up to 2^63 - 1, more than a number holds: it is digits here. The rate of a job is
 * its bytes over four hours, Standard's nominal time, and a day's free allowance is 10 GiB / 30 on a
 * UTC day (both chosen: Amazon's formulas are not documented).
 */
import { GlacierError, invalidParameter, missingParameter } from '../api/errors.ts';
import type { RetrievalPolicyParameters } from '../api/shapes.ts';

const strategies = ['BytesPerHour', 'FreeTier', 'None'] as const;
type Strategy = (typeof strategies)[number];

const mostBytesPerHour = 2n ** 63n - 1n;
const nominalHours = 4n;
const freeBytesPerDay = (10n * 1024n ** 3n) / 30n;

export interface DataRetrievalPolicy {
  readonly strategy: Strategy;
  /** Digits; only with the strategy BytesPerHour. */
  readonly bytesPerHour?: string;
}

/** @throws GlacierError naming what is missing or invalid */
export function readDataRetrievalPolicy(
  parameters: RetrievalPolicyParameters | undefined,
): DataRetrievalPolicy {
  const policy = parameters?.Policy;
  if (!policy) throw missingParameter('Policy');
  if (!policy.Rules) throw missingParameter('Rules');
  const [rule, ...others] = policy.Rules;
  if (!rule || others.length > 0) {
    throw invalidParameter(`Invalid Rules: exactly one is allowed, not ${policy.Rules.length}`);
  }
  if (!rule.Strategy) throw missingParameter('Strategy');
  const strategy = strategies.find((name) => name === rule.Strategy);
  if (!strategy) throw invalidParameter(`Invalid Strategy: ${rule.Strategy}`);
  const bytesPerHour = rule.BytesPerHour ?? undefined;
  if (strategy !== 'BytesPerHour') {
    if (bytesPerHour === undefined) return { strategy };
    throw invalidParameter(`Invalid BytesPerHour: not allowed with the strategy ${strategy}`);
  }
  if (bytesPerHour === undefined) throw missingParameter('BytesPerHour');
  return { strategy, bytesPerHour: readBytesPerHour(String(bytesPerHour)) };
}

function readBytesPerHour(text: string): string {
  const isInRange = /^[1-9][0-9]{0,18}$/.test(text) && BigInt(text) <= mostBytesPerHour;
  if (!isInRange) throw invalidParameter(`Invalid BytesPerHour: ${text}`);
  return text;
}

/** What standard retrievals have asked for already, in bytes. */
export interface RetrievalUsage {
  readonly inProgressBytes: number;
  readonly todayBytes: number;
}

/** @throws GlacierError PolicyEnforcedException when a job of this size is one too many (documented) */
export function enforceRetrievalPolicy(
  policy: DataRetrievalPolicy,
  usage: RetrievalUsage,
  sizeBytes: number,
): void {
  if (isWithin(policy, usage, BigInt(sizeBytes))) return;
  throw new GlacierError(
    'PolicyEnforcedException',
    'InitiateJob request denied by current data retrieval policy.',
  );
}

function isWithin(policy: DataRetrievalPolicy, usage: RetrievalUsage, sizeBytes: bigint): boolean {
  switch (policy.strategy) {
    case 'None':
      return true;
    case 'FreeTier':
      return BigInt(usage.todayBytes) + sizeBytes <= freeBytesPerDay;
    case 'BytesPerHour': {
      const bytes = BigInt(usage.inProgressBytes) + sizeBytes;
      return bytes <= BigInt(policy.bytesPerHour ?? 0) * nominalHours;
    }
  }
}
