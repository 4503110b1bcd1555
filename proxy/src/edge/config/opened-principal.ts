import type { Principal } from '@causeway/contract';
import type { OpenedSession, Policy } from '../../policy/policy.ts';

type Openable = Pick<Policy, 'asksForSource' | 'open' | 'close'>;

/** Addresses that a person comes from at once, as by IPv4 and IPv6. Each takes a bit per rule. */
const MAX_ADDRESSES = 2;

/** A principal opened in the policy in force, for each address that it comes from where rules ask for addresses. */
export class OpenedPrincipal {
  readonly #principal: Principal;
  readonly #byAddress = new Map<string, OpenedSession>();
  #policy: Openable | null = null;

  constructor(principal: Principal) {
    this.#principal = principal;
  }

  /**
   * Opens on the first request after a snapshot was swapped, or from another address. Good until the next call.
   *
   * @param address the client's
   */
  in(policy: Openable, address: string): OpenedSession {
    if (this.#policy !== policy) {
      this.close();
      this.#policy = policy;
    }
    const key = policy.asksForSource ? address : '';
    const known = this.#byAddress.get(key);
    if (known !== undefined) return known;
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#closeOldest();
    const opened = policy.open(this.#principal, address);
    this.#byAddress.set(key, opened);
    return opened;
  }

  /** Gives the memory back; `in` opens again. */
  close(): void {
    while (this.#byAddress.size > 0) this.#closeOldest();
    this.#policy = null;
  }

  #closeOldest(): void {
    const [oldest] = this.#byAddress;
    if (oldest === undefined) return;
    this.#byAddress.delete(oldest[0]);
    this.#policy?.close(oldest[1]);
  }
}
