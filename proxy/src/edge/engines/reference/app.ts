import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { refusal } from '../../exchange/answer.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { runPasses } from '../../exchange/pass.ts';
import { REQUEST_PASSES } from '../../exchange/request-passes.ts';
import type { EngineOptions } from '../engine.ts';
import { beginExchange } from './begin-exchange.ts';
import type { Forwarder } from './forwarder.ts';
import { refuseWithoutConfiguration, writeAnswer } from './write-answer.ts';

interface Environment {
  Bindings: { incoming: IncomingMessage; outgoing: ServerResponse };
  Variables: { exchange: Exchange };
}

/** The Hono app: its one middleware runs the passes, its last handler forwards what they let through. */
export function createReferenceApp(options: EngineOptions, forwarder: Forwarder): Hono<Environment> {
  const app = new Hono<Environment>();

  app.use(async function passes(c, next) {
    const { incoming, outgoing } = c.env;
    const exchange = beginExchange(options, incoming, false);
    if (exchange === null) {
      refuseWithoutConfiguration(outgoing);
      return RESPONSE_ALREADY_SENT;
    }
    let answer;
    try {
      const pending = runPasses(REQUEST_PASSES, exchange, options.passes);
      answer = pending instanceof Promise ? await pending : pending;
    } catch (error) {
      options.onFault(error);
      answer = refusal(exchange, 'CW_INTERNAL', { close: true });
    }
    if (answer !== null) {
      writeAnswer(options, exchange, answer, incoming, outgoing);
      return RESPONSE_ALREADY_SENT;
    }
    c.set('exchange', exchange);
    await next();
    return undefined;
  });

  app.all('*', function forward(c) {
    forwarder.forward(c.get('exchange'), c.env.incoming, c.env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });

  return app;
}
