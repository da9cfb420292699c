/** The remote form of `firn audit`: reads and checks the journal of a running server. */
import { AdminClient } from './admin-client.ts';
import { CliError } from './cli-error.ts';
import type { Connection } from './connection.ts';
import { pathOf, withQuery } from './path.ts';

/** A journal entry as the server shows it: parsed, without sealed secrets. */
export type AuditEntry = Readonly<Record<string, unknown>>;

export interface AuditSelection {
  /** Only entries after this sequence number. */
  readonly after?: number | undefined;
  /** At most so many; undefined: all. */
  readonly limit?: number | undefined;
  readonly account?: string | undefined;
  readonly principal?: string | undefined;
  readonly kind?: string | undefined;
  readonly vaultName?: string | undefined;
}

export interface AuditExport {
  readonly entries: number;
  /** What to give as `after` to go on; null: this was the end of the journal. */
  readonly nextAfter: number | null;
}

/** What the server found when it read the whole journal. */
export interface AuditVerification {
  readonly isIntact: boolean;
  readonly entries: number;
  readonly lastSequence: number;
  readonly lastHash: string;
  readonly damage: unknown;
}

interface Page {
  readonly entries: readonly AuditEntry[];
  readonly nextAfter: number | null;
}

/** The most that one request may ask for. */
const entriesPerPage = 1_000;

/**
 * Fetches entries page by page, oldest first, and hands each to `write`, waiting for it: never more
 * than one page is in memory.
 * @throws ApiError, UnreachableError; what was written until then stays valid
 */
export async function exportOverHttp(
  connection: Connection,
  selection: AuditSelection,
  write: (entry: AuditEntry) => void | Promise<void>,
): Promise<AuditExport> {
  const { after, limit: most = Number.POSITIVE_INFINITY, ...filter } = selection;
  const client = new AdminClient(connection);
  let entries = 0;
  let next: number | null = after ?? null;
  while (entries < most) {
    const limit = Math.min(entriesPerPage, most - entries);
    const query = { after: next ?? undefined, limit, ...filter };
    const page: Page = await client.request('GET', withQuery(pathOf('audit'), query));
    for (const entry of page.entries) await write(entry);
    entries += page.entries.length;
    if (page.nextAfter === null) return { entries, nextAfter: null };
    if (next !== null && page.nextAfter <= next) {
      throw new CliError(
        `the journal does not go on after ${next}: the server gave the same place again`,
      );
    }
    next = page.nextAfter;
  }
  return { entries, nextAfter: next };
}

/** Lets the server read its whole journal and check the chain, which takes as long as it is. */
export function verifyOverHttp(connection: Connection): Promise<AuditVerification> {
  return new AdminClient(connection).request('GET', pathOf('audit', 'verification'));
}
