import { describe, expect, test } from 'vitest';
import { type Authentication, readAuthentication } from './authentication.ts';
import { checkRequestTime } from './request-time.ts';

const scope = { region: 'us-west-2' };
const requestMs = Date.UTC(2026, 0, 5, 8, 15, 30);

const inHeader = readAuthentication(
  {
    method: 'GET',
    target: '/-/vaults',
    rawHeaders: [
      'Host',
      'localhost',
      'X-Amz-Date',
      '20260105T081530Z',
      'Authorization',
      'AWS4-HMAC-SHA256 Credential=A/20260105/us-west-2/glacier/aws4_request, ' +
        'SignedHeaders=host;x-amz-date, Signature=0',
    ],
  },
  scope,
);

function presigned(expiresSeconds: number): Authentication {
  const target =
    '/-/vaults?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host&X-Amz-Signature=0' +
    '&X-Amz-Credential=A%2F20260105%2Fus-west-2%2Fglacier%2Faws4_request' +
    `&X-Amz-Date=20260105T081530Z&X-Amz-Expires=${expiresSeconds}`;
  return readAuthentication({ method: 'GET', target, rawHeaders: ['Host', 'localhost'] }, scope);
}

/** The refusal when the server's clock is `seconds` after the date of the request, if any. */
function refusalAt(authentication: Authentication, seconds: number, skew?: number): string {
  try {
    checkRequestTime(authentication, requestMs + seconds * 1000, skew);
    return 'passes';
  } catch (error) {
    expect(error).toMatchObject({ code: 'InvalidSignatureException', status: 403 });
    return (error as Error).message;
  }
}

describe('the clock window of the header form', () => {
  test.each([0, 1, 299, 300, 300.999, -1, -299, -300])('a request %d s old passes', (seconds) => {
    expect(refusalAt(inHeader, seconds)).toBe('passes');
  });

  test('one second too old', () => {
    expect(refusalAt(inHeader, 301)).toBe(
      'Signature expired: 20260105T081530Z is now earlier than 20260105T081531Z ' +
        '(20260105T082031Z - 5 min.)',
    );
  });

  test('one second too new', () => {
    expect(refusalAt(inHeader, -301)).toBe(
      'Signature not yet current: 20260105T081530Z is still later than 20260105T081529Z ' +
        '(20260105T081029Z + 5 min.)',
    );
  });

  test('is configurable', () => {
    expect(refusalAt(inHeader, 900, 900)).toBe('passes');
    expect(refusalAt(inHeader, -900, 900)).toBe('passes');
    expect(refusalAt(inHeader, 901, 900)).toMatch(/^Signature expired: .* - 15 min\.\)$/);
    expect(refusalAt(inHeader, -901, 900)).toMatch(/^Signature not yet current: .* \+ 15 min\.\)$/);
    expect(refusalAt(inHeader, 91, 90)).toMatch(/- 90 sec\.\)$/);
    expect(refusalAt(inHeader, 0, 0)).toBe('passes');
    expect(refusalAt(inHeader, 1, 0)).toMatch(/^Signature expired/);
  });
});

describe('the life of the presigned form', () => {
  test.each([1, 299, 3600, 604_800])('of %d s', (life) => {
    expect(refusalAt(presigned(life), life)).toBe('passes');
    expect(refusalAt(presigned(life), life + 1)).toMatch(/^Signature expired: 20260105T081530Z /);
  });

  test('has the text of an expired signature', () => {
    expect(refusalAt(presigned(3600), 3601)).toBe(
      'Signature expired: 20260105T081530Z is now earlier than 20260105T081531Z ' +
        '(20260105T091531Z - 60 min.)',
    );
  });

  test('begins no earlier than the clocks may differ', () => {
    expect(refusalAt(presigned(3600), -300)).toBe('passes');
    expect(refusalAt(presigned(3600), -301)).toMatch(/^Signature not yet current: .* 5 min\.\)$/);
  });
});
