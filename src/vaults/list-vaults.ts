import { invalidParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import { vaultArn } from '../lib/arn.ts';
import type { Handler } from '../operation.ts';
import { listVaults as query } from '../storage/metadata/queries/vaults.ts';
import { arnOfVault, describeVault } from './vault.ts';

/** A page begins after the vault that the marker names, which need not exist any more. */
export const listVaults: Handler<'ListVaults'> = async (input, call) => {
  const { accountId, settings } = call;
  const limit = input.limit ?? limits.vaultsPerPage;
  const prefix = vaultArn({ region: settings.region, accountId, vaultName: '' });
  const { marker } = input;
  if (marker !== undefined && (!marker.startsWith(prefix) || marker === prefix)) {
    throw invalidParameter(`Invalid marker: ${marker}`);
  }
  const afterName = marker?.slice(prefix.length) ?? '';
  // One more than the page holds shows whether there is a next one.
  const vaults = await call.metadata.read((tx) =>
    tx.all(query, { accountId, afterName, limit: limit + 1 }),
  );
  const page = vaults.slice(0, limit);
  const last = vaults.length > limit ? page.at(-1) : undefined;
  return {
    body: {
      Marker: last ? arnOfVault(last, settings.region) : null,
      VaultList: page.map((vault) => describeVault(vault, settings)),
    },
  };
};
