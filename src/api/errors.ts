/**
 * The error codes of the Glacier API: one table, translated to a status at the edge.
 *
 * Source: the error table of the Glacier developer guide, corrected by observation where a client
 * showed otherwise (InsufficientCapacityException is 503, authentication failures are 400 or 403).
 */

/** Whose fault an error is, as the answer's `type` says it. */
export type ErrorType = 'Client' | 'Server';

interface ErrorRow {
  readonly status: number;
  readonly type: ErrorType;
}

/** Every code that an answer can carry, with its HTTP status and whose fault it is. */
export const errorTable = {
  AccessDeniedException: { status: 403, type: 'Client' },
  BadRequest: { status: 400, type: 'Client' },
  ExpiredTokenException: { status: 403, type: 'Client' },
  InsufficientCapacityException: { status: 503, type: 'Server' },
  InvalidParameterValueException: { status: 400, type: 'Client' },
  InvalidSignatureException: { status: 403, type: 'Client' },
  LimitExceededException: { status: 400, type: 'Client' },
  MissingAuthenticationTokenException: { status: 400, type: 'Client' },
  MissingParameterValueException: { status: 400, type: 'Client' },
  NoLongerSupportedException: { status: 400, type: 'Client' },
  PolicyEnforcedException: { status: 400, type: 'Client' },
  RequestTimeoutException: { status: 408, type: 'Client' },
  ResourceNotFoundException: { status: 404, type: 'Client' },
  SerializationException: { status: 400, type: 'Client' },
  ServiceUnavailableException: { status: 500, type: 'Server' },
  ThrottlingException: { status: 400, type: 'Client' },
  UnrecognizedClientException: { status: 400, type: 'Client' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** Errors of the layer in front of the service, which proves who is calling. */
export const signatureErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ExpiredTokenException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);

/** A refusal in Glacier's words. Thrown by the domain, turned into an answer by `http/reply.ts`. */
export class GlacierError extends Error {
  override readonly name = 'GlacierError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  get type(): ErrorType {
    return errorTable[this.code].type;
  }
}

/** 400 InvalidParameterValueException with the given message. */
export function invalidParameter(message: string): GlacierError {
  return new GlacierError('InvalidParameterValueException', message);
}

/** 400 MissingParameterValueException in the one wording that Glacier uses for it (observed). */
export function missingParameter(name: string): GlacierError {
  return new GlacierError('MissingParameterValueException', `Required parameter missing: ${name}`);
}

/** 404 ResourceNotFoundException with the given message. */
export function notFound(message: string): GlacierError {
  return new GlacierError('ResourceNotFoundException', message);
}

/** 403 for a body that is not the one that was signed (observed, to the letter). */
export function payloadHashMismatch(expected: string, computed: string): GlacierError {
  return new GlacierError(
    'InvalidSignatureException',
    `The value passed in as x-amz-content-sha256 does not match the computed payload hash. Computed digest: ${computed} expected hash: ${expected}`,
  );
}
