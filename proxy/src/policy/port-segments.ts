import { parsePortRange, type PolicyRule, type PortRange, type Protocol } from '@causeway/contract';

/**
 * Cuts ranges of ports into pieces within which no rule tells one port from another, so that an app of 65,535 ports
 * costs as many decisions as the policy has edges in it.
 */
export function portSegments(rules: readonly PolicyRule[]): (ranges: readonly PortRange[]) => PortRange[] {
  const edges = ruleEdges(rules);
  return (ranges) => ranges.flatMap((range) => split(range, edges[range.protocol]));
}

export function portText({ protocol, from, to }: PortRange): string {
  return from === to ? `${protocol}/${from}` : `${protocol}/${from}-${to}`;
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
