import { toIsoDate } from '../lib/clock.ts';
import type { Handler } from '../operation.ts';
import { listCapacity } from '../storage/metadata/queries/capacity.ts';

/** The units that are valid (chosen: expired ones are left out). */
export const listProvisionedCapacity: Handler<'ListProvisionedCapacity'> = async (_input, call) => {
  const { accountId, clock } = call;
  const units = await call.metadata.read((tx) =>
    tx.all(listCapacity, { accountId, now: clock.now() }),
  );
  return {
    body: {
      ProvisionedCapacityList: units.map((unit) => ({
        CapacityId: unit.capacity_id,
        ExpirationDate: toIsoDate(unit.expires_at),
        StartDate: toIsoDate(unit.started_at),
      })),
    },
  };
};
