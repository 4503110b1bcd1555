import {
  parseHostPattern,
  parsePortRange,
  type AssignedApp,
  type PortRange,
  type PrivateApp,
  type Protocol,
} from '@causeway/contract';
import { DestinationPoints } from './destination-points.ts';
import type { Target } from './policy.ts';
import { portSegments, portText } from './port-segments.ts';
import type { RuleFacts } from './rule-facts.ts';
import type { Steps } from './steps.ts';

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

type SteeringFacts = Pick<RuleFacts, 'portEdges' | 'destinations'>;

/** Asked for where no rule asks for hosts. */
const ANY_HOST = 'any.invalid';

/**
 * What an agent steers into its tunnel: of each app those hosts and ports for which `steered` holds. Only what some rule
 * tells apart is asked for, so an app of 65,535 ports costs as many decisions as the policy has edges in it.
 */
export class SteeredApps {
  readonly #apps: readonly PrivateApp[];
  readonly #segments: (ranges: readonly PortRange[]) => PortRange[];
  readonly #points: DestinationPoints;
  /** By app, once it was asked for: what there is to ask. */
  readonly #questions: Question[] = [];

  private constructor(apps: readonly PrivateApp[], facts: SteeringFacts, points: DestinationPoints) {
    this.#apps = apps;
    this.#segments = portSegments(facts.portEdges);
    this.#points = points;
  }

  static *building(apps: readonly PrivateApp[], facts: SteeringFacts): Steps<SteeredApps> {
    return new SteeredApps(apps, facts, yield* DestinationPoints.building(facts.destinations));
  }

  /**
   * @param steered whether the person's verdict on this app and target is for the PoP to give. A host of an app is
   *   steered whole where it holds for anything within.
   */
  of(steered: (app: number, target: Target, protocol: Protocol) => boolean): AssignedApp[] {
    return this.#apps.flatMap((app, number) => {
      const { ranges, hosts } = (this.#questions[number] ??= this.#questionOf(app));
      const targets = hosts.flatMap(({ names, points }) => {
        const ports = ranges.flatMap((parts) =>
          join(
            parts.filter(({ protocol, from }) =>
              points.some((host) => steered(number, { host, port: from }, protocol)),
            ),
          ).map(portText),
        );
        return ports.length === 0 ? [] : names.map((host) => ({ host, ports }));
      });
      return targets.length === 0 ? [] : [{ name: app.name, targets }];
    });
  }

  #questionOf({ ports, hosts }: PrivateApp): Question {
    const ranges = ports.map(parsePortRange).map((range) => this.#segments([range]));
    if (this.#points.none) return { ranges, hosts: [{ names: hosts, points: [ANY_HOST] }] };
    return { ranges, hosts: hosts.map((host) => ({ names: [host], points: this.#pointsOf(host) })) };
  }

  #pointsOf(host: string): Target['host'][] {
    const pattern = parseHostPattern(host);
    return pattern === null ? [] : this.#points.of(pattern); // the schema refused it before
  }
}

interface Question {
  /** Each range of the app's ports, in the parts that rules tell apart. */
  readonly ranges: readonly (readonly PortRange[])[];
  readonly hosts: readonly { readonly names: readonly string[]; readonly points: readonly Target['host'][] }[];
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
