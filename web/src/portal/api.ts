/**
 * The portal API of the login host: JSON, same origin, with the login cookie. The PoP answers these shapes and the
 * portal reads them; both import this file for its types alone. Times are milliseconds since 1970.
 */

/** `GET /api/health`, for everybody; 503 when nothing works any more. */
export interface HealthAnswer {
  readonly ready: boolean;
  /** While the store does not answer: established access goes on until `graceEnds`, nothing new begins. */
  readonly storeLost: { readonly since: number; readonly graceEnds: number } | null;
}

/** `GET /api/me`; 401 when nobody is signed in. */
export interface MeAnswer {
  readonly user: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  readonly session: { readonly createdAt: number; readonly expiresAt: number };
}

/** `GET /api/apps`: what the policy allows this person, and nothing else. */
export interface AppsAnswer {
  readonly apps: readonly PortalApp[];
}

export interface PortalApp {
  readonly name: string;
  readonly description: string;
  /** The whole custom URL, `https://intranet.example:8443/`; `null` for an app that only devices reach. */
  readonly url: string | null;
  /** What devices call it. */
  readonly hosts: readonly string[];
}

/** `GET /api/devices` */
export interface DevicesAnswer {
  readonly devices: readonly PortalDevice[];
}

export interface PortalDevice {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
  readonly connected: boolean;
}

/** `POST /api/devices/code`: works once. */
export interface DeviceCodeAnswer {
  readonly token: string;
  /** What to run on the device, token included. */
  readonly command: string;
  readonly expiresAt: number;
}

/** The body of every answer that is not 2xx. */
export interface ErrorAnswer {
  readonly code: string;
  readonly message?: string;
}
