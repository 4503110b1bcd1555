/**
 * The one registry of Causeway's error codes (wasm-core declares its own `CW_CORE_*`; a test joins both and compares
 * them with `docs/errors.md`). `status` is the HTTP status a person or API client gets when the error ends a request;
 * `retryable` says whether the same call may succeed later without anybody changing anything; `goAway` is the yamux
 * go-away code where the error ends a tunnel.
 */
export const ERRORS = {
  // configuration and start
  CW_CONFIG_INVALID: { status: 500, retryable: false, text: 'the configuration does not describe a PoP that can run' },
  CW_CONFIG_MISSING: { status: 500, retryable: false, text: 'a configuration file that was named does not exist' },
  CW_USAGE: { status: 500, retryable: false, text: 'the command line is not one that the program knows' },
  CW_PORT_IN_USE: { status: 500, retryable: false, text: 'another process listens on the port' },
  CW_DATA_LOCKED: { status: 500, retryable: false, text: 'another PoP uses the data folder' },
  CW_DATA_UNUSABLE: { status: 500, retryable: false, text: 'the data folder cannot be read or written' },
  CW_MASTER_KEY_MISSING: { status: 500, retryable: false, text: 'the master key is not where it should be' },
  CW_MASTER_KEY_INVALID: { status: 500, retryable: false, text: 'what should be the master key is none' },
  CW_MASTER_KEY_WRONG: { status: 500, retryable: false, text: 'another master key has sealed the store’s secrets' },
  CW_SECRET_DAMAGED: { status: 500, retryable: false, text: 'a sealed secret of the store was changed or moved' },
  CW_BACKUP_DAMAGED: { status: 500, retryable: false, text: 'the backup is none, or not whole' },
  CW_BACKUP_REFUSED: { status: 500, retryable: false, text: 'this version cannot back up or restore this' },
  CW_RESTORE_NOT_EMPTY: { status: 500, retryable: false, text: 'a backup is restored only where nothing is yet' },
  CW_CLOCK_SKEW: { status: 500, retryable: true, text: 'this clock and the other side’s differ too much' },
  CW_CHILD_FAILED: { status: 500, retryable: true, text: 'a process of the PoP ended again and again' },

  // requests
  CW_REQUEST_INVALID: { status: 400, retryable: false, text: 'the request is malformed or ambiguous' },
  CW_METHOD_REFUSED: { status: 405, retryable: false, text: 'the method is never forwarded' },
  CW_HEAD_TOO_LARGE: { status: 431, retryable: false, text: 'the head of the request is larger than allowed' },
  CW_HOST_FOREIGN: { status: 421, retryable: false, text: 'the host does not belong to this PoP' },
  CW_ORIGIN_FOREIGN: { status: 403, retryable: false, text: 'the request comes from a foreign origin' },
  CW_LOGIN_REQUIRED: { status: 401, retryable: false, text: 'nobody is signed in' },
  CW_APP_UNKNOWN: { status: 404, retryable: false, text: 'there is no such app, or not for this person' },
  CW_POLICY_BLOCKED: { status: 403, retryable: false, text: 'a rule blocks this with a notice' },
  CW_ACCESS_ENDED: { status: 401, retryable: false, text: 'access was ended while the stream was open' },
  CW_UNAUTHENTICATED: { status: 401, retryable: false, text: 'the request carries no live token or session' },
  CW_FORBIDDEN: { status: 403, retryable: false, text: 'the role of the caller does not permit this' },
  CW_STEP_UP_REQUIRED: { status: 403, retryable: false, text: 'prove again who you are before you do this' },
  CW_PRECONDITION_REQUIRED: { status: 428, retryable: false, text: 'say with If-Match which revision you have seen' },
  CW_BODY_TOO_LARGE: { status: 413, retryable: false, text: 'the body of the request is larger than allowed' },
  CW_MEDIA_TYPE: { status: 415, retryable: false, text: 'the body of the request is not of a type that is read here' },
  CW_RATE_LIMITED: { status: 429, retryable: true, text: 'more requests than are allowed in so short a time' },
  CW_TIMEOUT: { status: 504, retryable: true, text: 'it takes too long; whether it was done is not known' },
  CW_BUSY: { status: 503, retryable: true, text: 'a bounded queue is full' },

  // objects
  CW_INPUT_INVALID: { status: 422, retryable: false, text: 'what was sent does not describe such an object' },
  CW_NOT_FOUND: { status: 404, retryable: false, text: 'there is no such object' },
  CW_CONFLICT: { status: 409, retryable: false, text: 'the object is there already, or in a state that forbids it' },
  CW_PRECONDITION_FAILED: { status: 412, retryable: false, text: 'somebody else has changed the object meanwhile' },
  CW_MANAGED: { status: 409, retryable: false, text: 'the configuration file manages the object; change it there' },

  // upstream
  CW_NO_PUBLISHER: { status: 502, retryable: true, text: 'no publisher of the app is connected' },
  CW_PUBLISHER_LOST: { status: 502, retryable: true, text: 'the publisher’s tunnel ended in the middle' },
  CW_PUBLISHER_REFUSED: {
    status: 502,
    retryable: false,
    text: 'the publisher’s own allow-list does not permit the target',
  },
  CW_DNS_FAILED: { status: 502, retryable: true, text: 'the publisher could not resolve the app’s name' },
  CW_APP_REFUSED: { status: 502, retryable: true, text: 'the app refused the connection' },
  CW_APP_UNREACHABLE: { status: 502, retryable: true, text: 'the app cannot be reached from the publisher' },
  CW_APP_TIMEOUT: { status: 504, retryable: true, text: 'the app did not answer in time' },
  CW_APP_TLS: { status: 502, retryable: false, text: 'the app’s certificate is not trusted' },
  CW_APP_GARBAGE: { status: 502, retryable: false, text: 'the app’s answer is not HTTP, or is ambiguous' },

  // identity
  CW_SAML_NO_PENDING: { status: 403, retryable: false, text: 'a SAML response that nobody waits for in this browser' },
  CW_SAML_TOO_LARGE: { status: 413, retryable: false, text: 'the SAML response is larger than allowed' },
  CW_SAML_SHAPE: { status: 403, retryable: false, text: 'the SAML response holds what is never allowed in one' },
  CW_SAML_ALGORITHM: {
    status: 403,
    retryable: false,
    text: 'the SAML response names an algorithm that is not allowed',
  },
  CW_SAML_SIGNATURE: {
    status: 403,
    retryable: false,
    text: 'the SAML response is not signed by the identity provider',
  },
  CW_SAML_SEMANTICS: { status: 403, retryable: false, text: 'the SAML response is signed, but not for this login' },
  CW_SAML_REPLAY: { status: 403, retryable: false, text: 'the SAML assertion was used before' },
  CW_SAML_DENIED: { status: 403, retryable: false, text: 'the identity provider answered that the login failed' },
  CW_SAML_TIMEOUT: { status: 503, retryable: true, text: 'checking the SAML response took too long' },
  CW_PERSON_INACTIVE: { status: 403, retryable: false, text: 'this person was deactivated' },
  CW_PERSON_UNKNOWN: {
    status: 403,
    retryable: false,
    text: 'the identity provider has not provisioned this person here',
  },
  CW_TICKET_INVALID: {
    status: 403,
    retryable: false,
    text: 'a sign-on ticket that is unknown, used, late or for another browser',
  },
  CW_CSRF: { status: 403, retryable: false, text: 'a state-changing request without proof of origin' },

  // devices, publishers, certificates
  CW_TOKEN_INVALID: { status: 403, retryable: false, text: 'the join token is unknown, used or expired' },
  CW_CA_MISMATCH: {
    status: 403,
    retryable: false,
    text: 'the PoP’s certificate does not chain to the CA that the join token names',
  },
  CW_CSR_INVALID: {
    status: 400,
    retryable: false,
    text: 'the certificate request is malformed or names something else',
  },
  CW_DEVICE_LIMIT: { status: 403, retryable: false, text: 'this person has as many devices as are allowed' },
  CW_DEVICE_QUARANTINED: {
    status: 403,
    retryable: false,
    text: 'an administrator has put this device into quarantine',
  },
  CW_CERT_REQUIRED: { status: 403, retryable: false, text: 'without a certificate a peer may only enrol' },
  CW_CERT_EXPIRED: { status: 403, retryable: false, text: 'with an expired certificate a peer may only renew' },
  CW_CERT_FOREIGN: { status: 403, retryable: false, text: 'the certificate was not issued by this deployment' },
  CW_CERT_REVOKED: { status: 403, retryable: false, text: 'the device or publisher was revoked' },
  CW_NOT_ENROLLED: { status: 403, retryable: false, text: 'this device or publisher has not enrolled yet' },

  // tunnel
  CW_MUX_VERSION: { status: 502, retryable: false, goAway: 1, text: 'a frame of another protocol version' },
  CW_MUX_TYPE: { status: 502, retryable: false, goAway: 1, text: 'a frame of an unknown type' },
  CW_MUX_FLAGS: {
    status: 502,
    retryable: false,
    goAway: 1,
    text: 'flags that cannot stand together, or on this stream',
  },
  CW_MUX_STREAM_ID: {
    status: 502,
    retryable: false,
    goAway: 1,
    text: 'a stream id that the peer may not open, or that is open',
  },
  CW_MUX_WINDOW: { status: 502, retryable: false, goAway: 1, text: 'more data than the window allows' },
  CW_MUX_STREAMS: { status: 503, retryable: true, goAway: 1, text: 'more streams than allowed' },
  CW_MUX_FLOOD: {
    status: 502,
    retryable: false,
    goAway: 1,
    text: 'more control frames than a well-behaved peer sends',
  },
  CW_MUX_TIMEOUT: { status: 504, retryable: true, goAway: 2, text: 'the peer does not answer keep-alives' },
  CW_TUNNEL_CLOSED: { status: 502, retryable: true, text: 'the tunnel is closed or draining' },
  CW_STREAM_RESET: { status: 502, retryable: true, text: 'the other side reset the stream' },
  CW_OPEN_INVALID: { status: 400, retryable: false, text: 'the header that begins a stream is malformed' },
  CW_OPEN_TIMEOUT: {
    status: 504,
    retryable: true,
    text: 'the header that begins a stream, or its answer, did not come',
  },
  CW_VERSION_UNSUPPORTED: { status: 400, retryable: false, text: 'the peers have no protocol version in common' },
  CW_MESSAGE_INVALID: { status: 400, retryable: false, text: 'a control message that the schema does not know' },

  // inside the PoP
  CW_RPC_TIMEOUT: { status: 503, retryable: true, text: 'the control process did not answer in time' },
  CW_RPC_CLOSED: { status: 503, retryable: true, text: 'the control process is not connected' },
  CW_STORE_FAILED: { status: 503, retryable: true, text: 'the store did not take a write or answer a read' },
  CW_STORE_LOST: {
    status: 503,
    retryable: true,
    text: 'access cannot be checked: what is established goes on for a while, nothing new begins',
  },
  CW_SNAPSHOT_REFUSED: {
    status: 422,
    retryable: false,
    text: 'a configuration snapshot did not compile and was refused whole',
  },
  CW_INTERNAL: { status: 500, retryable: false, text: 'a fault of Causeway itself' },

  // agent
  CW_PROXY_FOREIGN_USER: { status: 403, retryable: false, text: 'the local proxy serves only the user who runs it' },
  CW_PROXY_REQUEST: { status: 400, retryable: false, text: 'the local proxy does not understand the request' },
  CW_AGENT_OFFLINE: { status: 503, retryable: true, text: 'the agent has no tunnel to a PoP at the moment' },
} as const satisfies Record<string, ErrorEntry>;

export interface ErrorEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly text: string;
  readonly goAway?: number;
}

export type ErrorCode = keyof typeof ERRORS;

/** One of several things that are wrong: of an object where `kind` and `name` say so, else of what was sent. */
export interface ErrorProblem {
  readonly kind?: string;
  readonly name?: string;
  /** `ports[1]`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export interface CausewayErrorOptions extends ErrorOptions {
  readonly problems?: readonly ErrorProblem[];
}

/** Every error that crosses a boundary of Causeway. `message` is for the log; people get `ERRORS[code].text`. */
export class CausewayError extends Error {
  readonly code: ErrorCode;
  /** Each thing that is wrong, where there is more to say than the message. */
  readonly problems: readonly ErrorProblem[];

  constructor(code: ErrorCode, message?: string, options?: CausewayErrorOptions) {
    super(message ?? ERRORS[code].text, options);
    this.name = 'CausewayError';
    this.code = code;
    this.problems = options?.problems ?? [];
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/** The code of anything thrown; what is not ours is `CW_INTERNAL`. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof CausewayError ? error.code : 'CW_INTERNAL';
}
