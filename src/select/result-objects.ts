/**
 * What a select job writes to the object store, under `{Prefix}/{jobId}/`:
 *
 *   job.txt                what was asked for; written first, so that a bucket that may not be written
 *                          to is found before the archive is read (documented)
 *   results/part-00000     the results, at most 64 MiB each, cut between records
 *   errors/part-00000      why the job failed
 *   result_manifest.txt    written last when the job succeeded: what lies there (documented)
 *   error_manifest.txt     written last when it failed
 *
 * Names and what the manifests say are chosen. All are JSON but the results. The same job writes the
 * same keys again, so one that was interrupted is simply repeated.
 */
import type { ResultLocation } from './result-location.ts';
import { SelectError } from './select-error.ts';
import { resultPath, type SelectRequest } from './select-request.ts';

/** Where results are put. */
export interface ResultWriter {
  /**
   * Puts a whole object, in place of one that has the key already. It is durable on return. The
   * bytes must not change before, and may after.
   * @throws ResultWriteError
   */
  put(key: string, body: Uint8Array, options: ResultOptions): Promise<void>;
}

export interface ResultOptions {
  readonly contentType: string;
  /** What the object carries: class, access, encryption, tags, metadata. */
  readonly location: ResultLocation;
  /** Gives the object up. */
  readonly signal?: AbortSignal | undefined;
}

/** An object could not be put. */
export class ResultWriteError extends Error {
  override readonly name = 'ResultWriteError';
  /** The store refused it, and would again; otherwise it is worth another try later. */
  readonly isRefusal: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isRefusal: boolean }) {
    super(message, options);
    this.isRefusal = options.isRefusal;
  }
}

/** Of an object of results, and of the buffer that it is gathered in. */
export const partBytes = 64 * 1024 * 1024;

interface WrittenObject {
  readonly Key: string;
  readonly SizeInBytes: number;
}

/**
 * @param pieces of the results; a piece is never cut
 * @returns Failed when `pieces` threw a SelectError, of which the error object tells
 * @throws ResultWriteError, and whatever else `pieces` throws
 */
export async function writeResults(job: {
  readonly writer: ResultWriter;
  readonly jobId: string;
  readonly request: SelectRequest;
  /** What job.txt is to say: anything that JSON can hold. */
  readonly description: object;
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Gives up the object that is being put, too. */
  readonly signal?: AbortSignal | undefined;
}): Promise<'Succeeded' | 'Failed'> {
  const path = resultPath(job.request.location.prefix, job.jobId);
  const { signal } = job;
  const { location } = job.request;
  const put = (name: string, body: Uint8Array, contentType: string): Promise<void> =>
    job.writer.put(path + name, body, { contentType, location, signal });
  const putJson = (name: string, value: object): Promise<void> =>
    put(name, Buffer.from(`${JSON.stringify(value, null, 2)}\n`), 'application/json');

  await putJson('job.txt', job.description);
  const results: WrittenObject[] = [];
  try {
    for await (const part of partsOf(job.pieces)) {
      const name = `results/part-${String(results.length).padStart(5, '0')}`;
      await put(name, part, 'text/csv');
      results.push({ Key: path + name, SizeInBytes: part.length });
    }
  } catch (error) {
    if (!(error instanceof SelectError)) throw error;
    const name = 'errors/part-00000';
    await putJson(name, { ErrorCode: error.code, ErrorMessage: error.message });
    const errors = [{ Key: path + name }];
    await putJson('error_manifest.txt', { JobId: job.jobId, Errors: errors, Results: results });
    return 'Failed';
  }
  await putJson('result_manifest.txt', { JobId: job.jobId, Results: results });
  return 'Succeeded';
}

/**
 * The pieces gathered into parts. One buffer serves all: a part is valid until the next is asked for.
 * Its memory is taken as it fills.
 */
async function* partsOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(partBytes);
  let length = 0;
  for await (const piece of pieces) {
    if (piece.length > partBytes) throw new RangeError('A piece is longer than a part.');
    if (length + piece.length > partBytes) {
      yield buffer.subarray(0, length);
      length = 0;
    }
    buffer.set(piece, length);
    length += piece.length;
  }
  if (length > 0) yield buffer.subarray(0, length);
}
