/**
 * The error codes of this package, in the shape of the deployment's registry (one test joins both). `status` is what an
 * HTTP client gets where such an error ends a request; `retryable` says whether the same call may succeed later without
 * anybody changing anything.
 */
export const CORE_ERRORS = {
  CW_CORE_POLICY: { status: 500, retryable: false, text: 'the policy cannot be compiled' },
  CW_CORE_IMAGE: { status: 500, retryable: false, text: 'the policy image is damaged or of another version' },
  CW_CORE_ENGINE: { status: 500, retryable: false, text: 'WebAssembly with SIMD does not run here' },
  CW_CORE_MEMORY: { status: 503, retryable: false, text: 'the WebAssembly memory is at its maximum' },
  CW_CORE_SESSIONS: { status: 503, retryable: true, text: 'the policy matcher holds as many sessions as it may' },
  CW_CORE_SESSION: { status: 500, retryable: false, text: 'the policy session is closed or of another matcher' },
  CW_CORE_ARGUMENT: { status: 500, retryable: false, text: 'an app, protocol, port or method that does not exist' },
  CW_CORE_ADDRESS: { status: 400, retryable: false, text: 'this is not an IP address' },
  CW_CORE_RANGE: { status: 500, retryable: false, text: 'an offset, length, index or size outside of what there is' },
  CW_CORE_PREFIX: { status: 400, retryable: false, text: 'this is not an IP prefix or range, or has no valid value' },
  CW_CORE_NAT: { status: 500, retryable: false, text: 'a key, port, time or timeout that a flow table does not take' },
  CW_CORE_STUBS: { status: 503, retryable: true, text: 'no stub address is free' },
  CW_CORE_NAME: { status: 400, retryable: false, text: 'this is not a host name in its canonical form' },
  CW_CORE_SNAPSHOT: { status: 500, retryable: false, text: 'the stub snapshot is damaged or of another version' },
  CW_CORE_FRAMES: { status: 500, retryable: false, text: 'a frame batch that cannot be made or called like this' },
  CW_CORE_SCAN: { status: 500, retryable: false, text: 'a scanner that cannot be made or called like this' },
} as const satisfies Record<string, CoreErrorEntry>;

export interface CoreErrorEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly text: string;
}

export type CoreErrorCode = keyof typeof CORE_ERRORS;

/** Everything that this package throws. */
export class CoreError extends Error {
  readonly code: CoreErrorCode;

  constructor(code: CoreErrorCode, message?: string, options?: ErrorOptions) {
    super(message ?? CORE_ERRORS[code].text, options);
    this.name = 'CoreError';
    this.code = code;
  }

  get retryable(): boolean {
    return CORE_ERRORS[this.code].retryable;
  }
}
