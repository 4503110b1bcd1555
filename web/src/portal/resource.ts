import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from './client.ts';

/** What a part of the page knows of what it shows. A failed refresh keeps the last value. */
export type Resource<Value> =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: ApiError }
  | { readonly state: 'ready'; readonly value: Value };

/** Loads once, again on `reload`, and every `everyMs` while the page is visible (0: never). */
export function useResource<Value>(
  load: () => Promise<Value>,
  everyMs = 0,
): { readonly resource: Resource<Value>; readonly reload: () => Promise<void> } {
  const [resource, setResource] = useState<Resource<Value>>({ state: 'loading' });
  const latest = useRef(0);

  const reload = useCallback(async () => {
    const turn = ++latest.current;
    let next: Resource<Value>;
    try {
      next = { state: 'ready', value: await load() };
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError(0, 'PORTAL', String(error));
      if (known.status === 401) return leaveToLogin();
      next = { state: 'failed', error: known };
    }
    if (turn !== latest.current) return;
    setResource((last) => (next.state === 'failed' && last.state === 'ready' ? last : next));
  }, [load]);

  useEffect(() => {
    void reload();
    return () => {
      latest.current++;
    };
  }, [reload]);

  useEffect(() => {
    if (everyMs === 0) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void reload();
    }, everyMs);
    return () => clearInterval(timer);
  }, [reload, everyMs]);

  return { resource, reload };
}

/** The session ended elsewhere, or by its age: the portal's own address begins a login. */
export function leaveToLogin(): void {
  location.assign('/');
}
