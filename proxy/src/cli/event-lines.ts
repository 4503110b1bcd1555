import { once } from 'node:events';
import type { EventGap, EventRecord } from '../rpc/messages.ts';
import { printable, terminalText } from './output.ts';

export const EVENT_HEAD = ['AT', 'KIND', 'PERSON', 'APP', 'VERDICT', 'WHAT', 'STATUS', 'DECISION'];

export function eventCells(event: EventRecord): string[] {
  return [
    new Date(event.at).toISOString(),
    event.kind,
    event.user ?? '-',
    event.app ?? '-',
    event.verdict === null ? '-' : verdictText(event),
    [event.verb, event.path].filter((part) => part !== null).join(' ') || '-',
    event.status === null ? '-' : String(event.status),
    event.decision,
  ].map(printable);
}

function verdictText({ kind, verdict }: EventRecord): string {
  // An administrator's deed is decided by no rule; what came of it is what counts.
  if (kind === 'audit') return verdict?.why ?? '-';
  return `${verdict?.action ?? '-'} (${verdict?.rule ?? 'default'})`;
}

/** One event, one line; resolves when it may be followed by another. */
export async function showEvent(event: EventRecord, json: boolean): Promise<void> {
  const line = json ? JSON.stringify(event) : eventCells(event).join('  ');
  const shown = process.stdout.isTTY ? terminalText(line) : line;
  if (!process.stdout.write(`${shown}\n`)) await once(process.stdout, 'drain');
}

const WHY: Readonly<Record<EventGap['why'], string>> = {
  forgotten: 'are forgotten already',
  'too slow': 'came too fast to be shown',
  'unknown id': 'cannot be told: the store is another',
};

export function showGap({ after, until, why }: EventGap): void {
  process.stderr.write(`causeway: events after ${after}, up to ${until}, ${WHY[why]}\n`);
}
