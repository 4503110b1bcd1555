import { parsePortRange, type PolicyRule, type PortRange, type Protocol } from '@causeway/contract';

/** Per protocol the ports at which the answer of some rule may change, ascending. */
export type PortEdges = Readonly<Record<Protocol, ArrayLike<number>>>;

/**
 * Cuts ranges of ports into pieces within which no rule tells one port from another, so that an app of 65,535 ports
 * costs as many decisions as the policy has edges in it.
 */
export function portSegments(edges: PortEdges): (ranges: readonly PortRange[]) => PortRange[] {
  const sorted = { tcp: Array.from(edges.tcp), udp: Array.from(edges.udp) };
  return (ranges) => ranges.flatMap((range) => split(range, sorted[range.protocol]));
}

export function portText({ protocol, from, to }: PortRange): string {
  return from === to ? `${protocol}/${from}` : `${protocol}/${from}-${to}`;
}

export function portEdges(rules: readonly PolicyRule[]): PortEdges {
  const edges: Record<Protocol, Set<number>> = { tcp: new Set(), udp: new Set() };
  const texts = new Set<string>();
  for (const { ports } of rules) for (const text of ports ?? []) texts.add(text);
  for (const range of [...texts].map(parsePortRange)) edges[range.protocol].add(range.from).add(range.to + 1);
  const sorted = (set: Set<number>): number[] => [...set].toSorted((a, b) => a - b);
  return { tcp: sorted(edges.tcp), udp: sorted(edges.udp) };
}

function split({ protocol, from, to }: PortRange, edges: readonly number[]): PortRange[] {
  const starts = [from, ...edges.filter((edge) => edge > from && edge <= to)];
  return starts.map((start, i) => ({ protocol, from: start, to: (starts[i + 1] ?? to + 1) - 1 }));
}
