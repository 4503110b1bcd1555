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
