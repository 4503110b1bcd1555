import { FakeCa } from './ca.ts';
import { FakeControl } from './control.ts';
import { EdgeProcess, signedIn } from './edge-process.ts';
import { FakeOrigin } from './origin.ts';
import { FakePeer, toPort } from './publisher.ts';
import { secretsOf, snapshotOf, type Configuration } from './snapshot.ts';

export const INTRANET = 'intranet.causeway.localhost';
export const SECRET = 'secret.causeway.localhost';
export const GIVEN_TO_NOBODY = 'payroll.causeway.localhost';
export const UNKNOWN = 'nothing.causeway.localhost';
export const GARBAGE = 'garbage.causeway.localhost';
export const LONELY = 'lonely.causeway.localhost';
export const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };

function appOf(name: string, host: string, publisher = 'hq', port = 80): Configuration['apps'][number] {
  return {
    name,
    hosts: [host],
    ports: [`tcp/${port}`],
    publishers: [publisher],
    clientless: { urls: [`${name}.causeway.localhost`], upstream: { host, port } },
  };
}

export const CONFIGURATION: Configuration = {
  apps: [
    appOf('intranet', 'intranet.corp.example'),
    appOf('secret', 'secret.corp.example'),
    appOf('payroll', 'payroll.corp.example'),
    appOf('garbage', 'garbage.corp.example', 'hq', 81),
    appOf('lonely', 'lonely.corp.example', 'nowhere'),
  ],
  rules: [
    {
      name: 'no-secrets',
      users: ['bob'],
      apps: ['secret'],
      action: 'block',
      notice: '{{person}} <b>, ask about {{app}}.',
    },
    { name: 'staff', users: ['alice', 'bob'], apps: ['intranet', 'garbage', 'lonely'], action: 'allow' },
  ],
};

/** An edge worker as a process, with a control process, a publisher and apps of the test's own around it. */
export interface Deployment {
  readonly control: FakeControl;
  readonly edge: EdgeProcess;
  readonly origin: FakeOrigin;
  /** The one that is connected now. */
  publisher: FakePeer;
  dialPublisher(): Promise<FakePeer>;
  /** The cookie of a session of `user` that is good at `host`. */
  readonly person: (user: string, host: string, session?: string) => Promise<string>;
  stop(): Promise<void>;
}

export async function startDeployment(): Promise<Deployment> {
  const ca = await FakeCa.create();
  const control = new FakeControl(snapshotOf(1, CONFIGURATION), await secretsOf(ca));
  control.answers['tunnel.peer'] = ({ id }) => ({ kind: 'publisher', id, name: 'hq', apps: [] });
  await control.listen();
  const origin = await FakeOrigin.listen();
  const edge = await EdgeProcess.start(control);
  await edge.wait('ready');
  const dialPublisher = async (): Promise<FakePeer> => {
    const peer = await FakePeer.dial({
      port: edge.port,
      ca,
      identity: await ca.publisher('p1'),
      onOpen: (request) => toPort(() => (request.header.app === 'garbage' ? origin.garbagePort : origin.port))(request),
    });
    await peer.hello();
    await peer.wait('assign');
    return peer;
  };
  const deployment: Deployment = {
    control,
    edge,
    origin,
    publisher: await dialPublisher(),
    dialPublisher,
    person: async (user, host, session) => {
      const { grant, cookie } = signedIn(user, host, session === undefined ? {} : { session });
      await control.grant(grant);
      return cookie;
    },
    async stop() {
      deployment.publisher.tunnel.destroy();
      await edge.stop();
      await origin.close();
      await control.close();
    },
  };
  return deployment;
}
