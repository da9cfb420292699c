/**
 * What is measured: one row is what Firn does, and the limits or peers that do the same with the same
 * bytes, or requests, in the same round.
 */
import {
  downloadRanges,
  downloadWhole,
  prepareJob,
  uploadArchives,
  uploadParts,
} from './large-archives.ts';
import {
  ddDirect,
  hashBoth,
  hashOnce,
  type Peer,
  readAndHash,
  readCached,
  writeFlushed,
} from './limits.ts';
import { bareHttp, describeVault, oneFileEach, uploadSmall } from './many-requests.ts';
import type { Measure } from './measure.ts';
import type { Stage } from './stage.ts';

export interface Row {
  /** For `--only`. */
  readonly id: string;
  readonly title: string;
  readonly unit: 'MiB/s' | 'requests/s';
  readonly peers: readonly Peer[];
  /** Prepares the store. The server is started anew before the first measurement. */
  begin(stage: Stage): Promise<Measure>;
}

export const rows: readonly Row[] = [
  {
    id: 'upload-1',
    title: 'upload an archive, 1 client',
    unit: 'MiB/s',
    peers: [hashOnce, hashBoth, writeFlushed, ddDirect],
    begin: (stage) => uploadArchives(stage, 1),
  },
  {
    id: 'upload-4',
    title: 'upload 4 archives (a quarter each), 4 clients',
    unit: 'MiB/s',
    peers: [hashOnce, hashBoth, writeFlushed, ddDirect],
    begin: (stage) => uploadArchives(stage, 4),
  },
  {
    id: 'upload-parts',
    title: 'upload an archive in parts of 16 MiB, 4 at a time',
    unit: 'MiB/s',
    peers: [hashOnce, hashBoth, writeFlushed, ddDirect],
    begin: (stage) => uploadParts(stage, 4),
  },
  {
    id: 'job',
    title: 'archive-retrieval until Completed',
    unit: 'MiB/s',
    peers: [hashOnce, readAndHash],
    begin: prepareJob,
  },
  {
    id: 'download-1',
    title: 'download the archive, 1 client',
    unit: 'MiB/s',
    peers: [readCached, readAndHash],
    begin: (stage) => downloadWhole(stage, 1),
  },
  {
    id: 'download-4',
    title: 'download the archive, 4 clients at once',
    unit: 'MiB/s',
    peers: [readCached, readAndHash],
    begin: (stage) => downloadWhole(stage, 4),
  },
  {
    id: 'ranges-1',
    title: 'download by ranges of 1 MiB, 1 client',
    unit: 'MiB/s',
    peers: [readCached, readAndHash],
    begin: (stage) => downloadRanges(stage, 1),
  },
  {
    id: 'ranges-4',
    title: 'download by ranges of 1 MiB, 4 clients',
    unit: 'MiB/s',
    peers: [readCached, readAndHash],
    begin: (stage) => downloadRanges(stage, 4),
  },
  ...[1, 8, 64].map(
    (clients): Row => ({
      id: `small-${clients}`,
      title: `archives of 4 KiB, durable, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
      unit: 'requests/s',
      peers: [oneFileEach(clients)],
      begin: (stage) => uploadSmall(stage, clients),
    }),
  ),
  {
    id: 'describe-8',
    title: 'DescribeVault, 8 clients',
    unit: 'requests/s',
    peers: [bareHttp(8)],
    begin: async (stage) => () => describeVault(stage, 8),
  },
];
