/**
 * Moto's server: SNS, SQS and more of Amazon, in memory, by other people. FIRN_TEST_MOTO names the
 * program where it is not `moto_server` on PATH.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { findProgram } from '../clients/support/program.ts';

const START_TIMEOUT_MS = 30_000;

export interface RunningMoto {
  /** `http://127.0.0.1:PORT`; any credentials will do. */
  readonly endpoint: URL;
  stop(): Promise<void>;
}

/** The program, when it runs; otherwise says on stderr why tests are skipped. */
export function findMoto(): Promise<string | undefined> {
  return findProgram('FIRN_TEST_MOTO', 'moto_server', ['--help']);
}

/** Starts it on a free port of the loopback address; it ends with this process at the latest. */
export async function startMoto(program: string): Promise<RunningMoto> {
  const { PATH = '', HOME = '', LANG = 'C.UTF-8' } = process.env;
  const child = spawn(program, ['-H', '127.0.0.1', '-p', '0'], {
    env: { PATH, HOME, LANG, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.removeListener('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    kill();
    await ended;
  };
  try {
    return { endpoint: await endpointOf(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** It says where it listens when it does. */
async function endpointOf(child: ChildProcess): Promise<URL> {
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  const timer = setTimeout(() => lines.close(), START_TIMEOUT_MS);
  let found: URL | undefined;
  const said: string[] = [];
  for await (const line of lines) {
    said.push(line);
    const [address] = line.match(/http:\/\/127\.0\.0\.1:\d+/) ?? [];
    if (address === undefined) continue;
    found = new URL(address);
    break;
  }
  clearTimeout(timer);
  child.stderr?.resume();
  if (!found) throw new Error(`moto did not start: ${said.join('\n')}`);
  return found;
}
