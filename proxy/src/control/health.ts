import type { EdgeStatus } from '../rpc/messages.ts';
import type { ComponentHealth } from '../rpc/supervision.ts';

/** What each part of control last said of itself; ready when nothing is down. */
export class Health {
  readonly #components = new Map<string, ComponentHealth>();
  #sent = '';

  set(name: string, state: ComponentHealth['state'], detail: string): void {
    this.#components.set(name, { name, state, detail });
  }

  remove(name: string): void {
    this.#components.delete(name);
  }

  /** @param edges how many are connected, of which some may not have reported yet */
  connected(edges: number, statuses: readonly EdgeStatus[], publishers: readonly string[]): void {
    const tunnels = new Set(statuses.flatMap((edge) => edge.publishers.map(({ name }) => name)));
    const without = publishers.filter((name) => !tunnels.has(name));
    if (without.length === 0) this.set('publishers', 'ok', 'every publisher has a tunnel');
    else this.set('publishers', 'degraded', `without a tunnel: ${without.join(', ')}`);
    if (edges === 0) this.set('edges', 'degraded', 'no edge is connected');
    else this.set('edges', 'ok', `${edges} connected`);
  }

  get ready(): boolean {
    return this.components().every((component) => component.state !== 'down');
  }

  components(): ComponentHealth[] {
    return [...this.#components.values()];
  }

  degraded(): string[] {
    return this.components()
      .filter((component) => component.state !== 'ok')
      .map((component) => `${component.name}: ${component.detail}`);
  }

  /** The report if it differs from the last one, else `null`. */
  changed(): { ready: boolean; components: ComponentHealth[] } | null {
    const report = { ready: this.ready, components: this.components() };
    const text = JSON.stringify(report);
    if (text === this.#sent) return null;
    this.#sent = text;
    return report;
  }
}
