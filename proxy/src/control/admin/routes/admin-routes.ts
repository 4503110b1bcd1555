import { accessRequestRoutes } from './access-request-routes.ts';
import { administrationRoutes } from './administration-routes.ts';
import { alertRoutes } from './alert-routes.ts';
import { applyRoutes } from './apply-routes.ts';
import { certificateRoutes } from './certificate-routes.ts';
import { deviceRoutes } from './device-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { incidentRoutes } from './incident-routes.ts';
import { objectRoutes } from './object-routes.ts';
import { peopleChangeRoutes } from './people-change-routes.ts';
import { peopleRoutes } from './people-routes.ts';
import { policyRoutes } from './policy-routes.ts';
import { publisherRoutes } from './publisher-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { snapshotRoutes } from './snapshot-routes.ts';
import { tokenRoutes } from './token-routes.ts';

/** Every route of the admin API. */
export const ADMIN_ROUTES = {
  ...objectRoutes('apps'),
  ...objectRoutes('publishers'),
  ...objectRoutes('certificates'),
  ...objectRoutes('rules'),
  ...objectRoutes('tags'),
  ...objectRoutes('templates'),
  ...objectRoutes('dlp-profiles'),
  ...objectRoutes('idps'),
  ...objectRoutes('steering'),
  ...objectRoutes('forwarding-profiles'),
  ...objectRoutes('app-profiles'),
  ...objectRoutes('settings'),
  ...certificateRoutes,
  ...applyRoutes,
  ...snapshotRoutes,
  ...policyRoutes,
  ...peopleRoutes,
  ...peopleChangeRoutes,
  ...sessionRoutes,
  ...deviceRoutes,
  ...publisherRoutes,
  ...accessRequestRoutes,
  ...tokenRoutes,
  ...administrationRoutes,
  ...eventRoutes,
  ...alertRoutes,
  ...incidentRoutes,
};

export type AdminRoutes = typeof ADMIN_ROUTES;
