import { hostname } from 'node:os';
import { CausewayError } from '@causeway/contract';
import { IdentityKeeper, identityFile, obtainIdentity, prepareDataDir, type TransportName } from '@causeway/tunnel';
import { pino } from 'pino';
import { Agent } from './agent.ts';
import { serveControl } from './control-socket.ts';
import { LocalProxy } from './local-proxy/listener.ts';
import { ownUserCheck } from './local-proxy/peer-user.ts';

export interface UpOptions {
  readonly dataDir: string;
  readonly token: string | undefined;
  readonly port: number;
  readonly transport: TransportName;
}

/** Runs the agent with its local proxy until a signal or `causeway-agent down`. A second signal cuts. */
export async function up({ dataDir, token, port, transport }: UpOptions): Promise<void> {
  const isOwnUser = ownUserCheck();
  const log = pino({ level: process.env['CAUSEWAY_LOG'] ?? 'info', base: { process: 'agent', pid: process.pid } });
  await prepareDataDir(dataDir);
  const stop = new AbortController();
  const agent = new Agent({
    identify: async () => {
      const identity = await obtainIdentity({
        dataDir,
        kind: 'device',
        advice: 'take a one-time code from the portal and start with --join CODE',
        token,
        transport,
        name: hostname(),
        log,
        signal: stop.signal,
      });
      return new IdentityKeeper({ identity, file: identityFile(dataDir), transport, log });
    },
    transport,
    log,
  });
  const stopped = new Promise<void>((resolve) =>
    stop.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const ending = (why: string): void => {
    log.info({ why }, stop.signal.aborted ? 'stopping now' : 'draining');
    if (stop.signal.aborted) {
      proxy.destroy();
      agent.destroy();
    }
    stop.abort(new CausewayError('CW_TUNNEL_CLOSED', `ended by ${why}`));
  };

  const proxy = await LocalProxy.listen({ port, flows: agent, steering: agent.steering, isOwnUser, log });
  const onSignal = (name: NodeJS.Signals): void => ending(name);
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  let control;
  try {
    control = await serveControl(dataDir, {
      status: () => ({
        ...agent.status,
        proxy: `127.0.0.1:${proxy.port}`,
        pac: proxy.pacUrl,
        connections: proxy.connections,
      }),
      explain: (host, to) => ({ ...agent.steering.steer(host, to), state: agent.status.state }),
      down: () => ending('causeway-agent down'),
    });
    log.info({ port: proxy.port, pac: proxy.pacUrl, data: dataDir }, 'local proxy listens');
    await agent.start();
    await stopped;
    await proxy.close();
    await agent.close();
  } finally {
    proxy.destroy();
    agent.destroy();
    control?.close();
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
  log.info('agent ends');
}
