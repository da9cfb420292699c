/** From a request to the typed input of its operation: shapes only, missing first, then invalid. */
import { GlacierError, invalidParameter, missingParameter } from '../api/errors.ts';
import type { Operation } from '../api/operations.ts';
import type { ReceivedRequest } from '../sigv4/received-request.ts';

export type Input = Readonly<Record<string, unknown>>;

/**
 * Reads the fields that travel in headers and query.
 *
 * @throws GlacierError for the first that is missing or, when none is, the first that is invalid
 */
export function bindFields(operation: Operation, request: ReceivedRequest): Input {
  const texts = Object.entries(operation.fields).map(([key, field]) => {
    const given =
      field.place === 'header'
        ? request.headers.get(field.name.toLowerCase())
        : firstOf(request.query[field.name]);
    return { key, field, text: given?.trim() === '' ? undefined : given };
  });
  const missing = texts.find(({ field, text }) => field.required && text === undefined);
  if (missing) throw missingParameter(missing.field.name);
  return Object.fromEntries(
    texts.map(({ key, field, text }) => {
      if (text === undefined) return [key, undefined];
      const parsed = field.schema.safeParse(text);
      if (!parsed.success) throw invalidParameter(field.invalid(text));
      return [key, parsed.data];
    }),
  );
}

/**
 * Reads a JSON body, whatever its Content-Type says: real clients send it as a form, or without any.
 *
 * @returns undefined for an empty body
 * @throws GlacierError SerializationException for what is not an object of the right types
 */
export function bindJson(operation: Operation, body: Buffer): unknown {
  if (typeof operation.body === 'string' || body.length === 0) return undefined;
  const parsed = operation.body.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  throw serialization(`${place}${issue?.message}`);
}

/**
 * BytesPerHour may have more digits than a number holds: it becomes text, with all of them. Inside of
 * a string its quotes would be escaped, so only the field itself is found.
 */
const longBytesPerHour = /("BytesPerHour"\s*:\s*)(-?[1-9][0-9]{15,})(?![0-9.eE])/g;

function parseJson(body: Buffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    return JSON.parse(text.replaceAll(longBytesPerHour, '$1"$2"'));
  } catch (error) {
    throw serialization((error as Error).message);
  }
}

function serialization(detail: string): GlacierError {
  return new GlacierError('SerializationException', `Invalid JSON: ${detail}`);
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
