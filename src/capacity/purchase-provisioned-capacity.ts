import { GlacierError } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import { toIsoDate } from '../lib/clock.ts';
import type { Handler } from '../operation.ts';
import { listCapacity } from '../storage/metadata/queries/capacity.ts';
import { capacityExpiry } from './provisioned-capacity.ts';

/** Not idempotent: each call adds a unit, up to two that are valid at once (documented). */
export const purchaseProvisionedCapacity: Handler<'PurchaseProvisionedCapacity'> = async (
  _input,
  call,
) => {
  const { accountId } = call;
  const capacityId = call.ids.next('capacity');
  await call.metadata.write(call, async (tx) => {
    const now = tx.now();
    const valid = await tx.all(listCapacity, { accountId, now });
    if (valid.length >= limits.provisionedCapacityUnits) {
      throw new GlacierError(
        'LimitExceededException',
        'The maximum number of provisioned capacity units has been reached.',
      );
    }
    const expiresAt = toIsoDate(capacityExpiry(now));
    await tx.record({ kind: 'CapacityPurchased', data: { capacityId, expiresAt } });
  });
  return { capacityId };
};
