/** The audit view: who did or tried what, from the journal itself. */
import { z } from '@hono/zod-openapi';
import { toIsoDate } from '../lib/clock.ts';
import type { RecordedEntry } from '../storage/metadata/entries.ts';
import type { ChainedEntry } from '../storage/metadata/metadata-store.ts';
import { verifyJournal } from '../storage/metadata/verify-journal.ts';
import { type AdminCall, type AdminRow, adminRow, answer } from './route.ts';

const mostEntries = 1_000;
const usualEntries = 100;
/** How many entries one request looks at, for few may match (chosen). */
const mostLookedAt = 50_000;

const wholeNumber = z
  .string()
  .regex(/^[0-9]{1,15}$/, 'must be a whole number')
  .transform(Number);

const auditQuery = z.object({
  after: wholeNumber.optional(),
  limit: wholeNumber.pipe(z.number().min(1).max(mostEntries)).optional(),
  account: z.string().optional(),
  principal: z.string().optional(),
  kind: z.string().optional(),
  vaultName: z.string().optional(),
});
type AuditQuery = z.output<typeof auditQuery>;

const entryShape = z
  .object({
    sequence: z.number(),
    time: z.string(),
    lockTime: z.string(),
    account: z.string(),
    principal: z.string(),
    requestId: z.string(),
    kind: z.string(),
    /** What the kind says; sealed secrets are left out. */
    data: z.record(z.string(), z.unknown()),
    previous: z.string(),
    hash: z.string(),
    /** Secrets were left out: what is shown does not have this hash. */
    withheld: z.literal(true).optional(),
  })
  .openapi('AuditEntry');

const verificationShape = z
  .object({
    isIntact: z.boolean(),
    entries: z.number(),
    lastSequence: z.number(),
    lastHash: z.string().nullable(),
    damage: z.string().nullable(),
  })
  .openapi('AuditVerification');

export const auditRows: readonly AdminRow[] = [
  adminRow({
    name: 'ListAuditEntries',
    method: 'get',
    path: '/_/audit',
    summary: 'Entries of the journal, oldest first.',
    permitted: 'operator',
    query: auditQuery,
    answer: answer(z.object({ entries: z.array(entryShape), nextAfter: z.number().nullable() })),
    handle: ({ query }, call) => listEntries(call, query),
  }),
  adminRow({
    name: 'VerifyAudit',
    method: 'get',
    path: '/_/audit/verification',
    summary: 'Reads the whole journal and checks its chain.',
    permitted: 'operator',
    answer: answer(verificationShape),
    handle: async (_input, { service }) => {
      const { last, damage, ...rest } = await verifyJournal(service.metadata.entries(0));
      const { sequence: lastSequence, hash: lastHash } = last ?? { sequence: 0, hash: null };
      return { ...rest, lastSequence, lastHash, damage: damage ?? null };
    },
  }),
];

async function listEntries({ service }: AdminCall, query: AuditQuery) {
  const { after = 0, limit = usualEntries } = query;
  const entries: object[] = [];
  let nextAfter: number | null = null;
  let lookedAt = 0;
  for await (const chained of service.metadata.entries(after)) {
    if (entries.length >= limit || lookedAt >= mostLookedAt) {
      nextAfter = chained.entry.sequence - 1;
      break;
    }
    lookedAt += 1;
    if (isWanted(chained.entry, query)) entries.push(describeEntry(chained));
  }
  return { entries, nextAfter };
}

function isWanted(entry: RecordedEntry, wanted: AuditQuery): boolean {
  const { vaultName, resource } = entry.data as { vaultName?: string; resource?: string };
  return (
    (wanted.account ?? entry.accountId) === entry.accountId &&
    (wanted.principal ?? entry.principalArn) === entry.principalArn &&
    (wanted.kind ?? entry.kind) === entry.kind &&
    (wanted.vaultName === undefined ||
      wanted.vaultName === vaultName ||
      resource?.endsWith(`:vaults/${wanted.vaultName}`) === true)
  );
}

const secretFields: ReadonlySet<string> = new Set([
  'sealedSecret',
  'sealedPrivateKey',
  'tokenHash',
]);

function describeEntry({ entry, previous, hash }: ChainedEntry): object {
  return {
    sequence: entry.sequence,
    time: toIsoDate(entry.time),
    lockTime: toIsoDate(entry.lockTime),
    account: entry.accountId,
    principal: entry.principalArn,
    requestId: entry.requestId,
    kind: entry.kind,
    data: withoutSecrets(entry.data),
    previous,
    hash,
    ...(holdsSecret(entry.data) && { withheld: true }),
  };
}

function holdsSecret(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).some(([name, part]) => secretFields.has(name) || holdsSecret(part));
}

function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const shown = Object.entries(value).filter(([name]) => !secretFields.has(name));
  return Object.fromEntries(shown.map(([name, part]) => [name, withoutSecrets(part)]));
}
