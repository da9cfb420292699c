/**
 * The table of settings. Each has a flag, an environment variable and a key of the TOML file, all of
 * one name, and says what it may be; how they are read is `config.ts`'s business.
 */
import { z } from 'zod';
import { snsTopicPattern } from './lib/arn.ts';

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

const onOrOff = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true');

const url = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:/.test(text), 'must be an http or https URL')
  .transform((text) => new URL(text));

const snsTopicUrl = z
  .string()
  .regex(/^arn:[^=\s]+=https?:\/\/\S+$/, 'must be TOPIC_ARN=URL, with blanks between several')
  .transform((text): [string, URL] => {
    const equals = text.indexOf('=');
    return [text.slice(0, equals), new URL(text.slice(equals + 1))];
  })
  .refine(
    ([topicArn]) => snsTopicPattern.test(topicArn),
    'must begin with the ARN of an SNS topic',
  );

/** Several values in one text, with blanks between them; also with commas, where none has any. */
const listOf = <Item extends z.ZodType<unknown, string>>(item: Item, separator: RegExp) =>
  z
    .string()
    .transform((text) => text.split(separator).filter((part) => part !== ''))
    .pipe(z.array(item));

const accessKeyId = z
  .string()
  .regex(/^[^\s/,=]{1,128}$/, 'must be up to 128 characters, none of them / , = or space');
const regionName = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'must be lower-case letters, digits and dashes');
const secretText = z.string().min(1);

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
  /** The flag alone means `true`. */
  readonly isSwitch?: true;
  /** May be given several times; in one text with blanks between. */
  readonly isList?: true;
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
    schema: regionName,
    argument: 'REGION',
    doc: 'scope of signatures and ARNs, fixed when the store is made (default: us-east-1)',
  },
  'account-id': {
    schema: z.string().regex(/^[0-9]{12}$/, 'must be 12 digits'),
    argument: 'DIGITS',
    doc: 'the first account, fixed when the store is made (default: 000000000000)',
  },
  'access-key-id': {
    schema: accessKeyId,
    argument: 'ID',
    doc: 'root key of the first account',
    isSecret: true,
  },
  'secret-access-key': {
    schema: secretText,
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
  'test-clock': {
    schema: onOrOff,
    argument: '',
    doc: 'makes a new store with a clock that can be moved and faults on order: for tests only',
    isSwitch: true,
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
  'sns-endpoint': {
    schema: url,
    argument: 'URL',
    doc: "where job notifications are published by topic ARN (default: Amazon's, once there is a key)",
  },
  'sns-access-key-id': {
    schema: accessKeyId,
    argument: 'ID',
    doc: 'key that publishes notifications',
    isSecret: true,
  },
  'sns-secret-access-key': {
    schema: secretText,
    argument: 'SECRET',
    doc: 'secret of that key',
    isSecret: true,
  },
  webhook: {
    schema: listOf(snsTopicUrl, /\s+/),
    argument: 'TOPIC_ARN=URL',
    doc: 'sends the notifications of a topic to a URL instead, in the same envelope; may be repeated',
    isList: true,
  },
  'webhook-secret': {
    schema: secretText,
    argument: 'SECRET',
    doc: 'signs what is sent to webhooks with HMAC-SHA256',
    isSecret: true,
  },
  'public-url': {
    schema: url.refine(({ pathname }) => pathname === '/', 'must end after the port'),
    argument: 'URL',
    doc: 'how others reach this server (default: the address it listens on)',
  },
  'outgoing-allow': {
    schema: listOf(
      z.union([z.cidrv4(), z.cidrv6()], 'must be CIDR ranges, such as 10.0.0.0/8'),
      /[\s,]+/,
    ),
    argument: 'CIDR',
    doc: 'private addresses that this server may call, such as 127.0.0.0/8; may be repeated',
    isList: true,
  },
  'select-bucket': {
    schema: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'),
    argument: 'NAME',
    doc: 'bucket that select jobs write to; without one they are refused',
  },
  'select-endpoint': {
    schema: url,
    argument: 'URL',
    doc: 'S3-compatible store that has the bucket',
  },
  'select-region': {
    schema: regionName,
    argument: 'REGION',
    doc: 'its region (default: us-east-1)',
  },
  'select-access-key-id': {
    schema: accessKeyId,
    argument: 'ID',
    doc: 'key that writes to the bucket',
    isSecret: true,
  },
  'select-secret-access-key': {
    schema: secretText,
    argument: 'SECRET',
    doc: 'secret of that key',
    isSecret: true,
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as SettingName[];
