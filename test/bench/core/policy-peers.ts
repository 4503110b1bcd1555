import {
  preparsePolicySet,
  statefulIsAuthorized,
  type StatefulAuthorizationCall,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyInput, PolicySubject } from '@causeway/wasm-core';
import { StringAdapter, newEnforcer, newModel } from 'casbin';

/** Whether the person may use the port of the app; rules of `plainPolicy`, all of which allow. */
export type Peer = (person: PolicySubject, app: number, port: number) => boolean;

const user = (id: string) => ({ type: 'User', id });

/** Policies parsed beforehand. `isCold`: the person's entities are made for each call, as for somebody new. */
export function cedarPeer(input: PolicyInput, isCold: boolean): Peer {
  const text = input.rules.map(({ groups = [], apps = [], ports = [] }) => {
    const { from, to } = ports[0] ?? { from: 0, to: 0 };
    return `permit(principal in Group::"${groups[0]}", action == Action::"use", resource == App::"${apps[0]}") when { context.port >= ${from} && context.port <= ${to} };`;
  });
  const parsed = preparsePolicySet('bench', { staticPolicies: text.join('\n') });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed));
  const entitiesOf = (person: PolicySubject): StatefulAuthorizationCall['entities'] => [
    { uid: user(person.user), attrs: {}, parents: person.groups.map((id) => ({ type: 'Group', id })) },
  ];
  const known = new Map<PolicySubject, StatefulAuthorizationCall['entities']>();
  return (person, app, port) => {
    const entities = isCold ? entitiesOf(person) : (known.get(person) ?? entitiesOf(person));
    if (!isCold) known.set(person, entities);
    const answer = statefulIsAuthorized({
      principal: user(person.user),
      action: { type: 'Action', id: 'use' },
      resource: { type: 'App', id: input.apps[app]?.name ?? '' },
      context: { port },
      preparsedPolicySetId: 'bench',
      entities,
    });
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer));
    return answer.response.decision === 'allow';
  };
}

const MODEL = `
[request_definition]
r = sub, app, port
[policy_definition]
p = sub, app, from, to
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.app == p.app && r.port >= p.from && r.port <= p.to && g(r.sub, p.sub)
`;

export async function casbinPeer(input: PolicyInput, people: readonly PolicySubject[]): Promise<Peer> {
  const rules = input.rules.map(({ groups = [], apps = [], ports = [] }) => {
    return `p, ${groups[0]}, ${apps[0]}, ${ports[0]?.from}, ${ports[0]?.to}`;
  });
  const members = people.flatMap((person) => person.groups.map((group) => `g, ${person.user}, ${group}`));
  const enforcer = await newEnforcer(newModel(MODEL), new StringAdapter([...rules, ...new Set(members)].join('\n')));
  return (person, app, port) => enforcer.enforceSync(person.user, input.apps[app]?.name, port);
}
