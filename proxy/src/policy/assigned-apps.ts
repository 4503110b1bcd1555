import {
  parsePortRange,
  type AssignedApp,
  type PolicyRule,
  type PortRange,
  type PrivateApp,
  type Protocol,
} from '@causeway/contract';

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
  const edges = ruleEdges(rules);
  return apps.flatMap((app) => {
    const ports = app.ports.flatMap((text) => {
      const range = parsePortRange(text);
      return join(split(range, edges[range.protocol]).filter(({ from }) => steered(app, range.protocol, from)));
    });
    if (ports.length === 0) return [];
    return [{ name: app.name, targets: app.hosts.map((host) => ({ host, ports: ports.map(portText) })) }];
  });
}

/** The ports at which the answer of some rule may change, ascending. */
function ruleEdges(rules: readonly PolicyRule[]): Record<Protocol, number[]> {
  const edges: Record<Protocol, Set<number>> = { tcp: new Set(), udp: new Set() };
  for (const range of rules.flatMap((rule) => rule.ports ?? []).map(parsePortRange)) {
    edges[range.protocol].add(range.from).add(range.to + 1);
  }
  const sorted = (set: Set<number>): number[] => [...set].toSorted((a, b) => a - b);
  return { tcp: sorted(edges.tcp), udp: sorted(edges.udp) };
}

function split({ protocol, from, to }: PortRange, edges: readonly number[]): PortRange[] {
  const starts = [from, ...edges.filter((edge) => edge > from && edge <= to)];
  return starts.map((start, i) => ({ protocol, from: start, to: (starts[i + 1] ?? to + 1) - 1 }));
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

function portText({ protocol, from, to }: PortRange): string {
  return from === to ? `${protocol}/${from}` : `${protocol}/${from}-${to}`;
}
