/** Firn as its users run it: `bin/firn serve` as a process of its own, on a store of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SigningCredentials } from '../src/sigv4/sign.ts';
import { onExit } from './scratch.ts';

const program = join(import.meta.dirname, '..', 'bin', 'firn');

export const region = 'us-east-1';
export const credentials: SigningCredentials = {
  accessKeyId: 'FIRNBENCHACCESSKEY01',
  secretAccessKey: 'rJk3VnQ0bW5xT2ZkYXNoZm9ydGhlYmVuY2htYXJr',
};

export class Server {
  readonly endpoint: URL;
  readonly #process: ChildProcess;
  #lastOutput: Buffer | undefined;

  private constructor(address: string, process: ChildProcess) {
    this.endpoint = new URL(address);
    this.#process = process;
    // Paused by whoever has read the address: a pipe that nobody empties would stop the server.
    process.stdout
      ?.on('data', (output: Buffer) => {
        this.#lastOutput = output;
      })
      .resume();
  }

  /**
   * Starts it; ready on return. `stop` it, or it ends with this program.
   *
   * @param nodeFlags for Node, before the program's name
   */
  static async start(dataDirectory: string, nodeFlags: readonly string[]): Promise<Server> {
    const flags = ['serve', '--data-dir', dataDirectory, '--listen', '127.0.0.1:0'];
    const child = spawn(process.execPath, [...nodeFlags, program, ...flags], {
      env: { ...withoutSettings(), ...settings() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onExit(() => child.kill('SIGKILL'));
    return new Server(await addressOf(child), child);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }

  /** Whether it still runs, and the end of its log: for when something went wrong. */
  get lastWords(): string {
    const { exitCode, signalCode } = this.#process;
    const isRunning = exitCode === null && signalCode === null;
    const state = isRunning ? 'still runs' : `has ended with ${signalCode ?? exitCode}`;
    return `The server ${state}; the last it said was:\n${this.#lastOutput?.toString() ?? ''}`;
  }

  /** Bytes resident now and at most so far; undefined where there is no /proc. */
  memory(): { nowBytes: number; peakBytes: number } | undefined {
    const status = this.#read('status');
    if (status === undefined) return undefined;
    const bytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
    return { nowBytes: bytes('VmRSS'), peakBytes: bytes('VmHWM') };
  }

  /** Processor time used so far, all threads together; undefined where there is no /proc. */
  processorSeconds(): number | undefined {
    const fields = this.#read('stat')
      ?.replace(/^.*\) /, '')
      .split(' ');
    if (!fields) return undefined;
    const ticksPerSecond = 100;
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(`/proc/${this.#process.pid}/${name}`, 'utf8');
    } catch {
      return undefined;
    }
  }
}

function settings(): NodeJS.ProcessEnv {
  return {
    FIRN_REGION: region,
    FIRN_ACCESS_KEY_ID: credentials.accessKeyId,
    FIRN_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

/** The environment without the settings of somebody's own server. */
function withoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('FIRN_')),
  );
}

/** Waits for the log line that has the address. */
async function addressOf(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (!stdout) throw new Error('The server has no output');
  const lines = createInterface({ input: stdout });
  for await (const line of lines) {
    const address = /"address":"([^"]+)"/.exec(line)?.[1];
    if (address === undefined) continue;
    lines.close();
    stdout.removeAllListeners('data');
    return address;
  }
  throw new Error('The server has ended before it was ready');
}
