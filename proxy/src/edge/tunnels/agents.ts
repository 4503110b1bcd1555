import type { Principal } from '@causeway/contract';
import type { PolicySession } from '@causeway/wasm-core';
import type { Tunnel } from '@causeway/tunnel';
import type { Policy } from '../config/policy.ts';

/** The tunnel of one device to this worker, with the person it belongs to. */
export class AgentTunnel {
  readonly device: string;
  readonly tunnel: Tunnel;
  readonly address: string;
  /** Tells the agent what its person may open now. */
  readonly steer: () => void;
  #principal: Principal;
  #policy: Policy | null = null;
  #opened: PolicySession | null = null;

  constructor(options: { device: string; principal: Principal; tunnel: Tunnel; address: string; steer: () => void }) {
    this.device = options.device;
    this.#principal = options.principal;
    this.tunnel = options.tunnel;
    this.address = options.address;
    this.steer = options.steer;
  }

  get principal(): Principal {
    return this.#principal;
  }

  set principal(principal: Principal) {
    this.forget();
    this.#principal = principal;
  }

  openedIn(policy: Policy): PolicySession {
    if (this.#opened === null || this.#policy !== policy) {
      this.#opened = policy.open(this.#principal);
      this.#policy = policy;
    }
    return this.#opened;
  }

  /** Gives the policy's memory back. */
  forget(): void {
    if (this.#opened !== null) this.#policy?.close(this.#opened);
    this.#opened = null;
    this.#policy = null;
  }
}

/** Devices with a tunnel to this worker. One that dials again has two for a moment. */
export class Agents {
  readonly #all = new Set<AgentTunnel>();

  add(agent: AgentTunnel): void {
    this.#all.add(agent);
  }

  remove(agent: AgentTunnel): void {
    this.#all.delete(agent);
    agent.forget();
  }

  all(): Iterable<AgentTunnel> {
    return this.#all;
  }

  byDevice(device: string): AgentTunnel[] {
    return [...this.#all].filter((agent) => agent.device === device);
  }
}
