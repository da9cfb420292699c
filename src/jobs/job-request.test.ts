import { describe, expect, it } from 'vitest';
import type { JobParameters } from '../api/shapes.ts';
import { readJobRequest } from './job-request.ts';

const archiveId = 'A'.repeat(138);
const topic = 'arn:aws:sns:us-west-2:111122223333:glacier-done';

const archive = (fields: JobParameters = {}): JobParameters => ({
  Type: 'archive-retrieval',
  ArchiveId: archiveId,
  ...fields,
});
const inventory = (fields: JobParameters = {}): JobParameters => ({
  Type: 'inventory-retrieval',
  ...fields,
});
const narrowed = (fields: NonNullable<JobParameters['InventoryRetrievalParameters']>) =>
  inventory({ InventoryRetrievalParameters: fields });

const plainArchive = {
  action: 'ArchiveRetrieval',
  archiveId,
  description: undefined,
  range: undefined,
  rangeText: '',
  snsTopic: undefined,
  tier: 'Standard',
};
const plainInventory = {
  action: 'InventoryRetrieval',
  description: undefined,
  format: 'JSON',
  startDate: undefined,
  endDate: undefined,
  limit: undefined,
  marker: undefined,
  snsTopic: undefined,
};

function refusal(parameters: JobParameters): { code: string; message: string } {
  try {
    readJobRequest(parameters);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
  throw new Error('It was accepted');
}

const missing = (name: string) => ({
  code: 'MissingParameterValueException',
  message: `Required parameter missing: ${name}`,
});
const invalid = (message: string) => ({ code: 'InvalidParameterValueException', message });

describe('an archive retrieval', () => {
  it.each<[what: string, fields: JobParameters, expected: object]>([
    ['nothing but the archive', {}, {}],
    [
      'a range',
      { RetrievalByteRange: '4194304-7340154' },
      {
        range: { startByte: 4_194_304, endByte: 7_340_154 },
        rangeText: '4194304-7340154',
      },
    ],
    [
      'a range of one byte',
      { RetrievalByteRange: '0-0' },
      {
        range: { startByte: 0, endByte: 0 },
        rangeText: '0-0',
      },
    ],
    ['the tier Expedited', { Tier: 'Expedited' }, { tier: 'Expedited' }],
    ['the tier Bulk', { Tier: 'Bulk' }, { tier: 'Bulk' }],
    [
      'a description',
      { Description: ' tail of the image ~' },
      { description: ' tail of the image ~' },
    ],
    [
      'the longest description',
      { Description: 'd'.repeat(1024) },
      { description: 'd'.repeat(1024) },
    ],
    ['a topic', { SNSTopic: topic }, { snsTopic: topic }],
    ['a FIFO topic', { SNSTopic: `${topic}.fifo` }, { snsTopic: `${topic}.fifo` }],
    ['a format, which is ignored', { Format: 'XML' }, {}],
    [
      'inventory parameters, which are ignored',
      {
        InventoryRetrievalParameters: { Limit: 'x' },
      },
      {},
    ],
    [
      'nulls',
      {
        Description: null,
        Format: null,
        RetrievalByteRange: null,
        SNSTopic: null,
        Tier: null,
        InventoryRetrievalParameters: null,
        SelectParameters: null,
        OutputLocation: null,
      },
      {},
    ],
    [
      'empty texts',
      {
        Description: '',
        Format: '',
        RetrievalByteRange: '',
        SNSTopic: '',
        Tier: '',
      },
      {},
    ],
  ])('with %s', (_what, fields, expected) => {
    expect(readJobRequest(archive(fields))).toEqual({ ...plainArchive, ...expected });
  });

  it.each(['7', '5-4', '-5', '5-', '0-5-9', 'bytes=0-5', '0 - 5', '00-5', '0-1e6', '-1-5'])(
    'of the range %j is refused',
    (text) => {
      const message = `Invalid byte range: ${text}`;
      expect(refusal(archive({ RetrievalByteRange: text }))).toEqual(invalid(message));
    },
  );

  it.each(['standard', 'EXPEDITED', 'Standard ', 'Fast'])('of the tier %j is refused', (tier) => {
    expect(refusal(archive({ Tier: tier }))).toEqual(invalid(`Invalid tier: ${tier}`));
  });

  it.each([null, undefined, ''])('without an archive (%j) is refused', (id) => {
    expect(refusal({ Type: 'archive-retrieval', ArchiveId: id })).toEqual(missing('archiveId'));
  });
});

describe('an inventory retrieval', () => {
  it.each<[what: string, parameters: JobParameters, expected: object]>([
    ['nothing', inventory(), {}],
    ['the format CSV', inventory({ Format: 'CSV' }), { format: 'CSV' }],
    ['the format JSON', inventory({ Format: 'JSON' }), { format: 'JSON' }],
    ['a tier, which is ignored', inventory({ Tier: 'whatever' }), {}],
    [
      'a description and a topic',
      inventory({ Description: 'd', SNSTopic: topic }),
      {
        description: 'd',
        snsTopic: topic,
      },
    ],
    ['a limit as text', narrowed({ Limit: '1000' }), { limit: '1000' }],
    ['a limit as a number', narrowed({ Limit: 1000 }), { limit: '1000' }],
    ['a limit of 1', narrowed({ Limit: 1 }), { limit: '1' }],
    ['a marker, judged later', narrowed({ Marker: 'anything' }), { marker: 'anything' }],
    ['empty parameters', narrowed({}), {}],
    [
      'nulls',
      inventory({
        ArchiveId: null,
        Format: null,
        RetrievalByteRange: null,
        InventoryRetrievalParameters: null,
      }),
      {},
    ],
    ['inner nulls', narrowed({ StartDate: null, EndDate: null, Limit: null, Marker: null }), {}],
    ['empty texts', inventory({ ArchiveId: '', Format: '', RetrievalByteRange: '' }), {}],
    ['inner empty texts', narrowed({ StartDate: '', EndDate: '', Limit: '', Marker: '' }), {}],
  ])('with %s', (_what, parameters, expected) => {
    expect(readJobRequest(parameters)).toEqual({ ...plainInventory, ...expected });
  });

  it.each<[given: string, normal: string]>([
    ['2013-03-20T17:03:43Z', '2013-03-20T17:03:43Z'],
    ['2013-03-20T17:03:43.999Z', '2013-03-20T17:03:43Z'],
    ['2013-03-20T17:03:43.1Z', '2013-03-20T17:03:43Z'],
    ['2013-03-20T17:03:43+02:00', '2013-03-20T15:03:43Z'],
    ['2013-03-20T17:03:43-0730', '2013-03-21T00:33:43Z'],
    ['2013-03-20T17:03:43.5+0200', '2013-03-20T15:03:43Z'],
    ['2013-03-01T00:30:00+01:00', '2013-02-28T23:30:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
  ])('from and to %s, which is %s', (given, normal) => {
    const request = readJobRequest(narrowed({ StartDate: given, EndDate: given }));
    expect(request).toEqual({ ...plainInventory, startDate: normal, endDate: normal });
  });

  const badDates = [
    'yesterday',
    '2013-03-20',
    '2013-03-20T17:03Z',
    '2013-03-20T17:03:43',
    '2013-03-20 17:03:43Z',
    '20130320T170343Z',
    '1363799023',
    '2013-02-29T00:00:00Z',
    '2013-02-31T00:00:00Z',
    '2013-04-31T00:00:00Z',
    '2013-03-00T00:00:00Z',
    '2013-03-32T00:00:00Z',
    '2013-00-20T00:00:00Z',
    '2013-13-20T00:00:00Z',
    '2013-03-20T25:00:00Z',
    '2013-03-20T17:60:00Z',
    '2013-03-20T17:03:60Z',
    '2013-03-20T17:03:43+99:99',
    '2013-03-20T17:03:43Z\n',
    '٢٠١٣-03-20T17:03:43Z',
  ];

  it.each(badDates)('from or to %j is refused', (text) => {
    const start = refusal(narrowed({ StartDate: text }));
    expect(start).toEqual(invalid(`Invalid StartDate: ${text}`));
    const end = refusal(narrowed({ EndDate: text }));
    expect(end).toEqual(invalid(`Invalid EndDate: ${text}`));
  });

  it.each(['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+01:00'])(
    'from %s is refused, or has four digits for the year',
    (text) => {
      let outcome: string | undefined;
      try {
        const request = readJobRequest(narrowed({ StartDate: text }));
        outcome = request.action === 'InventoryRetrieval' ? request.startDate : undefined;
      } catch (error) {
        expect(error).toMatchObject(invalid(`Invalid StartDate: ${text}`));
        return;
      }
      expect(outcome).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    },
  );

  it('cannot end before it starts, whatever the offsets', () => {
    const start = '2026-01-01T00:00:00Z';
    expect(refusal(narrowed({ StartDate: start, EndDate: '2025-12-31T23:59:59Z' }))).toMatchObject({
      code: 'InvalidParameterValueException',
    });
    const late = { StartDate: start, EndDate: '2026-01-01T00:30:00+01:00' };
    expect(refusal(narrowed(late)).code).toBe('InvalidParameterValueException');
    const early = { StartDate: '2026-01-01T00:30:00+01:00', EndDate: start };
    expect(readJobRequest(narrowed(early))).toMatchObject({ startDate: '2025-12-31T23:30:00Z' });
  });

  it.each([0, -1, 1.5, Number.NaN, 1e21, '0', '-1', '1.5', 'all', '01', ' 1', '1e3'])(
    'of the limit %j is refused',
    (limit) => {
      expect(refusal(narrowed({ Limit: limit }))).toEqual(invalid(`Invalid limit: ${limit}`));
    },
  );

  it.each(['csv', 'json', 'XML', 'JSON '])('in the format %j is refused', (format) => {
    expect(refusal(inventory({ Format: format }))).toEqual(invalid(`Invalid format: ${format}`));
  });

  it.each<JobParameters>([{ ArchiveId: archiveId }, { RetrievalByteRange: '0-1048575' }])(
    'with %j is refused',
    (fields) => {
      expect(refusal(inventory(fields)).code).toBe('InvalidParameterValueException');
    },
  );
});

describe('a job of either type', () => {
  const types = [archive, inventory];

  it.each(['d'.repeat(1025), 'tab\t', 'line\n', 'ä', '\u007f'])(
    'cannot be described %j',
    (text) => {
      for (const type of types) {
        const found = refusal(type({ Description: text }));
        expect(found).toEqual(invalid(`Invalid description: ${text}`));
      }
    },
  );

  it.each([
    'glacier-done',
    'arn:aws:sqs:us-west-2:111122223333:glacier-done',
    'arn:aws:sns:us-west-2:1111:glacier-done',
    'arn:aws:sns:us-west-2:111122223333:',
    'arn:aws:sns:us-west-2:111122223333:a/b',
    `${topic}.txt`,
    ` ${topic}`,
  ])('cannot notify %j', (text) => {
    for (const type of types) {
      expect(refusal(type({ SNSTopic: text }))).toEqual(invalid(`Invalid SNS topic: ${text}`));
    }
  });
});

describe('a job of another type', () => {
  it.each([null, undefined, ''])('%j is a missing one', (type) => {
    expect(refusal({ Type: type, ArchiveId: archiveId })).toEqual(missing('type'));
  });

  it.each(['Archive-Retrieval', 'archive_retrieval', 'ArchiveRetrieval', 'inventory', ' '])(
    '%j is refused',
    (type) => {
      expect(refusal({ Type: type })).toEqual(invalid(`Invalid job type: ${type}`));
    },
  );

  it.each<[fields: JobParameters, answer: object]>([
    [{}, missing('archiveId')],
    [{ ArchiveId: archiveId }, missing('selectParameters')],
    [{ ArchiveId: archiveId, SelectParameters: {} }, missing('outputLocation')],
    [{ ArchiveId: archiveId, SelectParameters: {}, OutputLocation: {} }, missing('expression')],
  ])('select with %j is refused', (fields, answer) => {
    expect(refusal({ Type: 'select', ...fields })).toEqual(answer);
  });
});
