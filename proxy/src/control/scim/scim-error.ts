import { CausewayError, codeOf } from '@causeway/contract';
import { retryAfter } from '../../pages/retry-after.ts';

/** RFC 7644 §3.12, table 9. */
export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue';

/** What a SCIM client did that cannot be done; the message goes to it. */
export class ScimError extends CausewayError {
  readonly httpStatus: number;
  readonly scimType: ScimType | null;

  constructor(httpStatus: number, scimType: ScimType | null, detail: string) {
    super('CW_REQUEST_INVALID', detail);
    this.name = 'ScimError';
    this.httpStatus = httpStatus;
    this.scimType = scimType;
  }
}

export function invalid(scimType: ScimType, detail: string): ScimError {
  return new ScimError(400, scimType, detail);
}

export interface ErrorAnswer {
  readonly status: number;
  readonly body: object;
  /** Seconds until it may work. */
  readonly retryAfter: number | null;
  /** A fault of ours, for the log. */
  readonly fault: boolean;
}

const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** Anything thrown as what a SCIM client understands; what is ours is said without its message. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const error = thrown instanceof ScimError ? thrown : translated(thrown);
  return {
    status: error.httpStatus,
    body: {
      schemas: [ERROR_SCHEMA],
      status: String(error.httpStatus),
      ...(error.scimType === null ? {} : { scimType: error.scimType }),
      detail: error.message,
    },
    retryAfter: error.httpStatus === 429 || error.httpStatus === 503 ? seconds(thrown) : null,
    fault: error.httpStatus === 500,
  };
}

/** A provisioner comes back when the store may be there again. */
function seconds(thrown: unknown): number {
  return codeOf(thrown) === 'CW_STORE_LOST' ? retryAfter('CW_STORE_LOST') : 2;
}

function translated(thrown: unknown): ScimError {
  const message = thrown instanceof CausewayError ? thrown.message : '';
  switch (codeOf(thrown)) {
    case 'CW_NOT_FOUND':
      return new ScimError(404, null, message);
    case 'CW_CONFLICT':
      return new ScimError(409, 'uniqueness', message);
    case 'CW_REQUEST_INVALID':
      return new ScimError(400, 'invalidValue', message);
    case 'CW_PRECONDITION_FAILED':
      return new ScimError(412, null, message);
    case 'CW_BUSY':
    case 'CW_STORE_FAILED':
    case 'CW_STORE_LOST':
      return new ScimError(503, null, 'the directory cannot answer at the moment');
    default:
      return new ScimError(500, null, 'a fault of Causeway itself');
  }
}
