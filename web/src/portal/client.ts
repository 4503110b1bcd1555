import type { AppsAnswer, DeviceCodeAnswer, DevicesAnswer, ErrorAnswer, HealthAnswer, MeAnswer } from './api.ts';

const TIMEOUT_MS = 15_000;

/** What the PoP refused, or that it could not be reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

/** For people: what happened, and the code that finds it in the documentation. */
export function describeError(error: unknown): string {
  if (error instanceof ApiError) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => null)) as Partial<ErrorAnswer> | null;
  const code = typeof body?.code === 'string' ? body.code : `HTTP ${response.status}`;
  const message = typeof body?.message === 'string' ? body.message : 'The PoP did not do this.';
  return new ApiError(response.status, code, message);
}

async function call(method: string, path: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { accept: 'application/json' },
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, 'OFFLINE', 'The PoP cannot be reached at the moment.');
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function read<Answer>(method: string, path: string): Promise<Answer> {
  const response = await call(method, path);
  return (await response.json()) as Answer;
}

/** One function per call of the portal API; each rejects with `ApiError`. */
export const client = {
  health: () => read<HealthAnswer>('GET', '/api/health'),
  me: () => read<MeAnswer>('GET', '/api/me'),
  apps: () => read<AppsAnswer>('GET', '/api/apps'),
  devices: () => read<DevicesAnswer>('GET', '/api/devices'),
  deviceCode: () => read<DeviceCodeAnswer>('POST', '/api/devices/code'),
  revokeDevice: async (id: string): Promise<void> => {
    await call('DELETE', `/api/devices/${encodeURIComponent(id)}`);
  },
  signOut: async (): Promise<void> => {
    await call('POST', '/api/sign-out');
  },
};
