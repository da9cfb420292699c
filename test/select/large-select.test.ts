/** A select over a large archive whose results fill several objects, with the server's memory bounded. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cephRefusal } from '../support/ceph.ts';
import { MIB } from '../support/tree-hash.ts';
import { rowsOf, toCsv } from './support/rows.ts';
import { useSelectServer } from './support/use-select-server.ts';

if (cephRefusal) console.log(`test/select/large-select.test.ts is skipped: ${cephRefusal}.`);

const sizeMib = 256;
const partMib = 16;
const mostMemoryBytes = 300 * MIB;

/** What the archive is made of, again and again: no number of its bytes that a part divides. */
const rows = rowsOf(1_000).map(({ id, name, city }) => [String(id), name, city, 'x'.repeat(40)]);
const pattern = Buffer.from(toCsv(rows));
const times = Math.floor((sizeMib * MIB) / pattern.length);
const found = Buffer.from(toCsv(rows.filter(([, , city]) => city !== 'Graz')));

/** The most memory that the process has ever had resident. */
function peakMemoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

describe.skipIf(cephRefusal)(`a select over ${sizeMib} MiB`, () => {
  const used = useSelectServer();

  it('writes objects of whole records, and leaves the memory alone', {
    timeout: 600_000,
  }, async () => {
    const { client, bucket, vault, server } = used();
    const archive = Buffer.alloc(times * pattern.length, pattern);
    const archiveId = await client.uploadInParts(vault, archive, partMib * MIB);
    const { path, job } = await used().select(
      archiveId,
      "SELECT * FROM archive WHERE _3 <> 'Graz'",
    );
    expect(job.StatusCode).toBe('Succeeded');
    const peakBytes = peakMemoryBytes(server.pid);
    console.log(`peak memory of the server: ${Math.round(peakBytes / MIB)} MiB`);
    expect(peakBytes).toBeLessThan(mostMemoryBytes);

    const { Results } = (await bucket.json(`${path}result_manifest.txt`)) as {
      Results: { Key: string; SizeInBytes: number }[];
    };
    expect(Results.length).toBeGreaterThan(2);
    const hash = createHash('sha256');
    for (const [index, { Key, SizeInBytes }] of Results.entries()) {
      expect(Key).toBe(`${path}results/part-${String(index).padStart(5, '0')}`);
      const bytes = await bucket.bytes(Key);
      expect(bytes.length).toBe(SizeInBytes);
      expect(bytes.at(-1)).toBe(0x0a);
      hash.update(bytes);
    }
    const expected = createHash('sha256');
    for (let time = 0; time < times; time += 1) expected.update(found);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });
});
