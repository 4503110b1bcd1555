import { hostInZone } from './host-pass.ts';
import type { Pass } from './pass.ts';
import { policyPass } from './policy-pass.ts';
import { requestHeaders } from './request-headers.ts';
import { reservedPaths } from './reserved-paths.ts';
import { sessionPass } from './session-pass.ts';
import { strictFraming, strictRequestLine } from './strictness.ts';
import { webSocketHandshake, webSocketOrigin } from './websocket-origin.ts';

/** What every engine runs over every request, upgrades included, before a byte goes to an app. */
export const REQUEST_PASSES: readonly Pass[] = [
  strictRequestLine,
  strictFraming,
  webSocketHandshake,
  hostInZone,
  reservedPaths,
  sessionPass,
  policyPass,
  webSocketOrigin,
  requestHeaders,
];
