import {
  parsePortRange,
  type AssignedApp,
  type PolicyRule,
  type PortRange,
  type PrivateApp,
  type Protocol,
} from '@causeway/contract';
import { portSegments, portText } from './port-segments.ts';

/** Everything that a publisher of this name may be asked to open, whoever asks. */
export function appsOfPublisher(apps: readonly PrivateApp[], publisher: string): AssignedApp[] {
  return apps
    .filter((app) => app.publishers.includes(publisher))
    .map((app) => {
      const targets = app.hosts.map((host) => ({ host, ports: app.ports }));
      const upstream = app.clientless?.upstream;
      if (upstream !== undefined) targets.push({ host: upstream.host, ports: [`tcp/${upstream.port}`] });
      return { name: app.name, targets };
    });
}

/**
 * What an agent steers into its tunnel: of each app those ports for which `steered` holds. Only ports that some rule
 * tells apart are asked for, so an app of 65,535 ports costs as many decisions as the policy has edges in it.
 *
 * @param steered whether the person's verdict on this app and port is for the PoP to give
 */
export function appsOfPrincipal(
  { apps, rules }: { readonly apps: readonly PrivateApp[]; readonly rules: readonly PolicyRule[] },
  steered: (app: PrivateApp, protocol: Protocol, port: number) => boolean,
): AssignedApp[] {
  const segments = portSegments(rules);
  return apps.flatMap((app) => {
    const ports = app.ports.flatMap((text) => {
      const range = parsePortRange(text);
      return join(segments([range]).filter(({ from }) => steered(app, range.protocol, from)));
    });
    if (ports.length === 0) return [];
    return [{ name: app.name, targets: app.hosts.map((host) => ({ host, ports: ports.map(portText) })) }];
  });
}

function join(ranges: readonly PortRange[]): PortRange[] {
  const joined: PortRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && last.to + 1 === range.from) joined[joined.length - 1] = { ...last, to: range.to };
    else joined.push(range);
  }
  return joined;
}
