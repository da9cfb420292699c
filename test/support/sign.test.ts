/** The tests' own signer against the wire page's ten signatures (two of them are Amazon's). */
import { describe, expect, it } from 'vitest';
import { type HeaderList, presign, type Scope, sha256, signature, signingKey } from './sign.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const ours: Scope = { credentials, region: 'us-west-2', date: '20260105T081530Z' };

interface Vector {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
  readonly headers?: HeaderList;
  readonly scope?: Scope;
  readonly signature: string;
}

const hello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const json = ['content-type', 'application/json'] as const;

const vectors: readonly Vector[] = [
  {
    method: 'PUT',
    target: '/-/vaults/examplevault',
    scope: { credentials, region: 'us-east-1', date: '20120525T002453Z' },
    signature: '3ce5b2f2fffac9262b4da9256f8d086b4aaf42eba5f111c21681a65a127b7c2a',
  },
  {
    method: 'POST',
    target: '/-/vaults/examplevault/archives',
    body: 'Welcome to Amazon Glacier.',
    headers: [
      ['x-amz-content-sha256', '726e392cb4d09924dbad1cc0ba3b00c3643d03d14cb4b823e2f041cff612a628'],
    ],
    scope: { credentials, region: 'us-east-1', date: '20120507T000000Z' },
    signature: 'b092397439375d59119072764a1e9a144677c43d9906fd98a5742c57a2855de6',
  },
  {
    method: 'GET',
    target:
      '/-/vaults?limit=2&marker=arn%3Aaws%3Aglacier%3Aus-west-2%3A111122223333%3Avaults%2Falpha',
    signature: 'f2ad766a84d2a3aa9f63971ba7716f8c68e8d6f65a693bd22b85d130bb08f385',
  },
  {
    method: 'GET',
    target: '/-/vaults/my%20vault',
    signature: '2b2e03ee2df9aa503ce1b4e93f962cc7a2befb77e53d1da9a30de829a6588df1',
  },
  {
    method: 'POST',
    target: '/-/vaults/examplevault/jobs',
    body: '{"Type":"inventory-retrieval","Format":"CSV"}',
    headers: [json],
    signature: '74c175725b7dd3b4064c3603c4c066c43c6276ef7f43c44ac9aefd17a65ed4db',
  },
  {
    method: 'POST',
    target: '/111122223333/vaults/examplevault/archives',
    body: 'hello',
    headers: [
      ['x-amz-archive-description', 'a   b'],
      ['x-amz-content-sha256', hello],
      ['x-amz-sha256-tree-hash', hello],
    ],
    signature: '13a74466bacab9b03345274fec1d433c484e4d892feae0d2a1604b54445499ca',
  },
  {
    method: 'DELETE',
    target: '/-/vaults/examplevault',
    headers: [['x-amz-security-token', 'EXAMPLETOKEN/+=']],
    signature: '6a1b712b337ff109fbc479c0bf8f07f036f8c1662fb9cf3ea4c027c540261e19',
  },
  {
    method: 'POST',
    target: '/-/vaults/examplevault/tags?operation=add',
    body: '{"Tags":{"k":"v"}}',
    headers: [json],
    signature: '9041530fa945c9c486db57464f4d7df70fc599c3cf57f72b64a06027414d880d',
  },
  {
    method: 'GET',
    target: '//vaults/examplevault',
    signature: 'eca954b4a14ee11e1cee96a20614effb814e8feb2dbb2cbc83e14edc168c1468',
  },
];

describe('the signer of the tests', () => {
  it.each(vectors)('$method $target', (vector) => {
    const scope = vector.scope ?? ours;
    const headers: HeaderList = [
      ['Host', `glacier.${scope.region}.amazonaws.com`],
      ['x-amz-date', scope.date],
      ['x-amz-glacier-version', '2012-06-01'],
      ...(vector.headers ?? []),
    ];
    const request = {
      method: vector.method,
      target: vector.target,
      headers,
      signedNames: headers.map(([name]) => name.toLowerCase()),
      payloadHash: sha256(vector.body ?? ''),
    };
    expect(signature(request, scope)).toBe(vector.signature);
  });

  it('presigns', () => {
    const request = {
      method: 'GET',
      target: '/-/vaults/examplevault',
      headers: [['Host', 'glacier.us-west-2.amazonaws.com']] as HeaderList,
      signedNames: ['host'],
    };
    expect(presign(request, ours, 3600)).toMatch(
      /X-Amz-Signature=6f57f342674c6c7566c9465fabc5a6544bd15a043f52ff383a7bf3ff8fa02e7d$/,
    );
  });

  it('derives the keys', () => {
    expect(signingKey(ours).toString('hex')).toBe(
      '42108c70130efb3c3cda9be58a4cb77d42c7c2404b12b446f85c3c4c1d4378e1',
    );
    const amazons = { credentials, region: 'us-east-1', date: '20120525T002453Z' };
    expect(signingKey(amazons).toString('hex')).toBe(
      '75fb39ae89095e144a7b5b520c6761dcedc4fe3acf1fc6e51fee65489bfacf74',
    );
  });
});
