import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say, table } from './output.ts';

export async function status(args: string[]): Promise<number> {
  const { values } = parse(args, DATA_AND_JSON);
  const pop = await askPop(dataDir(values.data), 'admin.status', null);
  const code = pop.degraded.length === 0 ? EXIT.ok : EXIT.failed;
  if (values.json) {
    say(JSON.stringify(pop));
    return code;
  }
  const signedIn = pop.sessions === null ? '' : `, ${pop.sessions} signed in`;
  say(`Causeway ${pop.version}, ${pop.loginOrigin}, configuration ${pop.snapshot}${signedIn}\n`);
  if (pop.store.state === 'lost') {
    const [since, ends] = [pop.store.since, pop.store.graceEnds].map((at) => new Date(at).toISOString());
    say(`STORE LOST since ${since}: ${pop.store.why}`);
    say(`Established access goes on until ${ends}; nothing new begins. Only what is connected is shown.\n`);
  }
  say(
    table([
      ['EDGE', 'PID', 'CONFIGURATION', 'STREAMS', 'SOCKETS'],
      ...pop.edges.map((edge) => [edge.worker, edge.pid, edge.snapshot, edge.openStreams, edge.sockets].map(String)),
    ]),
  );
  const publisherState = (publisher: (typeof pop.publishers)[number]): string => {
    if (publisher.revoked) return 'revoked';
    if (!publisher.enrolled) return 'not enrolled';
    return publisher.connectedWorkers > 0 ? `connected to ${publisher.connectedWorkers} worker(s)` : 'away';
  };
  say(`\n${table([['PUBLISHER', 'ID', 'STATE'], ...pop.publishers.map((p) => [p.name, p.id, publisherState(p)])])}`);
  if (pop.devices.length > 0) {
    const rows = pop.devices.map((device) => [
      device.name,
      device.id,
      device.user,
      device.revoked ? 'revoked' : device.connected ? 'connected' : 'away',
    ]);
    say(`\n${table([['DEVICE', 'ID', 'PERSON', 'STATE'], ...rows])}`);
  }
  for (const trouble of pop.degraded) say(`\n! ${trouble}`);
  return code;
}
