import { matchesHost, parseHostPattern, parsePortRange, type AssignedApp } from '@causeway/contract';
import type { AllowAnswer } from './allow-list.ts';

/** The apps that the PoP assigned over one tunnel: what its streams may name, before the allow-list is asked. */
export class Assignment {
  #apps: ReadonlyMap<string, AssignedApp> = new Map();

  /** Replaces the whole list. */
  put(apps: readonly AssignedApp[]): void {
    this.#apps = new Map(apps.map((app) => [app.name, app]));
  }

  get names(): readonly string[] {
    return [...this.#apps.keys()];
  }

  has(app: string): boolean {
    return this.#apps.has(app);
  }

  /** @param host canonical name or address */
  permits(app: string | undefined, host: string, port: number): AllowAnswer {
    const assigned = app === undefined ? undefined : this.#apps.get(app);
    if (assigned === undefined) return { permit: false, why: `the app ${app ?? '(none)'} is not assigned here` };
    const named = assigned.targets.some(
      ({ host: text, ports }) => matches(text, host) && ports.some((range) => covers(range, port)),
    );
    if (!named) return { permit: false, why: `${assigned.name} does not name ${host} port ${port}` };
    return { permit: true, why: `assigned app ${assigned.name}` };
  }
}

function matches(text: string, host: string): boolean {
  const pattern = parseHostPattern(text);
  return pattern !== null && matchesHost(pattern, host);
}

function covers(text: string, port: number): boolean {
  const { protocol, from, to } = parsePortRange(text);
  return protocol === 'tcp' && from <= port && port <= to;
}
