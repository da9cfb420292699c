/** Programs that are not ours: finding them, and running them to their end. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const PROGRAM_TIMEOUT_MS = 60_000;

/**
 * The program named by an environment variable, else by its usual name on PATH, when it runs with
 * these arguments; otherwise says on stderr why tests are skipped.
 */
export async function findProgram(
  variable: string,
  name: string,
  tryArguments: readonly string[],
): Promise<string | undefined> {
  const program = process.env[variable] ?? name;
  try {
    await exec(program, [...tryArguments], { timeout: PROGRAM_TIMEOUT_MS });
    return program;
  } catch (error) {
    const reason = (error as Error).message.trim().split('\n').at(-1);
    process.stderr.write(`Skipped, as ${program} does not run (${variable}): ${reason}\n`);
    return undefined;
  }
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Added to a small environment without anybody's credentials, profiles or proxies. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a program to its end, whatever that is; ends it after a minute. */
export function run(
  program: string,
  programArguments: readonly string[],
  { environment = {} }: RunOptions = {},
): Promise<Ended> {
  const { PATH = '', HOME = '', LANG = 'C.UTF-8' } = process.env;
  const child = spawn(program, programArguments, {
    env: { PATH, HOME, LANG, NO_PROXY: '127.0.0.1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PROGRAM_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const [stdout, stderr] = [chunks.stdout, chunks.stderr].map((list) =>
        Buffer.concat(list).toString('utf8'),
      ) as [string, string];
      resolve({ code, stdout, stderr });
    });
  });
}
