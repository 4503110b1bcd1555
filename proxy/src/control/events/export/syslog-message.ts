import type { EventRecord } from '../../../rpc/messages.ts';

/** RFC 5424, 6.2.1: facility log audit; warning for what was blocked or cut, else informational. */
const FACILITY = 13;
const WARNING = 4;
const INFORMATIONAL = 6;

/**
 * An event as RFC 5424 writes it, the record as JSON being its message, in the frame of RFC 5425, 4.3.
 *
 *     SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG
 *     SYSLOG-MSG   = <PRI>1 SP TIMESTAMP SP HOSTNAME SP causeway SP PROCID SP kind SP - SP JSON
 */
export function syslogFrame(event: EventRecord, hostname: string, pid: number): Buffer {
  const severity = event.verdict?.action === 'block' || event.kind === 'cut' ? WARNING : INFORMATIONAL;
  const head = `<${FACILITY * 8 + severity}>1 ${new Date(event.at).toISOString()} ${headerText(hostname)}`;
  const message = Buffer.from(`${head} causeway ${pid} ${event.kind} - ${JSON.stringify(event)}`);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** Printable US-ASCII, 255 characters at most; `-` for nothing. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
}
