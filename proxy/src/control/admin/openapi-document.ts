import { OpenAPIHono } from '@hono/zod-openapi';
import { documentInfo, PROBLEM_ANSWER, routeConfig, SECURITY_SCHEMES } from './openapi.ts';
import { problemSchema } from './problem.ts';
import type { Route, RouteKey, Routes } from './route.ts';
import { ADMIN_ROUTES } from './routes/admin-routes.ts';

export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

/** The OpenAPI 3.1 document of the admin API. */
export function openApiDocument(routes: Routes = ADMIN_ROUTES): OpenApiDocument {
  const app = new OpenAPIHono();
  const registry = app.openAPIRegistry;
  for (const [name, scheme] of Object.entries(SECURITY_SCHEMES)) {
    registry.registerComponent('securitySchemes', name, scheme);
  }
  registry.register('Problem', problemSchema);
  registry.registerComponent('responses', 'Problem', PROBLEM_ANSWER);
  for (const [key, { definition }] of Object.entries(routes) as [RouteKey, Route][]) {
    registry.registerPath(routeConfig(key, definition, 'reader'));
  }
  return app.getOpenAPI31Document(documentInfo());
}
