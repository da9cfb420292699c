import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from './cli-error.ts';
import { type ConnectionOptions, type Environment, readConnection } from './connection.ts';

const own = { FIRN_ACCESS_KEY_ID: 'AKIAOWN', FIRN_SECRET_ACCESS_KEY: 'own/secret' };
const common = {
  AWS_ACCESS_KEY_ID: 'ASIACOMMON',
  AWS_SECRET_ACCESS_KEY: 'common/secret',
  AWS_SESSION_TOKEN: 'token/+=',
};

function refusal(options: ConnectionOptions, environment: Environment): string {
  try {
    readConnection(options, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error('was not refused');
}

describe('the endpoint', () => {
  const read = (endpoint?: string, variable?: string) =>
    readConnection({ endpoint }, { ...own, FIRN_ENDPOINT: variable }).endpoint;

  it('is the option, else the variable, else a server on this machine', () => {
    expect(read()).toBe('http://127.0.0.1:6200');
    expect(read(undefined, '')).toBe('http://127.0.0.1:6200');
    expect(read(undefined, 'https://firn.example')).toBe('https://firn.example');
    expect(read('http://[::1]:6300/', 'https://firn.example')).toBe('http://[::1]:6300');
  });

  it.each(['', 'localhost:6200', 'firn.example', 'ftp://firn.example', 'http://'])(
    'is refused when it is no address: %j',
    (endpoint) => {
      expect(refusal({ endpoint }, own)).toContain('is not an address like http://127.0.0.1:6200');
    },
  );

  it('says which of the two is wrong', () => {
    expect(refusal({ endpoint: 'x' }, own)).toMatch(/^--endpoint: /);
    expect(refusal({}, { ...own, FIRN_ENDPOINT: 'x' })).toMatch(/^FIRN_ENDPOINT: /);
  });

  it('has neither a path nor credentials, and shows no password', () => {
    expect(refusal({ endpoint: 'http://firn.example/a' }, own)).toContain('end after the port');
    expect(refusal({ endpoint: 'http://firn.example/?a' }, own)).toContain('end after the port');
    const message = refusal({ endpoint: 'http://me:hidden@firn.example' }, own);
    expect(message).toContain('set FIRN_ACCESS_KEY_ID');
    expect(message).not.toContain('hidden');
  });
});

describe('the region', () => {
  const read = (variables: Environment, region?: string) =>
    readConnection({ region }, { ...own, ...variables }).region;
  const [FIRN_REGION, AWS_REGION, AWS_DEFAULT_REGION] = ['eu-north-1', 'eu-west-1', 'eu-south-1'];

  it('is the option, else the first variable of three, else us-east-1', () => {
    expect(read({ FIRN_REGION, AWS_REGION, AWS_DEFAULT_REGION }, 'us-west-2')).toBe('us-west-2');
    expect(read({ FIRN_REGION, AWS_REGION, AWS_DEFAULT_REGION })).toBe(FIRN_REGION);
    expect(read({ FIRN_REGION: '', AWS_REGION, AWS_DEFAULT_REGION })).toBe(AWS_REGION);
    expect(read({ AWS_DEFAULT_REGION })).toBe(AWS_DEFAULT_REGION);
    expect(read({})).toBe('us-east-1');
  });

  it('is refused with the name of what set it', () => {
    expect(refusal({ region: 'US East' }, own)).toMatch(/^--region: "US East" is not a region/);
    expect(refusal({}, { ...own, AWS_REGION: 'a/b' })).toMatch(/^AWS_REGION: /);
  });
});

describe('the credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'firn-cli-'));
  const file = join(folder, 'secret');
  writeFileSync(file, 'from a file\n');
  const empty = join(folder, 'empty');
  writeFileSync(empty, '\n');
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (environment: Environment) => readConnection({}, environment).credentials;

  it("are Firn's own, without the session token of the others", () => {
    expect(read({ ...common, ...own })).toEqual({
      accessKeyId: 'AKIAOWN',
      secretAccessKey: 'own/secret',
    });
  });

  it('are those of every client, with the session token', () => {
    expect(read({ ...common, FIRN_ACCESS_KEY_ID: '' })).toEqual({
      accessKeyId: 'ASIACOMMON',
      secretAccessKey: 'common/secret',
      sessionToken: 'token/+=',
    });
    const { AWS_SESSION_TOKEN: _, ...permanent } = common;
    expect(read(permanent).sessionToken).toBeUndefined();
  });

  it('may lie in files', () => {
    const { FIRN_ACCESS_KEY_ID } = own;
    expect(read({ FIRN_ACCESS_KEY_ID, FIRN_SECRET_ACCESS_KEY_FILE: file })).toEqual({
      accessKeyId: 'AKIAOWN',
      secretAccessKey: 'from a file',
    });
    expect(
      read({ FIRN_ACCESS_KEY_ID_FILE: file, FIRN_SECRET_ACCESS_KEY_FILE: file }).accessKeyId,
    ).toBe('from a file');
  });

  it('are refused when the file is missing, is empty, or is not the only one', () => {
    const missing = { FIRN_ACCESS_KEY_ID_FILE: join(folder, 'none') };
    expect(refusal({}, missing)).toMatch(/^FIRN_ACCESS_KEY_ID_FILE: ENOENT/);
    expect(refusal({}, { FIRN_ACCESS_KEY_ID_FILE: empty })).toContain('is empty');
    expect(refusal({}, { ...own, FIRN_SECRET_ACCESS_KEY_FILE: file })).toBe(
      'set FIRN_SECRET_ACCESS_KEY or FIRN_SECRET_ACCESS_KEY_FILE, not both',
    );
  });

  it('are refused by halves, even when the others are whole', () => {
    expect(refusal({}, { ...common, FIRN_ACCESS_KEY_ID: 'AKIAOWN' })).toBe(
      'FIRN_ACCESS_KEY_ID is set and FIRN_SECRET_ACCESS_KEY is not: set both, or neither',
    );
    expect(refusal({}, { AWS_SECRET_ACCESS_KEY: 'x' })).toBe(
      'AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not: set both, or neither',
    );
  });

  it('are asked for when there are none', () => {
    expect(refusal({}, { AWS_SESSION_TOKEN: 'x' })).toMatch(
      /^there is no access key: set FIRN_ACCESS_KEY_ID and FIRN_SECRET_ACCESS_KEY/,
    );
  });
});
