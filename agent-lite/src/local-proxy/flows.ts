import { randomBytes } from 'node:crypto';
import type { AgentFlow } from '../agent.ts';

/** What the proxy needs of the agent. */
export interface FlowSource {
  open(host: string, port: number, flow: string): Promise<AgentFlow>;
}

export interface ProxyFlow extends AgentFlow {
  /** Stands in the logs of agent, PoP and publisher. */
  readonly id: string;
}

/** Begins flows, each under an id of its own. */
export class Flows {
  readonly #source: FlowSource;

  constructor(source: FlowSource) {
    this.#source = source;
  }

  /** Rejects as `Agent.open`. */
  async open(host: string, port: number): Promise<ProxyFlow> {
    const id = `f_${randomBytes(9).toString('base64url')}`;
    return { ...(await this.#source.open(host, port, id)), id };
  }

  /** As `open`, and waits for the PoP's answer. */
  async openAnswered(host: string, port: number): Promise<ProxyFlow> {
    const flow = await this.open(host, port);
    try {
      await flow.opened;
      return flow;
    } catch (error) {
      flow.release();
      throw error;
    }
  }
}
