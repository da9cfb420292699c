import { describe, expect, it } from 'vitest';
import {
  type OutputLocation,
  outputLocation,
  type S3Location,
  type SelectParameters,
  selectParameters,
} from '../api/select-shapes.ts';
import { readSelectRequest, resultPath } from './select-request.ts';

const select: SelectParameters = { Expression: 'select * from archive', ExpressionType: 'SQL' };
const s3: S3Location = { BucketName: 'results', Prefix: 'select/2026' };

const plain = {
  expression: 'select * from archive',
  input: {
    comments: undefined,
    fieldDelimiter: ',',
    fileHeaderInfo: 'NONE',
    quoteCharacter: '"',
    quoteEscapeCharacter: '"',
    recordDelimiter: undefined,
  },
  output: {
    fieldDelimiter: ',',
    quoteCharacter: '"',
    quoteEscapeCharacter: '"',
    quoteFields: 'ASNEEDED',
    recordDelimiter: '\n',
  },
  location: {
    bucketName: 'results',
    prefix: 'select/2026',
    storageClass: undefined,
    cannedAcl: undefined,
    grants: [],
    encryption: undefined,
    tags: [],
    userMetadata: [],
  },
};

const read = (fields: Partial<SelectParameters>, location: Partial<S3Location> = {}) =>
  readSelectRequest({
    SelectParameters: { ...select, ...fields },
    OutputLocation: { S3: { ...s3, ...location } },
  });
const csvIn = (csv: object) => ({ InputSerialization: { csv } });
const csvOut = (csv: object) => ({ OutputSerialization: { csv } });

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code.replace('ParameterValueException', '')}: ${message}`;
  }
  throw new Error('It was accepted');
}

describe('a select request', () => {
  it('has defaults for nearly everything', () => {
    expect(read({})).toEqual(plain);
  });

  it('takes nulls and empty texts as absent', () => {
    const nothing = { FieldDelimiter: null, QuoteCharacter: '', RecordDelimiter: null };
    const request = read(
      {
        InputSerialization: { csv: { ...nothing, Comments: '', FileHeaderInfo: null } },
        OutputSerialization: { csv: { ...nothing, QuoteFields: '' } },
      },
      { AccessControlList: null, CannedACL: '', Encryption: null, StorageClass: '', Tagging: null },
    );
    expect(request).toEqual(plain);
    expect(read({ InputSerialization: null, OutputSerialization: { csv: null } })).toEqual(plain);
  });

  it('says where the results will lie', () => {
    expect(resultPath(read({}).location.prefix, 'job-1')).toBe('select/2026/job-1/');
  });

  it('keeps the formats', () => {
    const request = read({
      ...csvIn({
        Comments: '#',
        FieldDelimiter: '\t',
        FileHeaderInfo: 'USE',
        QuoteCharacter: "'",
        QuoteEscapeCharacter: '\\',
        RecordDelimiter: '\r\n',
      }),
      ...csvOut({ FieldDelimiter: ';', QuoteFields: 'ALWAYS', RecordDelimiter: '\r\n' }),
    });
    expect(request.input).toEqual({
      comments: '#',
      fieldDelimiter: '\t',
      fileHeaderInfo: 'USE',
      quoteCharacter: "'",
      quoteEscapeCharacter: '\\',
      recordDelimiter: '\r\n',
    });
    expect(request.output).toEqual({
      ...plain.output,
      fieldDelimiter: ';',
      quoteFields: 'ALWAYS',
      recordDelimiter: '\r\n',
    });
  });

  it('keeps what the objects are to carry', () => {
    const email = { Type: 'AmazonCustomerByEmail', EmailAddress: 'anna@example.com' };
    const user = { Type: 'CanonicalUser', ID: '79a59df9', DisplayName: 'anna' };
    const group = { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AllUsers' };
    const { location } = read(
      {},
      {
        AccessControlList: [
          { Grantee: email, Permission: 'FULL_CONTROL' },
          { Grantee: user, Permission: 'WRITE' },
          { Grantee: group, Permission: 'READ_ACP' },
        ],
        Encryption: { EncryptionType: 'aws:kms', KMSKeyId: 'key-1', KMSContext: '{"a":"b"}' },
        StorageClass: 'STANDARD_IA',
        Tagging: { owner: 'anna', 'cost centre': '' },
        UserMetadata: { Project: 'rain' },
      },
    );
    expect(location).toEqual({
      ...plain.location,
      grants: [
        { by: 'emailAddress', grantee: 'anna@example.com', permission: 'FULL_CONTROL' },
        { by: 'id', grantee: '79a59df9', permission: 'WRITE' },
        { by: 'uri', grantee: group.URI, permission: 'READ_ACP' },
      ],
      encryption: { type: 'aws:kms', keyId: 'key-1', context: '{"a":"b"}' },
      storageClass: 'STANDARD_IA',
      tags: [
        ['owner', 'anna'],
        ['cost centre', ''],
      ],
      userMetadata: [['Project', 'rain']],
    });
    expect(read({}, { CannedACL: 'private' }).location.cannedAcl).toBe('private');
    const { encryption } = read({}, { Encryption: { EncryptionType: 'AES256' } }).location;
    expect(encryption).toEqual({ type: 'AES256' });
  });

  it('is the same after a journey through JSON', () => {
    const request = read(csvOut({ QuoteFields: 'ALWAYS' }), { Tagging: { a: 'b' } });
    expect(JSON.parse(JSON.stringify(request))).toEqual(JSON.parse(JSON.stringify(request)));
    expect({ ...plain, ...JSON.parse(JSON.stringify(request)) }.output).toEqual(request.output);
  });
});

describe('a select request is refused', () => {
  it.each<[parameters: Parameters<typeof readSelectRequest>[0], name: string]>([
    [{}, 'selectParameters'],
    [{ SelectParameters: select }, 'outputLocation'],
    [{ SelectParameters: {}, OutputLocation: { S3: s3 } }, 'expression'],
    [{ SelectParameters: { Expression: 'x' }, OutputLocation: { S3: s3 } }, 'expressionType'],
    [{ SelectParameters: select, OutputLocation: {} }, 's3'],
    [{ SelectParameters: select, OutputLocation: { S3: {} } }, 'bucketName'],
    [
      { SelectParameters: select, OutputLocation: { S3: { BucketName: 'b', Prefix: '' } } },
      'prefix',
    ],
  ])('%j', (parameters, name) => {
    expect(refusal(() => readSelectRequest(parameters))).toBe(
      `Missing: Required parameter missing: ${name}`,
    );
  });

  const user = { Type: 'CanonicalUser', ID: 'x' };
  it.each<[location: Partial<S3Location>, name: string]>([
    [{ AccessControlList: [{ Grantee: user }] }, 'permission'],
    [{ AccessControlList: [{ Permission: 'READ' }] }, 'type'],
    [{ AccessControlList: [{ Grantee: { ID: 'x' }, Permission: 'READ' }] }, 'type'],
    [{ AccessControlList: [{ Grantee: { Type: 'Group' }, Permission: 'READ' }] }, 'uri'],
    [{ AccessControlList: [{ Grantee: { Type: 'CanonicalUser' }, Permission: 'READ' }] }, 'id'],
    [{ Encryption: {} }, 'encryptionType'],
  ])('at %j', (location, name) => {
    expect(refusal(() => read({}, location))).toBe(`Missing: Required parameter missing: ${name}`);
  });

  it.each<[fields: Partial<SelectParameters>, message: string]>([
    [{ ExpressionType: 'sql' }, 'Invalid ExpressionType: sql'],
    [
      { Expression: 'select _1 from other' },
      'Invalid Expression: at character 16: the only table is archive',
    ],
    [
      { Expression: 'select name from archive' },
      'Invalid Expression: at character 8: columns are _1, _2, … unless FileHeaderInfo is USE, not "name"',
    ],
    [csvIn({ FileHeaderInfo: 'use' }), 'Invalid InputSerialization.csv.FileHeaderInfo: use'],
    [csvIn({ Comments: '//' }), 'Invalid InputSerialization.csv.Comments: //'],
    [csvIn({ QuoteCharacter: '""' }), 'Invalid InputSerialization.csv.QuoteCharacter: ""'],
    [
      csvIn({ QuoteEscapeCharacter: 'ab' }),
      'Invalid InputSerialization.csv.QuoteEscapeCharacter: ab',
    ],
    [
      csvIn({ FieldDelimiter: 'x'.repeat(17) }),
      `Invalid InputSerialization.csv.FieldDelimiter: ${'x'.repeat(17)}`,
    ],
    [
      csvIn({ FieldDelimiter: '\n' }),
      'Invalid InputSerialization.csv.FieldDelimiter: \n is also in RecordDelimiter',
    ],
    [
      csvIn({ FieldDelimiter: '|', RecordDelimiter: '||' }),
      'Invalid InputSerialization.csv.FieldDelimiter: | is also in RecordDelimiter',
    ],
    [
      csvIn({ QuoteCharacter: ',' }),
      'Invalid InputSerialization.csv.FieldDelimiter: , is also in QuoteCharacter',
    ],
    [
      csvIn({ Comments: '"' }),
      'Invalid InputSerialization.csv.QuoteCharacter: " is also in Comments',
    ],
    [csvOut({ QuoteFields: 'NEVER' }), 'Invalid OutputSerialization.csv.QuoteFields: NEVER'],
    [
      csvOut({ RecordDelimiter: ',' }),
      'Invalid OutputSerialization.csv.FieldDelimiter: , is also in RecordDelimiter',
    ],
  ])('at %j', (fields, message) => {
    expect(refusal(() => read(fields))).toBe(`Invalid: ${message}`);
  });

  it.each<[location: Partial<S3Location>, message: string]>([
    [{ BucketName: 'Results' }, 'Invalid BucketName: Results'],
    [{ BucketName: 'a/b' }, 'Invalid BucketName: a/b'],
    [{ Prefix: 'ä'.repeat(257) }, `Invalid Prefix: ${'ä'.repeat(257)}`],
    [{ Prefix: 'a/../b' }, 'Invalid Prefix: a/../b'],
    [{ Prefix: 'a\nb' }, 'Invalid Prefix: a\nb'],
    [{ Prefix: 'a\ud800' }, 'Invalid Prefix: a\ud800'],
    [{ Prefix: 'a\u0100' }, 'Invalid Prefix: a\u0100'],
    [{ Prefix: ' a' }, 'Invalid Prefix:  a'],
    [{ CannedACL: 'public' }, 'Invalid CannedACL: public'],
    [{ StorageClass: 'GLACIER' }, 'Invalid StorageClass: GLACIER'],
    [{ Encryption: { EncryptionType: 'aes256' } }, 'Invalid EncryptionType: aes256'],
    [
      { Encryption: { EncryptionType: 'AES256', KMSKeyId: 'k' } },
      'Invalid KMSKeyId: not allowed with AES256',
    ],
    [
      { Encryption: { EncryptionType: 'AES256', KMSContext: '{}' } },
      'Invalid KMSContext: not allowed with AES256',
    ],
    [{ Encryption: { EncryptionType: 'aws:kms', KMSKeyId: 'a b' } }, 'Invalid KMSKeyId: a b'],
    [{ Encryption: { EncryptionType: 'aws:kms', KMSContext: '[]' } }, 'Invalid KMSContext: []'],
    [
      { Encryption: { EncryptionType: 'aws:kms', KMSContext: '{"a":1}' } },
      'Invalid KMSContext: {"a":1}',
    ],
    [
      { CannedACL: 'private', AccessControlList: [{ Grantee: user, Permission: 'READ' }] },
      'Invalid AccessControlList: not allowed together with CannedACL',
    ],
    [
      { AccessControlList: Array(101).fill({ Grantee: user, Permission: 'READ' }) },
      'Invalid AccessControlList: over 100 grants',
    ],
    [{ AccessControlList: [{ Grantee: user, Permission: 'read' }] }, 'Invalid Permission: read'],
    [
      { AccessControlList: [{ Grantee: { Type: 'User', ID: 'x' }, Permission: 'READ' }] },
      'Invalid Grantee.Type: User',
    ],
    [
      { AccessControlList: [{ Grantee: { ...user, ID: 'x", id="y' }, Permission: 'READ' }] },
      'Invalid Grantee: x", id="y',
    ],
    [
      { Tagging: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, ''])) },
      'Invalid Tagging: over 10 tags',
    ],
    [{ Tagging: { '': 'x' } }, 'Invalid Tagging: =x'],
    [{ Tagging: { a: '<' } }, 'Invalid Tagging: a=<'],
    [{ UserMetadata: { 'a b': 'x' } }, 'Invalid UserMetadata: a b=x'],
    [{ UserMetadata: { a: 'x\r\ny: z' } }, 'Invalid UserMetadata: a=x\r\ny: z'],
    [{ UserMetadata: { a: 'x', A: 'y' } }, 'Invalid UserMetadata: a key is repeated'],
    [{ UserMetadata: { a: 'x'.repeat(2_048) } }, 'Invalid UserMetadata: over 2048 bytes'],
  ])('at %j', (location, message) => {
    expect(refusal(() => read({}, location))).toBe(`Invalid: ${message}`);
  });

  it('when the expression is too long', () => {
    const expression = 'select * from archive'.padEnd(128_000);
    expect(read({ Expression: expression }).expression).toBe(expression);
    expect(refusal(() => read({ Expression: `${expression} ` }))).toBe(
      'Invalid: Invalid Expression: over 128000 characters',
    );
  });

  it('names what is missing before what is invalid', () => {
    const message = 'Missing: Required parameter missing: prefix';
    expect(refusal(() => read({ ExpressionType: 'x' }, { Prefix: null }))).toBe(message);
  });
});

describe('the shapes', () => {
  it('take what has the right types, and nothing else', () => {
    const location: OutputLocation = { S3: { ...s3, Tagging: { a: 'b' }, StorageClass: null } };
    expect(outputLocation.parse(location)).toEqual(location);
    expect(selectParameters.parse({ ...select, InputSerialization: { csv: null } })).toBeDefined();
    expect(outputLocation.safeParse({ S3: { Tagging: { a: 1 } } }).success).toBe(false);
    expect(outputLocation.safeParse({ S3: { AccessControlList: {} } }).success).toBe(false);
    expect(selectParameters.safeParse({ Expression: 5 }).success).toBe(false);
    expect(selectParameters.safeParse({ InputSerialization: { csv: [] } }).success).toBe(false);
  });
});
