import { isIP, type Socket } from 'node:net';
import { addressNumber, canonicalName, CausewayError, codeOf, LIMITS, type OpenHeader } from '@causeway/contract';
import { stitchSocket, type OpenRequest, type StitchResult } from '@causeway/tunnel';
import type { Logger } from 'pino';
import type { AllowAnswer, AllowList } from './allow-list.ts';
import type { Assignment } from './assignment.ts';
import { connectInTurn, type Connect } from './connect-in-turn.ts';
import type { PublisherMetrics } from './metrics.ts';
import type { OwnReport } from './own-report.ts';
import type { Resolver } from './resolve.ts';
import { specialKind } from './special-address.ts';
import type { Target } from './target-map.ts';

export interface OpenerOptions {
  readonly allowList: AllowList;
  readonly resolver: Pick<Resolver, 'resolve'>;
  readonly log: Logger;
  readonly metrics: PublisherMetrics;
  readonly report: OwnReport;
  readonly connect?: Connect;
}

/** Resolving and connecting together: less than the edge waits for the answer, so that it hears our reason. */
const OPEN_BUDGET_MS = LIMITS.connectMs;

/**
 * Answers the streams that the PoP begins:
 *
 *     assigned? -> name on the allow-list? -> resolve -> each address: special? network? -> connect to that very
 *     address -> stitch
 *
 * The name is resolved once and what was checked is what is connected to, so a name that changes its answer between
 * the two (DNS rebinding) gains nothing.
 */
export class Opener {
  readonly #options: OpenerOptions;

  constructor(options: OpenerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the stream has ended or was refused. Never rejects: every outcome is an answer to the request and a
   * line in the log.
   */
  async open(request: OpenRequest, assignment: Assignment): Promise<void> {
    const { header } = request;
    const { metrics, report } = this.#options;
    const log = this.#options.log.child({ flow: header.flow, app: header.app, host: header.host, port: header.port });
    let socket: Socket;
    let target: string;
    try {
      const began = performance.now();
      const targets = await this.targets(header, assignment);
      request.signal.throwIfAborted();
      const left = OPEN_BUDGET_MS - (performance.now() - began);
      socket = await connectInTurn(targets, {
        budgetMs: left,
        signal: request.signal,
        ...(this.#options.connect === undefined ? {} : { connect: this.#options.connect }),
      });
      target = `${socket.remoteAddress ?? 'gone'} port ${socket.remotePort ?? 0}`;
    } catch (error) {
      if (request.signal.aborted) {
        metrics.opened.inc({ result: 'abandoned' });
        return;
      }
      const code = codeOf(error);
      metrics.opened.inc({ result: code });
      if (header.app !== undefined && assignment.has(header.app)) report.tried(header.app, code);
      log.warn({ code, why: error instanceof Error ? error.message : String(error) }, 'stream refused');
      request.refuse(code);
      return;
    }
    if (header.app !== undefined) report.tried(header.app, null);
    await this.#serve(request, socket, log.child({ target }));
  }

  /**
   * What may be connected to for a header, at least one. Throws `CW_PUBLISHER_REFUSED`, `CW_OPEN_INVALID`,
   * `CW_DNS_FAILED`, `CW_BUSY`.
   */
  async targets(header: OpenHeader, assignment: Assignment): Promise<readonly Target[]> {
    if (header.kind !== 'tcp' || header.host === undefined || header.port === undefined) {
      throw new CausewayError('CW_OPEN_INVALID', `a publisher opens no ${header.kind} stream`);
    }
    const { allowList, resolver } = this.#options;
    const { port } = header;
    const name = addressNumber(header.host) === null ? canonicalName(header.host) : null;
    const host = name ?? header.host;
    // What is judged must be what is connected to: only a text that the system, too, reads as an address is one.
    if (name === null && isIP(host) === 0) {
      throw new CausewayError('CW_PUBLISHER_REFUSED', `${host} is neither a name nor an address`);
    }
    mustPermit(assignment.permits(header.app, host, port));
    const byName: AllowAnswer =
      name === null ? { permit: false, why: 'an address needs a network entry' } : allowList.name(name, port);
    if (!byName.permit && !allowList.hasNetworks) mustPermit(byName);
    const answers = (await resolver.resolve(host, port)).map((target) => ({
      target,
      answer: this.#judge(target, byName),
    }));
    const permitted = answers.filter(({ answer }) => answer.permit).map(({ target }) => target);
    if (permitted.length > 0) return permitted;
    throw new CausewayError('CW_PUBLISHER_REFUSED', answers.map(({ answer }) => answer.why).join('; '));
  }

  #judge(target: Target, byName: AllowAnswer): AllowAnswer {
    const byNetwork = this.#options.allowList.address(target.address, target.port);
    if (byNetwork.permit) return byNetwork;
    const special = specialKind(target.address);
    if (special !== null) {
      return { permit: false, why: `${target.address} is ${special} and no network entry permits it` };
    }
    return byName.permit ? byName : { permit: false, why: `${byName.why}, ${byNetwork.why}` };
  }

  #serve(request: OpenRequest, socket: Socket, log: Logger): Promise<void> {
    const { metrics, report } = this.#options;
    const began = performance.now();
    const ended = Promise.withResolvers<void>();
    const done = (result: StitchResult): void => {
      metrics.open.dec();
      report.ended(result);
      metrics.bytes.inc({ direction: 'up' }, result.up);
      metrics.bytes.inc({ direction: 'down' }, result.down);
      const ms = Math.round(performance.now() - began);
      const code = result.error?.code;
      log.info({ up: result.up, down: result.down, ms, ...(code === undefined ? {} : { code }) }, 'stream ended');
      ended.resolve();
    };
    metrics.opened.inc({ result: 'ok' });
    metrics.open.inc();
    report.opened();
    log.debug('stream opened');
    stitchSocket(request.accept(), socket, done);
    return ended.promise;
  }
}

function mustPermit(answer: AllowAnswer): void {
  if (!answer.permit) throw new CausewayError('CW_PUBLISHER_REFUSED', answer.why);
}
