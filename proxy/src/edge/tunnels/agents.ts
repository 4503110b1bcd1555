import type { Principal } from '@causeway/contract';
import type { Tunnel } from '@causeway/tunnel';
import type { EdgeStatus } from '../../rpc/messages.ts';
import { OpenedPrincipal } from '../config/opened-principal.ts';

/** The tunnel of one device to this worker, with the person it belongs to. */
export class AgentTunnel {
  readonly device: string;
  readonly tunnel: Tunnel;
  readonly address: string;
  /** Tells the agent what its person may open now. */
  readonly steer: () => void;
  #principal: Principal;
  #opened: OpenedPrincipal;

  constructor(options: { device: string; principal: Principal; tunnel: Tunnel; address: string; steer: () => void }) {
    this.device = options.device;
    this.#principal = options.principal;
    this.#opened = new OpenedPrincipal(options.principal);
    this.tunnel = options.tunnel;
    this.address = options.address;
    this.steer = options.steer;
  }

  get principal(): Principal {
    return this.#principal;
  }

  set principal(principal: Principal) {
    this.#opened.close();
    this.#principal = principal;
    this.#opened = new OpenedPrincipal(principal);
  }

  get opened(): OpenedPrincipal {
    return this.#opened;
  }
}

/** Devices with a tunnel to this worker. One that dials again has two for a moment. */
export class Agents {
  readonly #all = new Set<AgentTunnel>();
  readonly #byDevice = new Map<string, Set<AgentTunnel>>();

  add(agent: AgentTunnel): void {
    this.#all.add(agent);
    const own = this.#byDevice.get(agent.device);
    if (own === undefined) this.#byDevice.set(agent.device, new Set([agent]));
    else own.add(agent);
  }

  remove(agent: AgentTunnel): void {
    this.#all.delete(agent);
    const own = this.#byDevice.get(agent.device);
    if (own?.delete(agent) === true && own.size === 0) this.#byDevice.delete(agent.device);
    agent.opened.close();
  }

  all(): Iterable<AgentTunnel> {
    return this.#all;
  }

  statuses(): EdgeStatus['agents'] {
    return [...this.#all].map(({ device, principal, tunnel }) => {
      return { device, user: principal.user, streams: tunnel.streams };
    });
  }

  byDevice(device: string): AgentTunnel[] {
    return [...(this.#byDevice.get(device) ?? [])];
  }
}
