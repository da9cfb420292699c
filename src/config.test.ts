import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  type Config,
  ConfigError,
  type ConfigSources,
  environmentName,
  readConfig,
  unknownVariables,
} from './config.ts';
import { type SettingName, settings } from './settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'firn-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;

function fileOf(text: string): string {
  files += 1;
  const path = join(directory, `${files}.txt`);
  writeFileSync(path, text);
  return path;
}

interface Given {
  readonly flags?: ConfigSources['flags'];
  readonly environment?: ConfigSources['environment'];
  readonly toml?: string;
}

function read({ flags = {}, environment = {}, toml }: Given): Config {
  const file = toml === undefined ? undefined : fileOf(toml);
  return readConfig({ flags, environment, file });
}

function refusalOf(given: Given): string {
  try {
    read(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  throw new Error('It was accepted');
}

const keyId = 'AKIAIOSFODNN7EXAMPLE';
const secret = 'wJalrXUtnFEMI/K7MDENG';
const sealingKey = 'aB'.repeat(32);
const topic = 'arn:aws:sns:us-west-2:111122223333:glacier-done';

const liveDefaults: Config = {
  dataDirectory: './firn-data',
  listen: { host: '127.0.0.1', port: 6200 },
  region: undefined,
  accountId: undefined,
  rootKey: undefined,
  sealingKey: undefined,
  profile: 'live',
  testClock: false,
  retrievalSeconds: { Expedited: 0, Standard: 0, Bulk: 0 },
  jobOutputSeconds: 86_400,
  inventorySeconds: 0,
  signatureSkewSeconds: 300,
  bodyIdleSeconds: 60,
  uploadIdleSeconds: 604_800,
  removalGraceSeconds: 86_400,
  sns: undefined,
  webhooks: new Map(),
  webhookSecret: undefined,
  publicUrl: undefined,
  outgoingAllow: [],
  select: undefined,
};

test('the defaults', () => {
  expect(read({})).toEqual(liveDefaults);
  expect(read({ toml: '' })).toEqual(liveDefaults);
});

test('the defaults of the profile aws', () => {
  expect(read({ flags: { profile: 'aws' } })).toEqual({
    ...liveDefaults,
    profile: 'aws',
    retrievalSeconds: { Expedited: 180, Standard: 14_400, Bulk: 28_800 },
    inventorySeconds: 86_400,
    uploadIdleSeconds: 86_400,
  });
});

test('a config cannot be changed', () => {
  expect(Object.isFrozen(read({}))).toBe(true);
});

interface Sample {
  readonly low: string;
  readonly middle: string;
  readonly high: string;
  readonly key: keyof Config;
  readonly values: readonly [low: unknown, middle: unknown, high: unknown];
}

function numbers(key: keyof Config): Sample {
  return { low: '11', middle: '22', high: '33', key, values: [11, 22, 33] };
}

type OrderedName = Exclude<
  SettingName,
  'access-key-id' | 'secret-access-key' | 'webhook-secret' | `sns-${string}` | `select-${string}`
>;

const samples: Record<OrderedName, Sample> = {
  'data-dir': { low: 'a', middle: 'b', high: 'c', key: 'dataDirectory', values: ['a', 'b', 'c'] },
  listen: {
    low: '0.0.0.0:1',
    middle: '[::1]:0',
    high: 'localhost:65535',
    key: 'listen',
    values: [
      { host: '0.0.0.0', port: 1 },
      { host: '::1', port: 0 },
      { host: 'localhost', port: 65_535 },
    ],
  },
  region: { low: 'r-1', middle: 'r-2', high: 'r-3', key: 'region', values: ['r-1', 'r-2', 'r-3'] },
  'account-id': {
    low: '111111111111',
    middle: '222222222222',
    high: '000000000003',
    key: 'accountId',
    values: ['111111111111', '222222222222', '000000000003'],
  },
  'sealing-key': {
    low: '1'.repeat(64),
    middle: '2'.repeat(64),
    high: sealingKey,
    key: 'sealingKey',
    values: ['1'.repeat(64), '2'.repeat(64), sealingKey],
  },
  profile: {
    low: 'aws',
    middle: 'live',
    high: 'aws',
    key: 'profile',
    values: ['aws', 'live', 'aws'],
  },
  'retrieval-seconds': {
    low: 'bulk=9',
    middle: 'standard=5,expedited=1',
    high: 'expedited=1,standard=2,bulk=3',
    key: 'retrievalSeconds',
    values: [
      { Expedited: 0, Standard: 0, Bulk: 9 },
      { Expedited: 1, Standard: 5, Bulk: 0 },
      { Expedited: 1, Standard: 2, Bulk: 3 },
    ],
  },
  'job-output-seconds': numbers('jobOutputSeconds'),
  'inventory-seconds': numbers('inventorySeconds'),
  'signature-skew-seconds': numbers('signatureSkewSeconds'),
  'body-idle-seconds': numbers('bodyIdleSeconds'),
  'multipart-idle-seconds': numbers('uploadIdleSeconds'),
  'removal-grace-seconds': numbers('removalGraceSeconds'),
  'test-clock': {
    low: 'true',
    middle: 'false',
    high: 'true',
    key: 'testClock',
    values: [true, false, true],
  },
  webhook: {
    low: `${topic}=http://a.example/x`,
    middle: `${topic}=https://b.example ${topic}-2=http://c.example/?a=b`,
    high: `${topic}=http://d.example/`,
    key: 'webhooks',
    values: [
      new Map([[topic, new URL('http://a.example/x')]]),
      new Map([
        [topic, new URL('https://b.example')],
        [`${topic}-2`, new URL('http://c.example/?a=b')],
      ]),
      new Map([[topic, new URL('http://d.example/')]]),
    ],
  },
  'public-url': {
    low: 'http://a.example',
    middle: 'https://b.example/',
    high: 'https://c.example:8443',
    key: 'publicUrl',
    values: [
      new URL('http://a.example'),
      new URL('https://b.example'),
      new URL('https://c.example:8443'),
    ],
  },
  'outgoing-allow': {
    low: '10.0.0.0/8',
    middle: '10.0.0.0/8,fd00::/8',
    high: '127.0.0.0/8 ::1/128',
    key: 'outgoingAllow',
    values: [['10.0.0.0/8'], ['10.0.0.0/8', 'fd00::/8'], ['127.0.0.0/8', '::1/128']],
  },
};

test.each(Object.entries(samples))('%s: default < file < environment < flags', (name, sample) => {
  const variable = environmentName(name as SettingName);
  const toml = `${name} = ${JSON.stringify(sample.low)}`;
  const environment = { [variable]: sample.middle };
  const flags = { [name]: sample.high };
  const found = [read({ toml }), read({ toml, environment }), read({ toml, environment, flags })];
  expect(found.map((config) => config[sample.key])).toEqual(sample.values);
  expect(read({ environment, flags })[sample.key]).toEqual(sample.values[2]);
  expect(read({ environment: { [variable]: '' }, toml })[sample.key]).toEqual(sample.values[0]);
});

const snsKey = { FIRN_SNS_ACCESS_KEY_ID: 'A', FIRN_SNS_SECRET_ACCESS_KEY: 'S' };
const selectKey = { FIRN_SELECT_ACCESS_KEY_ID: 'A', FIRN_SELECT_SECRET_ACCESS_KEY: 'S' };
const key = { accessKeyId: 'A', secretAccessKey: 'S' };

test("notifications go to Amazon's endpoint, or to the one that is given", () => {
  expect(read({ environment: snsKey }).sns).toEqual({ ...key, endpoint: undefined });
  const endpoint = 'http://127.0.0.1:5000';
  const flags = { 'sns-endpoint': endpoint };
  expect(read({ environment: snsKey, flags }).sns).toEqual({ ...key, endpoint: new URL(endpoint) });
  expect(refusalOf({ flags })).toContain('FIRN_SNS_ACCESS_KEY_ID');
});

test('select jobs have all that they need, or nothing', () => {
  const flags = { 'select-bucket': 'results', 'select-endpoint': 'http://127.0.0.1:7480' };
  const select = { ...key, bucket: 'results', endpoint: new URL(flags['select-endpoint']) };
  const given = { environment: selectKey, flags };
  expect(read(given).select).toEqual({ ...select, region: 'us-east-1' });
  const elsewhere = { ...given, flags: { ...flags, 'select-region': 'r-1' } };
  expect(read(elsewhere).select).toEqual({ ...select, region: 'r-1' });
  expect(refusalOf({ flags })).toContain('Select jobs need all');
  expect(refusalOf({ environment: selectKey })).toContain('Select jobs need all');
  expect(refusalOf({ flags: { 'select-bucket': 'Not A Bucket' } })).toContain('select-bucket');
});

test.each([
  ['webhook', 'http://no.topic/'],
  ['webhook', 'arn:aws:sqs:us-west-2:111122223333:queue=http://a.example'],
  ['webhook', `${topic}=ftp://a.example`],
  ['outgoing-allow', '10.0.0.1'],
  ['outgoing-allow', '10.0.0.0/33'],
  ['public-url', 'a.example'],
  ['public-url', 'https://a.example/path'],
  ['webhook', `${topic}=http://a.example ${topic}=http://b.example`],
  ['sns-endpoint', 'file:///etc/passwd'],
  ['test-clock', 'yes'],
])('%s is not %s', (name, text) => {
  expect(refusalOf({ flags: { [name]: text } })).toContain(name);
});

test('a list may be given by several flags or an array of the file', () => {
  const ranges = ['10.0.0.0/8', '127.0.0.0/8'];
  expect(read({ flags: { 'outgoing-allow': ranges } }).outgoingAllow).toEqual(ranges);
  const toml = `outgoing-allow = ${JSON.stringify(ranges)}`;
  expect(read({ toml }).outgoingAllow).toEqual(ranges);
});

test('a switch needs no value', () => {
  expect(read({ flags: { 'test-clock': true } }).testClock).toBe(true);
  expect(read({ toml: 'test-clock = true' }).testClock).toBe(true);
});

test('plain numbers of the file need no quotes', () => {
  const toml = 'inventory-seconds = 60\naccount-id = 123456789012\n';
  expect(read({ toml })).toMatchObject({ inventorySeconds: 60, accountId: '123456789012' });
});

test('the tiers that are not named keep the default of the profile', () => {
  const flags = { profile: 'aws', 'retrieval-seconds': 'standard=7' };
  const { retrievalSeconds } = read({ flags });
  expect(retrievalSeconds).toEqual({ Expedited: 180, Standard: 7, Bulk: 28_800 });
});

test('a setting that is given beats the profile, also with 0', () => {
  const flags = { profile: 'aws', 'inventory-seconds': '0' };
  expect(read({ flags }).inventorySeconds).toBe(0);
});

test.each(Object.entries(settings))('%s: an empty variable counts as unset', (name) => {
  const variable = environmentName(name as SettingName);
  const environment = { [variable]: '', [`${variable}_FILE`]: '' };
  expect(read({ environment })).toEqual(liveDefaults);
});

test('an empty variable beside its file form counts as unset', () => {
  const environment = {
    FIRN_SEALING_KEY: '',
    FIRN_SEALING_KEY_FILE: fileOf(sealingKey),
  };
  expect(read({ environment }).sealingKey).toBe(sealingKey);
});

test.each<[name: SettingName, variable: string]>([
  ['data-dir', 'FIRN_DATA_DIR'],
  ['access-key-id', 'FIRN_ACCESS_KEY_ID'],
  ['multipart-idle-seconds', 'FIRN_MULTIPART_IDLE_SECONDS'],
])('%s is %s', (name, variable) => {
  expect(environmentName(name)).toBe(variable);
});

test('variables that no setting reads are told, but for those of tests', () => {
  const environment = {
    PATH: 'x',
    FIRNS: 'x',
    FIRN_LISTEN: 'x',
    FIRN_LISTENS: 'x',
    FIRN_SEALING_KEY_FILE: 'x',
    FIRN_TEST_ANYTHING: 'x',
    firn_region: 'x',
  };
  expect(unknownVariables(environment)).toEqual(['FIRN_LISTENS']);
  expect(unknownVariables({})).toEqual([]);
});

test.each<[toml: string, key: string]>([
  ['lisen = "127.0.0.1:1"', 'lisen'],
  ['Region = "us-east-1"', 'Region'],
  ['data_dir = "x"', 'data_dir'],
  ['[server]\nlisten = "127.0.0.1:1"', 'server'],
  ['region = "r"\ntoString = "x"', 'toString'],
])('the file %j is refused: there is no setting %s', (toml, key) => {
  expect(refusalOf({ toml })).toMatch(new RegExp(`there is no setting ${key}$`));
});

test.each<[toml: string, message: RegExp]>([
  ['region = [', /\.txt, line 1: /],
  ['region = ["us-east-1"]', /region must be a plain value$/],
  ['retrieval-seconds = { bulk = 1 }', /retrieval-seconds must be a plain value$/],
  ['listen = 1979-05-27', /listen must be a plain value$/],
  ['data-dir = ["a", "b"]', /^data-dir was given several times/],
  ['inventory-seconds = 1.5', /^inventory-seconds: "1.5" must be a whole number of seconds$/],
  ['profile = true', /^profile: "true" /],
])('the file %j is refused', (toml, message) => {
  expect(refusalOf({ toml })).toMatch(message);
});

test('a list of one data directory is that directory, in the file and as a flag', () => {
  expect(read({ toml: 'data-dir = ["a"]' }).dataDirectory).toBe('a');
  expect(read({ flags: { 'data-dir': ['b'] } }).dataDirectory).toBe('b');
  expect(read({ flags: { 'data-dir': [] } }).dataDirectory).toBe('./firn-data');
});

test('an empty list of data directories in the file makes no directory called undefined', () => {
  let outcome: string;
  try {
    outcome = read({ toml: 'data-dir = []' }).dataDirectory;
  } catch (error) {
    outcome = (error as Error).message;
  }
  expect(outcome).not.toContain('undefined');
});

test('mirrors are refused wherever they are asked for', () => {
  const message = 'data-dir was given several times: mirrors are not available in this release';
  expect(refusalOf({ flags: { 'data-dir': ['a', 'b'] } })).toBe(message);
  expect(refusalOf({ environment: { FIRN_DATA_DIR: 'a:b' } })).toBe(message);
  expect(refusalOf({ toml: 'data-dir = ["a", "b"]' })).toBe(message);
});

test('a file that is not there is named', () => {
  const file = join(directory, 'nowhere.toml');
  const attempt = () => readConfig({ flags: {}, environment: {}, file });
  expect(attempt).toThrow(ConfigError);
  expect(attempt).toThrow(/^--config: .*nowhere\.toml/);
});

test.each<[name: SettingName, text: string, reason: string]>([
  ['listen', '', 'must be HOST:PORT'],
  ['listen', '6200', 'must be HOST:PORT'],
  ['listen', ':6200', 'must be HOST:PORT'],
  ['listen', 'localhost', 'must be HOST:PORT'],
  ['listen', 'localhost:', 'must be HOST:PORT'],
  ['listen', 'localhost:http', 'must be HOST:PORT'],
  ['listen', '::1:6200', 'must be HOST:PORT'],
  ['listen', 'http://localhost:6200', 'must be HOST:PORT'],
  ['listen', 'localhost:65536', 'must have a port up to 65535'],
  ['region', 'US-East-1', 'must be lower-case letters, digits and dashes'],
  ['region', 'r'.repeat(33), 'must be lower-case letters, digits and dashes'],
  ['account-id', '1234-5678-9012', 'must be 12 digits'],
  ['account-id', '12345678901', 'must be 12 digits'],
  ['profile', 'AWS', ''],
  ['data-dir', '', ''],
  ['retrieval-seconds', '5', 'must be expedited=N,standard=N,bulk=N (any of them)'],
  ['retrieval-seconds', 'Bulk=5', 'must be expedited=N,standard=N,bulk=N (any of them)'],
  ['retrieval-seconds', 'bulk=5,', 'must be expedited=N,standard=N,bulk=N (any of them)'],
  ['retrieval-seconds', 'bulk=', 'must be expedited=N,standard=N,bulk=N (any of them)'],
  ['retrieval-seconds', 'bulk=-1', 'must be expedited=N,standard=N,bulk=N (any of them)'],
  ['retrieval-seconds', 'bulk=5 standard=4', 'must be expedited=N,standard=N,bulk=N (any of them)'],
  ['retrieval-seconds', 'bulk=5standard=4', 'must be expedited=N,standard=N,bulk=N (any of them)'],
  ['job-output-seconds', '1d', 'must be a whole number of seconds'],
  ['job-output-seconds', '-1', 'must be a whole number of seconds'],
  ['inventory-seconds', '1.5', 'must be a whole number of seconds'],
  ['inventory-seconds', ' 1', 'must be a whole number of seconds'],
  ['signature-skew-seconds', '', 'must be a whole number of seconds'],
  ['removal-grace-seconds', '99999999999', 'must be a whole number of seconds'],
  ['body-idle-seconds', '0', 'must be at least 1'],
  ['multipart-idle-seconds', '0', 'must be at least 1'],
])('the flag %s cannot be %j: it %s', (name, text, reason) => {
  const message = refusalOf({ flags: { [name]: text } });
  expect(message).toContain(`${name}: ${JSON.stringify(text)} `);
  expect(message.endsWith(reason), message).toBe(true);
});

test('a bad value is refused wherever it comes from', () => {
  const message = 'region: "A" must be lower-case letters, digits and dashes';
  expect(refusalOf({ flags: { region: 'A' } })).toBe(message);
  expect(refusalOf({ environment: { FIRN_REGION: 'A' } })).toBe(message);
  expect(refusalOf({ toml: 'region = "A"' })).toBe(message);
});

const rootKey = { accessKeyId: keyId, secretAccessKey: secret };

test('both halves of the root key make a key, whatever source each comes from', () => {
  const both = { FIRN_ACCESS_KEY_ID: keyId, FIRN_SECRET_ACCESS_KEY: secret };
  expect(read({ environment: both }).rootKey).toEqual(rootKey);
  const toml = `access-key-id = "${keyId}"`;
  const environment = { FIRN_SECRET_ACCESS_KEY: secret };
  expect(read({ toml, environment }).rootKey).toEqual(rootKey);
});

test('short test credentials are a root key', () => {
  const environment = { FIRN_ACCESS_KEY_ID: 'test', FIRN_SECRET_ACCESS_KEY: 'x' };
  expect(read({ environment }).rootKey).toEqual({ accessKeyId: 'test', secretAccessKey: 'x' });
});

test('an empty file of a secret is refused', () => {
  const environment = { FIRN_ACCESS_KEY_ID: keyId, FIRN_SECRET_ACCESS_KEY_FILE: fileOf('\n') };
  expect(refusalOf({ environment })).toMatch(/^secret-access-key: its value /);
});

test.each<[half: string, given: Given]>([
  ['access key id', { environment: { FIRN_ACCESS_KEY_ID: keyId } }],
  ['secret', { environment: { FIRN_SECRET_ACCESS_KEY: secret } }],
  ['access key id of the file', { toml: `access-key-id = "${keyId}"` }],
  ['secret of the file', { toml: `secret-access-key = "${secret}"` }],
  [
    'access key id beside an empty secret',
    { environment: { FIRN_ACCESS_KEY_ID: keyId, FIRN_SECRET_ACCESS_KEY: '' } },
  ],
])('half a root key is refused: the %s alone', (_half, given) => {
  const message = refusalOf(given);
  expect(message).toMatch(/^Set both FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY, or neither/);
  expect(message).not.toContain(secret);
  expect(message).not.toContain(keyId);
});

test('secrets are read from files, without the white space around them', () => {
  const environment = {
    FIRN_ACCESS_KEY_ID_FILE: fileOf(`${keyId}\n`),
    FIRN_SECRET_ACCESS_KEY_FILE: fileOf(`${secret}\r\n`),
    FIRN_SEALING_KEY_FILE: fileOf(`  ${sealingKey}\n\n`),
  };
  expect(read({ environment })).toMatchObject({ rootKey, sealingKey });
});

test('a secret of a file form beats the one of the TOML file', () => {
  const toml = `sealing-key = "${'0'.repeat(64)}"`;
  const environment = { FIRN_SEALING_KEY_FILE: fileOf(sealingKey) };
  expect(read({ toml, environment }).sealingKey).toBe(sealingKey);
});

test.each(['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SEALING_KEY'])(
  'FIRN_%s and its file form exclude each other',
  (name) => {
    const environment = { [`FIRN_${name}`]: secret, [`FIRN_${name}_FILE`]: fileOf(secret) };
    expect(refusalOf({ environment })).toBe(`Set FIRN_${name} or FIRN_${name}_FILE, not both`);
  },
);

test.each(['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SEALING_KEY'])(
  'a missing file of FIRN_%s_FILE is named, and so is the variable',
  (name) => {
    const environment = { [`FIRN_${name}_FILE`]: join(directory, 'no-secret') };
    expect(refusalOf({ environment })).toMatch(new RegExp(`^FIRN_${name}_FILE: .*no-secret`));
  },
);

test('what is no secret has no file form', () => {
  const environment = { FIRN_REGION_FILE: fileOf('eu-west-1') };
  expect(read({ environment }).region).toBeUndefined();
});

const badSecrets: [name: SettingName, text: string, reason: string][] = [
  ['access-key-id', 'no/good', 'must be up to 128 characters, none of them / , = or space'],
  ['access-key-id', 'no good', 'must be up to 128 characters, none of them / , = or space'],
  ['access-key-id', 'k'.repeat(129), 'must be up to 128 characters, none of them / , = or space'],
  ['sealing-key', 'deadbeef', 'must be 64 hex digits'],
  ['sealing-key', `${sealingKey}0`, 'must be 64 hex digits'],
];

test.each(badSecrets)('a bad %s is refused without being shown', (name, text, reason) => {
  const variable = environmentName(name);
  const sources: Given[] = [
    { environment: { [variable]: text } },
    { environment: { [`${variable}_FILE`]: fileOf(text) } },
    { toml: `${name} = "${text}"` },
  ];
  for (const given of sources) {
    const message = refusalOf(given);
    expect(message).toBe(`${name}: its value ${reason}`);
    expect(message).not.toContain(text);
  }
});

test('a file that is no TOML is refused without showing the secrets in it', () => {
  const wellFormed = `access-key-id = "${keyId}"\nsecret-access-key = "${secret}"\n`;
  for (const toml of [`secret-access-key = "${secret}\n`, `${wellFormed}region = [`]) {
    expect(refusalOf({ toml })).not.toContain(secret);
  }
});
