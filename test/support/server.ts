/**
 * A real server as a child process: `bin/firn serve` on a free port of the loopback address, with a
 * store of its own.
 *
 * With FIRN_TEST_ENDPOINT the tests talk to a server that is already running instead (also
 * FIRN_TEST_ACCESS_KEY_ID, FIRN_TEST_SECRET_ACCESS_KEY, FIRN_TEST_ACCOUNT_ID, FIRN_TEST_REGION).
 * Tests that need a server with settings of their own, or need to stop it, skip then: `isRemote`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Credentials } from './sign.ts';

export const REGION = 'us-west-2';
export const ACCOUNT_ID = '111122223333';

const PROGRAM = fileURLToPath(new URL('../../bin/firn', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 40_000;

/** Where requests go and who signs them. */
export interface Target extends Credentials {
  readonly endpoint: string;
  readonly accountId: string;
  readonly region: string;
}

export interface ServerOptions {
  /** Further flags after `serve --data-dir DIR --listen 127.0.0.1:0`. */
  readonly arguments?: readonly string[];
  /** Further environment variables; FIRN_REGION and FIRN_ACCOUNT_ID change region and account. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A store to use; without it a new one is made and removed by `close`. */
  readonly dataDirectory?: string;
}

export interface RunningServer extends Target {
  readonly dataDirectory: string;
  readonly pid: number;
  /** The JSON lines of its log so far. */
  readonly logLines: readonly Record<string, unknown>[];
  /** Ends it with SIGTERM and gives its exit code; the store stays. */
  stop(): Promise<number | null>;
  /** Ends it with SIGKILL; the store stays. */
  kill(): Promise<void>;
  /** Starts it on the same store, stopping it first if it runs. The port changes. */
  restart(): Promise<void>;
  /** Stops it and removes the store it made. */
  close(): Promise<void>;
}

export const isRemote = process.env.FIRN_TEST_ENDPOINT !== undefined;

interface Child {
  readonly process: ChildProcess;
  readonly endpoint: string;
  readonly logLines: Record<string, unknown>[];
}

/** What is left to do when the tests end before `close`: no server may outlive them. */
const cleanUps = new Set<() => void>();
function cleanUpAll(): void {
  for (const cleanUp of cleanUps) cleanUp();
}
process.on('exit', cleanUpAll);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    cleanUpAll();
    process.kill(process.pid, signal);
  });
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { text: line };
  }
}

/** Starts the program and waits for the log line that holds the address. */
async function spawnServer(
  dataDirectory: string,
  flags: readonly string[],
  environment: NodeJS.ProcessEnv,
  onSpawn: (child: ChildProcess) => void,
): Promise<Child> {
  const serve = ['serve', '--data-dir', dataDirectory, '--listen', '127.0.0.1:0', ...flags];
  const child = spawn(process.execPath, [PROGRAM, ...serve], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onSpawn(child);
  const logLines: Record<string, unknown>[] = [];
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += String(chunk);
  });
  const address = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = parseLine(line);
      logLines.push(entry);
      if (typeof entry.address === 'string') resolve(entry.address);
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const failure = new Promise<never>((_, reject) => {
    const fail = (what: string): void =>
      reject(new Error(`firn serve ${what}: ${complaints}${JSON.stringify(logLines.slice(-5))}`));
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('did not listen in time');
    }, START_TIMEOUT_MS);
    child.once('exit', (code) => fail(`ended with ${code}`));
    child.once('error', (error) => fail(error.message));
  });
  try {
    return { process: child, endpoint: await Promise.race([address, failure]), logLines };
  } finally {
    clearTimeout(timer);
    failure.catch(() => undefined);
  }
}

/** The environment of the tests without the settings of somebody's own server. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('FIRN_')),
  );
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
  return child.exitCode;
}

function remoteServer(): RunningServer {
  const env = process.env;
  const refuse = (): never => {
    throw new Error('A server that the tests did not start cannot be stopped or restarted.');
  };
  return {
    endpoint: env.FIRN_TEST_ENDPOINT ?? '',
    accessKeyId: env.FIRN_TEST_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.FIRN_TEST_SECRET_ACCESS_KEY ?? '',
    accountId: env.FIRN_TEST_ACCOUNT_ID ?? '000000000000',
    region: env.FIRN_TEST_REGION ?? 'us-east-1',
    dataDirectory: '',
    pid: 0,
    logLines: [],
    stop: refuse,
    kill: refuse,
    restart: refuse,
    close: async () => undefined,
  };
}

export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  if (isRemote && Object.keys(options).length === 0) return remoteServer();
  // The key that seals the store's secrets lies beside it, hence a directory around the store.
  const ownDirectory =
    options.dataDirectory === undefined ? mkdtempSync(join(tmpdir(), 'firn-test-')) : undefined;
  const dataDirectory = options.dataDirectory ?? join(ownDirectory ?? '', 'store');
  const credentials: Credentials = {
    accessKeyId: 'FIRNTESTACCESSKEY001',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYFIRNTESTKEY',
  };
  const environment: NodeJS.ProcessEnv = {
    ...withoutSettings(process.env),
    FIRN_REGION: REGION,
    FIRN_ACCOUNT_ID: ACCOUNT_ID,
    FIRN_ACCESS_KEY_ID: credentials.accessKeyId,
    FIRN_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...options.environment,
  };
  let running: ChildProcess | undefined;
  const cleanUp = (): void => {
    running?.kill('SIGKILL');
    if (ownDirectory !== undefined) {
      // A server that is just being killed may still write: try again.
      rmSync(ownDirectory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    }
    cleanUps.delete(cleanUp);
  };
  const launch = async (): Promise<Child> => {
    try {
      const flags = options.arguments ?? [];
      return await spawnServer(dataDirectory, flags, environment, (spawned) => {
        running = spawned;
      });
    } catch (error) {
      cleanUp();
      throw error;
    }
  };
  cleanUps.add(cleanUp);
  let child = await launch();
  return {
    accessKeyId: environment.FIRN_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.FIRN_SECRET_ACCESS_KEY ?? '',
    region: environment.FIRN_REGION ?? '',
    accountId: environment.FIRN_ACCOUNT_ID ?? '',
    dataDirectory,
    get endpoint() {
      return child.endpoint;
    },
    get pid() {
      return child.process.pid ?? 0;
    },
    get logLines() {
      return child.logLines;
    },
    stop: () => end(child.process, 'SIGTERM'),
    kill: async () => void (await end(child.process, 'SIGKILL')),
    restart: async () => {
      await end(child.process, 'SIGTERM');
      child = await launch();
    },
    close: async () => {
      await end(child.process, 'SIGTERM');
      cleanUp();
    },
  };
}
