/** The machine that a run was made on: facts that explain ratios, and nothing that names it. */
import { readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  readonly openssl: string;
  /** Of the directory where the store and the files lie. */
  readonly fileSystem: string;
}

export async function describeMachine(directory: string): Promise<Machine> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    openssl: process.versions.openssl,
    fileSystem: fileSystemOf(await realpath(directory)),
  };
}

/** The type of the file system that is mounted nearest above the directory. */
function fileSystemOf(directory: string): string {
  const nearest = mounts()
    .filter(({ place }) => `${directory}/`.startsWith(place.endsWith('/') ? place : `${place}/`))
    .sort((a, b) => a.place.length - b.place.length)
    .at(-1);
  return nearest?.type ?? 'unknown';
}

function mounts(): { place: string; type: string }[] {
  try {
    const lines = readFileSync('/proc/self/mounts', 'utf8').trimEnd().split('\n');
    return lines.map((line) => {
      const [, place = '', type = ''] = line.split(' ');
      return { place, type };
    });
  } catch {
    return [];
  }
}
