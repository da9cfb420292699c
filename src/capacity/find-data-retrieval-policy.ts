/** The data retrieval policy of an account. */
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { findRetrievalPolicy } from '../storage/metadata/queries/capacity.ts';
import type { DataRetrievalPolicy } from './data-retrieval-policy.ts';

/** `None` where none was ever set (chosen). */
export async function findDataRetrievalPolicy(
  tx: Reader,
  accountId: string,
): Promise<DataRetrievalPolicy> {
  const row = await tx.first(findRetrievalPolicy, { accountId });
  const strategy = (row?.strategy ?? 'None') as DataRetrievalPolicy['strategy'];
  return row?.bytes_per_hour ? { strategy, bytesPerHour: row.bytes_per_hour } : { strategy };
}
