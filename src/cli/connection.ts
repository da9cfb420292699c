/**
 * Where the server answers and who asks: from options and variables, judged before anything is sent.
 *
 * Credentials come from variables or files only, since other users see the arguments of a process.
 * The names FIRN_… are those of `firn serve`, so that a shell which starts a server can talk to it;
 * the names AWS_… are those of every other client (documented), so that one `export` serves both.
 */
import { readFileSync } from 'node:fs';
import type { SigningCredentials } from '../sigv4/sign.ts';
import { UsageError } from './cli-error.ts';

export const defaultEndpoint = 'http://127.0.0.1:6200';
export const defaultRegion = 'us-east-1';

export interface Connection {
  /** Scheme, host and port, without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: SigningCredentials;
}

export interface ConnectionOptions {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options win over variables, variables over defaults; an empty variable counts as unset.
 * @throws UsageError with a sentence that says what to set
 */
export function readConnection(options: ConnectionOptions, environment: Environment): Connection {
  return {
    endpoint: readEndpoint(options, environment),
    region: readRegion(options, environment),
    credentials: readCredentials(environment),
  };
}

function readEndpoint({ endpoint }: ConnectionOptions, environment: Environment): string {
  const source = endpoint === undefined ? 'FIRN_ENDPOINT' : '--endpoint';
  const text = endpoint ?? (environment.FIRN_ENDPOINT?.trim() || defaultEndpoint);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError(
      `${source}: ${JSON.stringify(text)} is not an address like ${defaultEndpoint}`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(
      `${source}: an address has no user or password; set FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY`,
    );
  }
  if (`${url.pathname}${url.search}${url.hash}` !== '/') {
    throw new UsageError(`${source}: ${JSON.stringify(text)} must end after the port`);
  }
  return url.origin;
}

function readRegion({ region }: ConnectionOptions, environment: Environment): string {
  if (region !== undefined) return checkRegion('--region', region);
  for (const name of ['FIRN_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION']) {
    const text = environment[name]?.trim();
    if (text) return checkRegion(name, text);
  }
  return defaultRegion;
}

function checkRegion(source: string, text: string): string {
  if (/^[a-z0-9-]{1,32}$/.test(text)) return text;
  throw new UsageError(
    `${source}: ${JSON.stringify(text)} is not a region; it is lower-case letters, digits and dashes`,
  );
}

/** The pair of Firn's own names, else the one of everybody's names with its session token. */
function readCredentials(environment: Environment): SigningCredentials {
  const own = readPair('FIRN', (name) => readSecret(name, environment));
  if (own !== undefined) return own;
  const read = (name: string) => environment[name]?.trim() || undefined;
  const common = readPair('AWS', read);
  if (common !== undefined) return { ...common, sessionToken: read('AWS_SESSION_TOKEN') };
  throw new UsageError(
    'there is no access key: set FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY (or both with _FILE), ' +
      'or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  );
}

function readPair(
  prefix: 'FIRN' | 'AWS',
  read: (name: string) => string | undefined,
): SigningCredentials | undefined {
  const idName = `${prefix}_ACCESS_KEY_ID`;
  const secretName = `${prefix}_SECRET_ACCESS_KEY`;
  const accessKeyId = read(idName);
  const secretAccessKey = read(secretName);
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey };
  }
  const [given, missing] = accessKeyId === undefined ? [secretName, idName] : [idName, secretName];
  throw new UsageError(`${given} is set and ${missing} is not: set both, or neither`);
}

function readSecret(name: string, environment: Environment): string | undefined {
  const text = environment[name]?.trim() || undefined;
  const path = environment[`${name}_FILE`] || undefined;
  if (path === undefined) return text;
  if (text !== undefined) throw new UsageError(`set ${name} or ${name}_FILE, not both`);
  const content = readSecretFile(path, `${name}_FILE`);
  if (content === '') throw new UsageError(`${name}_FILE: ${path} is empty`);
  return content;
}

function readSecretFile(path: string, source: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`${source}: ${(error as Error).message}`, { cause: error });
  }
}
