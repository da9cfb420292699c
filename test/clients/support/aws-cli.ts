/** The AWS command line as a story client: one process for each operation. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../../support/server.ts';
import { treeHash } from '../../support/tree-hash.ts';
import { type Ended, run } from './program.ts';
import type { Fields, Refusal, StoryClient } from './story-client.ts';

/** What every AWS client reads: whom to be, and nothing from this machine's own profiles. */
export function awsEnvironment(target: Target): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: target.accessKeyId,
    AWS_SECRET_ACCESS_KEY: target.secretAccessKey,
    AWS_DEFAULT_REGION: target.region,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
}

class CommandError extends Error {
  readonly ended: Ended;

  constructor(command: string, ended: Ended) {
    super(`aws glacier ${command} ended with ${ended.code}: ${ended.stderr.trim()}`);
    this.ended = ended;
  }
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');
}

/** Structures are taken as JSON, everything else as it is. */
function asArgument(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export class AwsCommandLine implements StoryClient {
  readonly #program: string;
  readonly #target: Target;
  readonly #folder: string;
  #files = 0;

  /** @param folder where files of bodies may lie for a while */
  constructor(program: string, target: Target, folder: string) {
    this.#program = program;
    this.#target = target;
    this.#folder = mkdtempSync(join(folder, 'aws-'));
  }

  /** Runs `aws glacier …` to its end. */
  command(...words: readonly string[]): Promise<Ended> {
    const all = ['--endpoint-url', this.#target.endpoint, '--output', 'json', 'glacier', ...words];
    return run(this.#program, all, { environment: awsEnvironment(this.#target) });
  }

  /** Runs `aws glacier …`, which must succeed, and gives what it printed. */
  async succeed(...words: readonly string[]): Promise<Fields> {
    const ended = await this.command(...words);
    if (ended.code !== 0) throw new CommandError(words[0] ?? '', ended);
    return ended.stdout.trim() === '' ? {} : (JSON.parse(ended.stdout) as Fields);
  }

  async call(operation: string, { body, ...input }: Fields): Promise<Fields> {
    const words = Object.entries(input).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${kebab(name)}`, asArgument(value)],
    );
    const file = join(this.#folder, String(++this.#files));
    if (body !== undefined) {
      writeFileSync(file, body as Buffer);
      words.push('--body', file);
    }
    if (operation === 'GetJobOutput') words.push(file);
    const output = await this.succeed(kebab(operation), ...words);
    return operation === 'GetJobOutput' ? { ...output, body: readFileSync(file) } : output;
  }

  refusal(error: unknown): Refusal {
    const stderr = error instanceof CommandError ? error.ended.stderr : '';
    const form = /An error occurred \((\w+)\) when calling the \w+ operation: (.*)/s;
    const [, code, message] = form.exec(stderr) ?? [];
    if (code === undefined || message === undefined) throw error;
    return { code, message: message.trim() };
  }

  treeHash(bytes: Buffer): string {
    return treeHash(bytes);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
