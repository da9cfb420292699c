import { createHmac, createVerify, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Notification } from '../notifications/publisher.ts';
import { createEnveloper, envelopeHeaders, secretHeaders, signedText } from './envelope.ts';
import { makeSigningCertificate, type SigningCertificate } from './signing-certificate.ts';

const notification: Notification = {
  notificationId: '7f5c3f0e-1d8b-4a5c-9c0d-3f3a5b1f0c11',
  topicArn: 'arn:aws:sns:us-west-2:111122223333:glacier-done',
  message: '{"Action":"ArchiveRetrieval","JobDescription":"grüße\\n\\"☃\\"","JobId":"j"}',
  createdAt: Date.UTC(2026, 0, 5, 8, 18, 2, 377),
};
const certificateUrl = () => 'https://glacier.example:9400/_/signing-certificate.pem';

let certificate: SigningCertificate;
beforeAll(async () => {
  certificate = await makeSigningCertificate();
});

function seal(of = notification) {
  return createEnveloper({ privateKeyPem: certificate.privateKeyPem, certificateUrl })(of);
}

/** Verifies as the SNS guide tells receivers to, with names and order written out. */
function isSigned(envelope: ReturnType<typeof seal>): boolean {
  const text =
    `Message\n${envelope.Message}\nMessageId\n${envelope.MessageId}\n` +
    `Timestamp\n${envelope.Timestamp}\nTopicArn\n${envelope.TopicArn}\nType\n${envelope.Type}\n`;
  return createVerify('RSA-SHA1')
    .update(text, 'utf8')
    .verify(
      new X509Certificate(certificate.certificatePem).publicKey,
      envelope.Signature,
      'base64',
    );
}

describe('the envelope', () => {
  it('has the keys of SNS, in their order', () => {
    const envelope = seal();
    expect(Object.entries(envelope)).toEqual([
      ['Type', 'Notification'],
      ['MessageId', notification.notificationId],
      ['TopicArn', notification.topicArn],
      ['Message', notification.message],
      ['Timestamp', '2026-01-05T08:18:02.377Z'],
      ['SignatureVersion', '1'],
      ['Signature', expect.stringMatching(/^[A-Za-z0-9+/]{342}==$/)],
      ['SigningCertURL', certificateUrl()],
      [
        'UnsubscribeURL',
        'https://glacier.example:9400/?Action=Unsubscribe&SubscriptionArn=' +
          'arn%3Aaws%3Asns%3Aus-west-2%3A111122223333%3Aglacier-done',
      ],
    ]);
  });

  it('is signed for whoever has the certificate, also after JSON', () => {
    expect(isSigned(seal())).toBe(true);
    expect(isSigned(JSON.parse(JSON.stringify(seal())) as ReturnType<typeof seal>)).toBe(true);
  });

  it.each(['Message', 'MessageId', 'Timestamp', 'TopicArn', 'Type'])('signs %s', (key) => {
    expect(isSigned({ ...seal(), [key]: 'another' })).toBe(false);
  });

  it('is the same in every try', () => {
    expect(seal()).toEqual(seal({ ...notification }));
  });

  it('signs names and values, a line each', () => {
    expect(signedText({ ...seal(), Message: 'm', MessageId: 'i', Timestamp: 't' })).toBe(
      `Message\nm\nMessageId\ni\nTimestamp\nt\nTopicArn\n${notification.topicArn}\nType\nNotification\n`,
    );
  });
});

describe('the headers', () => {
  it('are those of SNS', () => {
    expect(envelopeHeaders(seal())).toEqual({
      'Content-Type': 'text/plain; charset=UTF-8',
      'User-Agent': 'Firn',
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-message-id': notification.notificationId,
      'x-amz-sns-topic-arn': notification.topicArn,
    });
  });

  it('with a secret sign time and body', () => {
    const headers = secretHeaders('{"ü":1}', { secret: 'shared', now: 1_767_600_000_999 });
    const digest = createHmac('sha256', 'shared')
      .update('1767600000.{"ü":1}', 'utf8')
      .digest('hex');
    expect(headers).toEqual({
      'x-firn-timestamp': '1767600000',
      'x-firn-signature': `sha256=${digest}`,
    });
  });
});
