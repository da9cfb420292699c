/**
 * The settings of the server: read once, judged once, passed in.
 *
 * Each setting has a flag, an environment variable and a key of the TOML file, all of one name;
 * defaults < file < environment < flags. An unknown key of the file stops the start. A secret has no
 * flag, since other users see the arguments of a process; it has a `…_FILE` form instead.
 */
import { readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import type { z } from 'zod';
import { limits } from './api/limits.ts';
import { type SettingName, settingNames, settings } from './settings.ts';

/** A setting that makes no sense. The message says what to set. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface Config {
  readonly dataDirectory: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Undefined: the store's own, or the default for a new one. */
  readonly region: string | undefined;
  readonly accountId: string | undefined;
  readonly rootKey: ServiceKey | undefined;
  /** 64 hex digits; undefined: the file beside the store. */
  readonly sealingKey: string | undefined;
  readonly profile: 'live' | 'aws';
  /** A new store is to have a test clock. */
  readonly testClock: boolean;
  readonly retrievalSeconds: Readonly<Record<'Expedited' | 'Standard' | 'Bulk', number>>;
  readonly jobOutputSeconds: number;
  readonly inventorySeconds: number;
  readonly signatureSkewSeconds: number;
  readonly bodyIdleSeconds: number;
  readonly uploadIdleSeconds: number;
  readonly removalGraceSeconds: number;
  /** Publishes notifications; without an endpoint at Amazon's. */
  readonly sns: (ServiceKey & { readonly endpoint: URL | undefined }) | undefined;
  /** Topics whose notifications go to a URL. */
  readonly webhooks: ReadonlyMap<string, URL>;
  readonly webhookSecret: string | undefined;
  readonly publicUrl: URL | undefined;
  /** Private addresses that may be called. */
  readonly outgoingAllow: readonly string[];
  /** Where select jobs write. */
  readonly select: SelectConfig | undefined;
}

/** A key of somebody else's service. */
interface ServiceKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SelectConfig extends ServiceKey {
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
}

export interface ConfigSources {
  /** Flags by setting name. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the TOML file. */
  readonly file: string | undefined;
}

type Texts = Partial<Record<SettingName, string>>;

/** @throws ConfigError with a sentence that says what to set */
export function readConfig(sources: ConfigSources): Config {
  const texts: Texts = {
    ...readFile(sources.file),
    ...readEnvironment(sources.environment),
    ...readFlags(sources.flags),
  };
  const given: Given = (name) => parse(name, texts[name]) as never;
  const profile = given('profile') ?? 'live';
  const isLive = profile === 'live';
  const tiers = given('retrieval-seconds');
  return Object.freeze({
    dataDirectory: given('data-dir') ?? './firn-data',
    listen: given('listen') ?? { host: '127.0.0.1', port: 6200 },
    region: given('region'),
    accountId: given('account-id'),
    rootKey: pairOf('', given('access-key-id'), given('secret-access-key')),
    sealingKey: given('sealing-key'),
    profile,
    testClock: given('test-clock') ?? false,
    retrievalSeconds: {
      Expedited: tiers?.expedited ?? (isLive ? 0 : 180),
      Standard: tiers?.standard ?? (isLive ? 0 : 14_400),
      Bulk: tiers?.bulk ?? (isLive ? 0 : 28_800),
    },
    jobOutputSeconds: given('job-output-seconds') ?? limits.jobOutputSeconds,
    inventorySeconds: given('inventory-seconds') ?? (isLive ? 0 : 86_400),
    signatureSkewSeconds: given('signature-skew-seconds') ?? limits.signatureSkewSeconds,
    bodyIdleSeconds: given('body-idle-seconds') ?? limits.bodyIdleSeconds,
    uploadIdleSeconds:
      given('multipart-idle-seconds') ?? limits.uploadIdleSeconds * (isLive ? 7 : 1),
    removalGraceSeconds: given('removal-grace-seconds') ?? 86_400,
    sns: readSns(given),
    webhooks: readWebhooks(given),
    webhookSecret: given('webhook-secret'),
    publicUrl: given('public-url'),
    outgoingAllow: given('outgoing-allow') ?? [],
    select: readSelect(given),
  });
}

type Given = <Name extends SettingName>(
  name: Name,
) => z.output<(typeof settings)[Name]['schema']> | undefined;

function readSns(given: Given): Config['sns'] {
  const key = pairOf('SNS_', given('sns-access-key-id'), given('sns-secret-access-key'));
  const endpoint = given('sns-endpoint');
  if (key) return { ...key, endpoint };
  if (endpoint === undefined) return undefined;
  throw new ConfigError(
    'sns-endpoint needs a key: set FIRN_SNS_ACCESS_KEY_ID and FIRN_SNS_SECRET_ACCESS_KEY too',
  );
}

function readWebhooks(given: Given): Config['webhooks'] {
  const pairs = given('webhook') ?? [];
  const webhooks = new Map(pairs);
  if (webhooks.size === pairs.length) return webhooks;
  throw new ConfigError('webhook: a topic leads to one URL, and one was given several');
}

function readSelect(given: Given): Config['select'] {
  const bucket = given('select-bucket');
  const endpoint = given('select-endpoint');
  const key = pairOf('SELECT_', given('select-access-key-id'), given('select-secret-access-key'));
  if (bucket === undefined && endpoint === undefined && key === undefined) return undefined;
  if (bucket !== undefined && endpoint !== undefined && key !== undefined) {
    return { bucket, endpoint, ...key, region: given('select-region') ?? 'us-east-1' };
  }
  throw new ConfigError(
    'Select jobs need all of select-bucket, select-endpoint, FIRN_SELECT_ACCESS_KEY_ID and FIRN_SELECT_SECRET_ACCESS_KEY, or none of them',
  );
}

/** The environment variable of a setting. */
export function environmentName(name: SettingName): string {
  return `FIRN_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** FIRN_ variables that no setting reads: spelling mistakes, most likely. */
export function unknownVariables(environment: ConfigSources['environment']): string[] {
  const known = new Set(
    settingNames.flatMap((name) => [environmentName(name), `${environmentName(name)}_FILE`]),
  );
  // For commands that talk to a server.
  known.add('FIRN_ENDPOINT');
  return Object.keys(environment).filter(
    (name) => name.startsWith('FIRN_') && !name.startsWith('FIRN_TEST_') && !known.has(name),
  );
}

function parse(name: SettingName, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const parsed = settings[name].schema.safeParse(text);
  if (parsed.success) return parsed.data;
  // A URL may hold a password.
  const isSecret = 'isSecret' in settings[name] || /:\/\/[^\s/]*@/.test(text);
  const shown = isSecret ? 'its value' : JSON.stringify(text);
  throw new ConfigError(`${name}: ${shown} ${parsed.error.issues[0]?.message}`);
}

function pairOf(
  prefix: '' | 'SNS_' | 'SELECT_',
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
): ServiceKey | undefined {
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey };
  }
  throw new ConfigError(
    `Set both FIRN_${prefix}ACCESS_KEY_ID and FIRN_${prefix}SECRET_ACCESS_KEY, or neither: one without the other is no key`,
  );
}

function readFlags(flags: ConfigSources['flags']): Texts {
  return pickTexts((name) => {
    const flag = flags[name];
    if (typeof flag === 'boolean') return String(flag);
    if (typeof flag !== 'object') return flag;
    if ('isList' in settings[name]) return flag.join(' ');
    if (flag.length > 1) refuseMirrors();
    return flag[0];
  });
}

function refuseMirrors(): never {
  throw new ConfigError(
    'data-dir was given several times: mirrors are not available in this release',
  );
}

/** An empty variable counts as unset. */
function readEnvironment(environment: ConfigSources['environment']): Texts {
  return pickTexts((name) => {
    const variable = environmentName(name);
    const text = environment[variable] || undefined;
    if (name === 'data-dir' && text?.includes(':')) refuseMirrors();
    const path = 'isSecret' in settings[name] ? environment[`${variable}_FILE`] : undefined;
    if (!path) return text;
    if (text !== undefined) throw new ConfigError(`Set ${variable} or ${variable}_FILE, not both`);
    return readText(path, `${variable}_FILE`).trim();
  });
}

function readFile(path: string | undefined): Texts {
  if (path === undefined) return {};
  const values = parseFile(path);
  const unknown = Object.keys(values).find((key) => !Object.hasOwn(settings, key));
  if (unknown !== undefined) throw new ConfigError(`${path}: there is no setting ${unknown}`);
  return pickTexts((name) => {
    const value = values[name];
    if (Array.isArray(value) && 'isList' in settings[name]) return value.join(' ');
    if (Array.isArray(value) && name === 'data-dir') {
      if (value.length > 1) refuseMirrors();
      return value.length === 0 ? undefined : String(value[0]);
    }
    if (typeof value === 'object') throw new ConfigError(`${path}: ${name} must be a plain value`);
    return value === undefined ? undefined : String(value as string | number | boolean);
  });
}

function parseFile(path: string): Record<string, unknown> {
  try {
    return parseToml(readText(path, '--config'));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // The rest of the message quotes the file, which may hold a secret.
    const [what] = (error as Error).message.split('\n');
    const { line } = error as { line?: number };
    throw new ConfigError(`${path}, line ${line}: ${what}`);
  }
}

function readText(path: string, source: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${source}: ${(error as Error).message}`);
  }
}

function pickTexts(pick: (name: SettingName) => string | undefined): Texts {
  return Object.fromEntries(
    settingNames.flatMap((name) => {
      const text = pick(name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}
