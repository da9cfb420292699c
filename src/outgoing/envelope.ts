/**
 * What a webhook receives: the same request that Amazon's SNS makes to an HTTP subscriber
 * (documented: the SNS guide, "Parsing Amazon SNS message formats" and "Verifying the signatures"),
 * so that programs written for the one take the other. Beside the signature of SNS there is one
 * of our own, for receivers that share a secret with the server and trust no certificate.
 */
import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import type { Notification } from '../notifications/publisher.ts';

/** The keys in the order in which SNS sends them. There is no Subject (observed, wire page). */
export interface Envelope {
  readonly Type: 'Notification';
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  /** When the notification was made, not when it is sent: equal in every try. */
  readonly Timestamp: string;
  readonly SignatureVersion: '1';
  /** Base64. */
  readonly Signature: string;
  readonly SigningCertURL: string;
  readonly UnsubscribeURL: string;
}

export interface EnvelopeOptions {
  /** RSA, PKCS#8. */
  readonly privateKeyPem: string;
  /** Where receivers find the certificate; asked each time. */
  readonly certificateUrl: () => string;
}

/** Makes signed envelopes; the key is read once. */
export function createEnveloper({ privateKeyPem, certificateUrl }: EnvelopeOptions) {
  const key = createPrivateKey(privateKeyPem);
  return (notification: Notification): Envelope => {
    const SigningCertURL = certificateUrl();
    const unsigned = {
      Type: 'Notification',
      MessageId: notification.notificationId,
      TopicArn: notification.topicArn,
      Message: notification.message,
      Timestamp: toIsoDate(notification.createdAt),
      SignatureVersion: '1',
    } as const;
    const text = Buffer.from(signedText(unsigned));
    const Signature = sign('RSA-SHA1', text, key).toString('base64');
    const UnsubscribeURL = unsubscribeUrl(unsigned.TopicArn, SigningCertURL);
    return { ...unsigned, Signature, SigningCertURL, UnsubscribeURL };
  };
}

type SignedKey = 'Message' | 'MessageId' | 'Timestamp' | 'TopicArn' | 'Type';

/** The names and values that are signed, in the order of their names, a line each (documented). */
export function signedText(envelope: Pick<Envelope, SignedKey>): string {
  const keys: SignedKey[] = ['Message', 'MessageId', 'Timestamp', 'TopicArn', 'Type'];
  return keys.map((key) => `${key}\n${envelope[key]}\n`).join('');
}

/**
 * In the form of SNS, since receivers want to read one; nothing answers there (chosen: the operator
 * sets webhooks up, and nobody else takes them away).
 */
function unsubscribeUrl(topicArn: string, certificateUrl: string): string {
  const query = new URLSearchParams({ Action: 'Unsubscribe', SubscriptionArn: topicArn });
  return new URL(`/?${query.toString()}`, certificateUrl).href;
}

/** The request's headers, as SNS sends them (documented). */
export function envelopeHeaders({ MessageId, TopicArn }: Envelope): Record<string, string> {
  return {
    'Content-Type': 'text/plain; charset=UTF-8',
    'User-Agent': 'Firn',
    'x-amz-sns-message-type': 'Notification',
    'x-amz-sns-message-id': MessageId,
    'x-amz-sns-topic-arn': TopicArn,
  };
}

/**
 * Our own signature: HMAC-SHA256 in hexadecimal over `<seconds since 1970>.<body>`, the time being
 * that of this try, so that a receiver can refuse old ones.
 */
export function secretHeaders(
  body: string,
  { secret, now }: { readonly secret: string; readonly now: Milliseconds },
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-firn-timestamp': timestamp, 'x-firn-signature': `sha256=${digest}` };
}
