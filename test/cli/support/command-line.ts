/** `bin/firn` as a shell starts it: words in, exit code and both outputs out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Target } from '../../support/server.ts';
import type { Credentials } from '../../support/sign.ts';

export const program = fileURLToPath(new URL('../../../bin/firn', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string>>;

/** Runs a program with no other variables than these. */
export async function run(
  command: readonly [string, ...string[]],
  environment: Environment,
  input = '',
): Promise<Outcome> {
  const [file, ...words] = command;
  const child = spawn(file, words, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: 'pipe',
  });
  child.stdin.on('error', () => undefined); // it need not read what it is given
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** The variables of somebody who talks to this server. */
export function environmentOf(target: Target, credentials: Credentials = target): Environment {
  return {
    FIRN_ENDPOINT: target.endpoint,
    FIRN_REGION: target.region,
    FIRN_ACCESS_KEY_ID: credentials.accessKeyId,
    FIRN_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}

export class CommandLine {
  readonly environment: Environment;

  constructor(environment: Environment) {
    this.environment = environment;
  }

  /** @param input what the program can read */
  run(words: readonly string[], input?: string): Promise<Outcome> {
    return run([process.execPath, program, ...words], this.environment, input);
  }

  /** Standard output of a command that must succeed. */
  async succeed(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words);
    if (code !== 0) throw new Error(`firn ${words.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** What `--json` gives. */
  async json<Answer>(...words: string[]): Promise<Answer> {
    return JSON.parse(await this.succeed(...words, '--json')) as Answer;
  }

  /** The sentence of a command that must fail, without the leading `firn: `. */
  async fail(code: 1 | 2, ...words: string[]): Promise<string> {
    const outcome = await this.run(words);
    const [, sentence] = /^firn: ([^\n]+)\n$/.exec(outcome.stderr) ?? [];
    if (outcome.code !== code || outcome.stdout !== '' || sentence === undefined) {
      throw new Error(`firn ${words.join(' ')} did not fail in order: ${JSON.stringify(outcome)}`);
    }
    return sentence;
  }
}
