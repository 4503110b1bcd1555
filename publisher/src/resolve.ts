import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { addressNumber, CausewayError, isLocalhostName } from '@causeway/contract';
import type { Target, TargetMap } from './target-map.ts';

/** Names to addresses, as the machine that the publisher runs on sees them. */
export type Lookup = (name: string) => Promise<readonly string[]>;

export interface ResolveOptions {
  readonly map: TargetMap;
  /** The system's resolver unless a test says otherwise. */
  readonly lookup?: Lookup;
  readonly timeoutMs?: number;
  /** Lookups at once; each may hold a thread until the system's resolver gives up. */
  readonly concurrent?: number;
}

const MAX_ADDRESSES = 16;

const viaSystem: Lookup = async (name) =>
  (await systemLookup(name, { all: true, order: 'verbatim' })).map(({ address }) => address);

export class Resolver {
  readonly #map: TargetMap;
  readonly #lookup: Lookup;
  readonly #timeoutMs: number;
  readonly #concurrent: number;
  /** Many streams to one name at once ask once. */
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  constructor(options: ResolveOptions) {
    this.#map = options.map;
    this.#lookup = options.lookup ?? viaSystem;
    this.#timeoutMs = options.timeoutMs ?? 4_000;
    this.#concurrent = options.concurrent ?? 64;
  }

  /**
   * @param host canonical name or address
   * @returns at least one target, in the order to try. Rejects with `CW_DNS_FAILED` or `CW_BUSY`.
   */
  async resolve(host: string, port: number): Promise<readonly Target[]> {
    const pinned = this.#map.find(host, port);
    if (pinned !== null) return [pinned];
    return (await this.#addresses(host)).map((address) => ({ address, port }));
  }

  async #addresses(host: string): Promise<readonly string[]> {
    if (addressNumber(host) !== null) return [host];
    if (isLocalhostName(host)) return ['127.0.0.1', '::1'];
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new CausewayError('CW_DNS_FAILED', `${host}: no answer in ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    try {
      return await Promise.race([this.#ask(host), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #ask(host: string): Promise<readonly string[]> {
    const known = this.#pending.get(host);
    if (known !== undefined) return known;
    if (this.#pending.size >= this.#concurrent) {
      return Promise.reject(new CausewayError('CW_BUSY', 'too many names are being resolved'));
    }
    const asked = this.#lookup(host)
      .then((addresses) => {
        if (addresses.length === 0) throw new Error('no address');
        if (!addresses.every((address) => isIP(address) !== 0)) throw new Error('an answer that is no address');
        return addresses.slice(0, MAX_ADDRESSES);
      })
      .catch((error: unknown) => {
        throw new CausewayError('CW_DNS_FAILED', `${host}: ${reason(error)}`, { cause: error });
      })
      .finally(() => this.#pending.delete(host));
    this.#pending.set(host, asked);
    asked.catch(() => undefined); // who waited may have left at the timeout
    return asked;
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
