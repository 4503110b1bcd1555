import type { Configuration } from './configuration.ts';
import type { Edges } from './edges.ts';
import type { Health } from './health.ts';

/** Brings `health` up to what is connected now: edges, and a tunnel of every publisher. */
export function lookAtConnected(edges: Edges, configuration: Configuration, health: Health): void {
  const tunnels = new Set(edges.statuses().flatMap((edge) => edge.publishers.map((publisher) => publisher.name)));
  const without = configuration.current().snapshot.publishers.filter((name) => !tunnels.has(name));
  if (without.length === 0) health.set('publishers', 'ok', 'every publisher has a tunnel');
  else health.set('publishers', 'degraded', `without a tunnel: ${without.join(', ')}`);
  if (edges.size === 0) health.set('edges', 'degraded', 'no edge is connected');
  else health.set('edges', 'ok', `${edges.size} connected`);
}
