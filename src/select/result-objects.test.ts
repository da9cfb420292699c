import { describe, expect, it } from 'vitest';
import {
  partBytes,
  type ResultOptions,
  ResultWriteError,
  type ResultWriter,
  writeResults,
} from './result-objects.ts';
import { SelectError } from './select-error.ts';
import { readSelectRequest } from './select-request.ts';

const request = readSelectRequest({
  SelectParameters: { Expression: 'select * from archive', ExpressionType: 'SQL' },
  OutputLocation: { S3: { BucketName: 'results', Prefix: 'a/b', StorageClass: 'STANDARD' } },
});

/** Keeps the order of keys, the lengths, and texts that are not long. */
class Recorder implements ResultWriter {
  readonly puts: { key: string; length: number; text: string; options: ResultOptions }[] = [];

  put(key: string, body: Uint8Array, options: ResultOptions): Promise<void> {
    const text = body.length < 10_000 ? Buffer.from(body).toString() : '';
    this.puts.push({ key, length: body.length, text, options });
    return Promise.resolve();
  }

  get keys(): string[] {
    return this.puts.map(({ key }) => key);
  }

  jsonOf(key: string): unknown {
    return JSON.parse(this.puts.find((it) => it.key === key)?.text ?? '');
  }
}

async function* piecesOf(...pieces: (Uint8Array | Error)[]) {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

const job = (writer: ResultWriter, pieces: AsyncIterable<Uint8Array>) =>
  writeResults({ writer, jobId: 'J', request, description: { JobId: 'J', Tier: null }, pieces });

describe('the results of a select job', () => {
  it('begin with what was asked for and end with a manifest', async () => {
    const writer = new Recorder();
    const pieces = piecesOf(Buffer.from('a\n'), Buffer.from('b\n'));
    expect(await job(writer, pieces)).toBe('Succeeded');
    expect(writer.keys).toEqual([
      'a/b/J/job.txt',
      'a/b/J/results/part-00000',
      'a/b/J/result_manifest.txt',
    ]);
    expect(writer.jsonOf('a/b/J/job.txt')).toEqual({ JobId: 'J', Tier: null });
    expect(writer.puts[1]?.text).toBe('a\nb\n');
    expect(writer.jsonOf('a/b/J/result_manifest.txt')).toEqual({
      JobId: 'J',
      Results: [{ Key: 'a/b/J/results/part-00000', SizeInBytes: 4 }],
    });
    expect(writer.puts.map(({ options }) => options.contentType)).toEqual([
      'application/json',
      'text/csv',
      'application/json',
    ]);
    for (const { options } of writer.puts) expect(options.location).toBe(request.location);
  });

  it('may be nothing', async () => {
    const writer = new Recorder();
    expect(await job(writer, piecesOf())).toBe('Succeeded');
    expect(writer.keys).toEqual(['a/b/J/job.txt', 'a/b/J/result_manifest.txt']);
  });

  it('are cut between pieces, at 64 MiB', async () => {
    const writer = new Recorder();
    const piece = Buffer.alloc(partBytes / 4);
    const pieces = piecesOf(
      piece,
      piece,
      piece,
      piece,
      Buffer.alloc(1),
      piece,
      piece,
      piece,
      piece,
    );
    expect(await job(writer, pieces)).toBe('Succeeded');
    expect(writer.puts.slice(1, -1).map(({ key, length }) => [key, length])).toEqual([
      ['a/b/J/results/part-00000', partBytes],
      ['a/b/J/results/part-00001', (partBytes / 4) * 3 + 1],
      ['a/b/J/results/part-00002', partBytes / 4],
    ]);
  });

  it('tell of an error of the data', async () => {
    const writer = new Recorder();
    const error = new SelectError('CastFailed', 'Record 7: no');
    expect(await job(writer, piecesOf(Buffer.from('a\n'), error))).toBe('Failed');
    expect(writer.keys).toEqual([
      'a/b/J/job.txt',
      'a/b/J/errors/part-00000',
      'a/b/J/error_manifest.txt',
    ]);
    expect(writer.jsonOf('a/b/J/errors/part-00000')).toEqual({
      ErrorCode: 'CastFailed',
      ErrorMessage: 'Record 7: no',
    });
    expect(writer.jsonOf('a/b/J/error_manifest.txt')).toEqual({
      JobId: 'J',
      Errors: [{ Key: 'a/b/J/errors/part-00000' }],
      Results: [],
    });
  });

  it('name the parts that were written before an error', async () => {
    const writer = new Recorder();
    const error = new SelectError('CastFailed', 'no');
    const pieces = piecesOf(Buffer.alloc(partBytes), Buffer.alloc(1), error);
    expect(await job(writer, pieces)).toBe('Failed');
    expect(writer.jsonOf('a/b/J/error_manifest.txt')).toMatchObject({
      Results: [{ Key: 'a/b/J/results/part-00000', SizeInBytes: partBytes }],
    });
  });

  it('stop at other errors, without a manifest', async () => {
    const writer = new Recorder();
    await expect(job(writer, piecesOf(new Error('the disk is gone')))).rejects.toThrow('the disk');
    expect(writer.keys).toEqual(['a/b/J/job.txt']);
  });

  it('are not begun when the bucket may not be written to', async () => {
    let isRead = false;
    async function* unread() {
      isRead = true;
      yield Buffer.from('a\n');
    }
    const refusal = new ResultWriteError('AccessDenied: no', { isRefusal: true });
    const writer: ResultWriter = { put: () => Promise.reject(refusal) };
    await expect(job(writer, unread())).rejects.toBe(refusal);
    expect(isRead).toBe(false);
  });

  it('have the same keys when the job is done again', async () => {
    const [first, second] = [new Recorder(), new Recorder()];
    const pieces = () => piecesOf(Buffer.alloc(partBytes), Buffer.alloc(5));
    await job(first, pieces());
    await job(second, pieces());
    expect(second.keys).toEqual(first.keys);
  });
});
