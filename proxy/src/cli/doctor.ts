import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { codeOf } from '@causeway/contract';
import type { PopStatus } from '../rpc/messages.ts';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say } from './output.ts';

interface Finding {
  readonly check: string;
  readonly good: boolean;
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

function checkFolder(data: string): Finding {
  const check = 'data folder';
  if (!existsSync(data)) {
    return {
      check,
      good: false,
      detail: `${data} does not exist`,
      advice: 'start the PoP once, or name its folder with --data',
    };
  }
  try {
    accessSync(data, constants.R_OK | constants.W_OK);
  } catch {
    return {
      check,
      good: false,
      detail: `${data} is not ours to write`,
      advice: 'run this as the user who runs the PoP',
    };
  }
  const open = (statSync(data).mode & 0o077) !== 0;
  return open
    ? { check, good: false, detail: `${data} can be read by other users`, advice: `chmod 700 ${data}` }
    : { check, good: true, detail: data };
}

function checkStore(store: PopStatus['store']): Finding {
  const check = 'store';
  if (store.state === 'ok') return { check, good: true, detail: `${store.kind} answers` };
  const [since, ends] = [store.since, store.graceEnds].map((at) => new Date(at).toISOString());
  return {
    check,
    good: false,
    detail: `${store.kind} lost since ${since}: ${store.why}; established access goes on until ${ends}`,
    advice:
      store.kind === 'postgres'
        ? 'start the PostgreSQL server or repair the network to it; the PoP finds it again by itself'
        : 'make room on the disk of the data folder, or end what locks causeway.sqlite; the PoP goes on by itself',
  };
}

function checkPop(pop: PopStatus): Finding[] {
  const behind = pop.edges.filter((edge) => edge.snapshot !== pop.snapshot);
  return [
    checkStore(pop.store),
    { check: 'control process', good: true, detail: `version ${pop.version}, configuration ${pop.snapshot}` },
    {
      check: 'edge workers',
      good: pop.edges.length > 0 && behind.length === 0,
      detail:
        pop.edges.length === 0
          ? 'none is connected'
          : behind.length > 0
            ? `worker(s) ${behind.map((edge) => edge.worker).join(', ')} run an older configuration`
            : `${pop.edges.length} up to date`,
      ...(pop.edges.length === 0 ? { advice: 'see the log of the PoP; the supervisor restarts them' } : {}),
    },
    ...pop.publishers
      .filter((publisher) => !publisher.revoked && publisher.connectedWorkers === 0)
      .map((publisher) => ({
        check: `publisher ${publisher.name}`,
        good: false,
        detail: publisher.enrolled ? 'has no tunnel' : 'has not enrolled',
        advice: publisher.enrolled
          ? 'run `causeway-publisher doctor` on its machine'
          : `run \`causeway token ${publisher.name}\` here and \`causeway-publisher up --join TOKEN\` there`,
      })),
    ...pop.degraded.map((detail) => ({ check: 'degraded', good: false, detail })),
  ];
}

export async function doctor(args: string[]): Promise<number> {
  const { values } = parse(args, DATA_AND_JSON);
  const data = dataDir(values.data);
  const findings: Finding[] = [
    {
      check: 'Node',
      good: Number(process.versions.node.split('.')[0]) >= 26,
      detail: process.version,
      advice: 'start through npm',
    },
    checkFolder(data),
  ];
  try {
    findings.push(...checkPop(await askPop(data, 'admin.status', null)));
  } catch (error) {
    const detail = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
    findings.push({
      check: 'control process',
      good: false,
      detail,
      advice: 'start the PoP: causeway pop, or npm start',
    });
  }
  if (values.json) say(JSON.stringify(findings));
  else {
    for (const finding of findings) {
      say(`${finding.good ? 'ok  ' : 'BAD '} ${finding.check}: ${finding.detail}`);
      if (!finding.good && finding.advice !== undefined) say(`       → ${finding.advice}`);
    }
  }
  return findings.every((finding) => finding.good) ? EXIT.ok : EXIT.failed;
}
