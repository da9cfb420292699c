/**
 * The settings of the server: read once, judged once, passed in.
 *
 * Each setting has a flag, an environment variable and a key of the TOML file, all of one name;
 * defaults < file < environment < flags. An unknown key of the file stops the start. A secret has no
 * flag, since other users see the arguments of a process; it has a `…_FILE` form instead.
 */
import { readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import { z } from 'zod';
import { limits } from './api/limits.ts';

/** A setting that makes no sense. The message says what to set. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const seconds = z
  .string()
  .regex(/^[0-9]{1,10}$/, 'must be a whole number of seconds')
  .transform(Number);

const listenAddress = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[^:[\]]+):[0-9]{1,5}$/, 'must be HOST:PORT')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return {
      host: text.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(text.slice(colon + 1)),
    };
  })
  .refine(({ port }) => port <= 65_535, 'must have a port up to 65535');

const tierSeconds = z
  .string()
  .regex(
    /^(?:(?:expedited|standard|bulk)=[0-9]{1,10}(?:,(?!$)|$))+$/,
    'must be expedited=N,standard=N,bulk=N (any of them)',
  )
  .transform(
    (text): Partial<Record<'expedited' | 'standard' | 'bulk', number>> =>
      Object.fromEntries(
        text.split(',').map((pair) => {
          const [tier = '', value] = pair.split('=');
          return [tier, Number(value)];
        }),
      ),
  );

interface Setting {
  readonly schema: z.ZodType;
  readonly argument: string;
  readonly doc: string;
  /** Given by environment or file only, and has a `…_FILE` form. */
  readonly isSecret?: true;
}

/** All settings by their name: `data-dir` is `--data-dir`, `FIRN_DATA_DIR` and `data-dir = …`. */
export const settings = {
  'data-dir': {
    schema: z.string().min(1),
    argument: 'DIR',
    doc: 'where the store lies (default: ./firn-data)',
  },
  listen: {
    schema: listenAddress,
    argument: 'HOST:PORT',
    doc: 'where to listen; port 0: any free one (default: 127.0.0.1:6200)',
  },
  region: {
    schema: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be lower-case letters, digits and dashes'),
    argument: 'REGION',
    doc: 'scope of signatures and ARNs, fixed when the store is made (default: us-east-1)',
  },
  'account-id': {
    schema: z.string().regex(/^[0-9]{12}$/, 'must be 12 digits'),
    argument: 'DIGITS',
    doc: 'the first account, fixed when the store is made (default: 000000000000)',
  },
  'access-key-id': {
    schema: z
      .string()
      .regex(/^[^\s/,=]{1,128}$/, 'must be up to 128 characters, none of them / , = or space'),
    argument: 'ID',
    doc: 'root key of the first account',
    isSecret: true,
  },
  'secret-access-key': {
    schema: z.string().min(1),
    argument: 'SECRET',
    doc: 'secret of the root key',
    isSecret: true,
  },
  'sealing-key': {
    schema: z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits'),
    argument: 'HEX',
    doc: 'key that seals the secrets in the store (default: the file DATA-DIR.key)',
    isSecret: true,
  },
  profile: {
    schema: z.enum(['live', 'aws']),
    argument: 'live|aws',
    doc: 'live: everything at once; aws: the waiting times of the original (default: live)',
  },
  'retrieval-seconds': {
    schema: tierSeconds,
    argument: 'expedited=N,standard=N,bulk=N',
    doc: 'earliest completion of a job (default: 0 each; aws: 180, 14400, 28800)',
  },
  'job-output-seconds': {
    schema: seconds,
    argument: 'N',
    doc: 'how long the output of a job stays (default: 86400)',
  },
  'inventory-seconds': {
    schema: seconds,
    argument: 'N',
    doc: 'age that an inventory may reach; 0: always current (default: 0; aws: 86400)',
  },
  'signature-skew-seconds': {
    schema: seconds,
    argument: 'N',
    doc: "how far a client's clock may be off (default: 300)",
  },
  'body-idle-seconds': {
    schema: seconds.refine((value) => value > 0, 'must be at least 1'),
    argument: 'N',
    doc: 'an upload without a byte for this long is given up (default: 60)',
  },
  'multipart-idle-seconds': {
    schema: seconds.refine((value) => value > 0, 'must be at least 1'),
    argument: 'N',
    doc: 'a multipart upload without activity for this long is removed (default: 604800; aws: 86400)',
  },
  'removal-grace-seconds': {
    schema: seconds,
    argument: 'N',
    doc: 'how long the bytes of deleted archives are kept on disk (default: 86400)',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
const settingNames = Object.keys(settings) as SettingName[];

export interface Config {
  readonly dataDirectory: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Undefined: the store's own, or the default for a new one. */
  readonly region: string | undefined;
  readonly accountId: string | undefined;
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** 64 hex digits; undefined: the file beside the store. */
  readonly sealingKey: string | undefined;
  readonly profile: 'live' | 'aws';
  readonly retrievalSeconds: Readonly<Record<'Expedited' | 'Standard' | 'Bulk', number>>;
  readonly jobOutputSeconds: number;
  readonly inventorySeconds: number;
  readonly signatureSkewSeconds: number;
  readonly bodyIdleSeconds: number;
  readonly uploadIdleSeconds: number;
  readonly removalGraceSeconds: number;
}

export interface ConfigSources {
  /** Flags by setting name. */
  readonly flags: Readonly<Record<string, string | readonly string[] | undefined>>;
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
  const given = <Name extends SettingName>(name: Name) =>
    parse(name, texts[name]) as z.output<(typeof settings)[Name]['schema']> | undefined;
  const profile = given('profile') ?? 'live';
  const isLive = profile === 'live';
  const tiers = given('retrieval-seconds');
  return Object.freeze({
    dataDirectory: given('data-dir') ?? './firn-data',
    listen: given('listen') ?? { host: '127.0.0.1', port: 6200 },
    region: given('region'),
    accountId: given('account-id'),
    rootKey: pairOf(given('access-key-id'), given('secret-access-key')),
    sealingKey: given('sealing-key'),
    profile,
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
  });
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
  return Object.keys(environment).filter(
    (name) => name.startsWith('FIRN_') && !name.startsWith('FIRN_TEST_') && !known.has(name),
  );
}

function parse(name: SettingName, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const parsed = settings[name].schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const shown = 'isSecret' in settings[name] ? 'its value' : JSON.stringify(text);
  throw new ConfigError(`${name}: ${shown} ${parsed.error.issues[0]?.message}`);
}

function pairOf(accessKeyId: string | undefined, secretAccessKey: string | undefined) {
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey };
  }
  throw new ConfigError(
    'Set both FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY, or neither: one without the other is no key',
  );
}

function readFlags(flags: ConfigSources['flags']): Texts {
  return pickTexts((name) => {
    const flag = flags[name];
    if (typeof flag !== 'object') return flag;
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
