import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Every checksum is looked at, also those that a network card would fill in later. */
const CHECKED = ['ip.check_checksum:TRUE', 'tcp.check_checksum:TRUE', 'udp.check_checksum:TRUE'];
/** A first fragment is read for itself, ports and all. */
const APART = ['ip.defragment:FALSE', 'ipv6.defragment:FALSE', 'tcp.desegment_tcp_streams:FALSE'];
/** What is looked at; where a payload of random bytes is taken for something else, it may well be malformed. */
const OURS = /^(?:eth|ethertype|sll|raw|ipv?6?|ipv6\.\w+|tcp|udp|icmp|icmpv6|data|:)+$/;
const BAD = 0;
const CHECKSUMS = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6'].map((protocol) => `${protocol}.checksum.status`);

/**
 * What tshark reads in a capture: per packet its fields, each the list of values that it has there (a packet in an ICMP
 * error has fields of its own, behind those of the error).
 */
export async function readFields<Field extends string>(
  file: string,
  fields: readonly Field[],
  filter = '',
): Promise<Record<Field, string[]>[]> {
  const options = [...CHECKED, ...APART].flatMap((preference) => ['-o', preference]);
  const separators = ['-E', 'separator=/t', '-E', 'occurrence=a', '-E', 'aggregator=,'];
  const wanted = fields.flatMap((field) => ['-e', field]);
  const args = ['-n', '-r', file, ...options, '-T', 'fields', ...separators, ...wanted, '-Y', filter];
  const { stdout } = await run('tshark', args, { maxBuffer: 256 * 1024 * 1024 });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const columns = line.split('\t').map((text) => (text === '' ? [] : text.split(',')));
      return Object.fromEntries(fields.map((field, i) => [field, columns[i] ?? []])) as Record<Field, string[]>;
    });
}

export interface Fault {
  /** Counted from 1. */
  readonly frame: number;
  readonly what: 'checksum' | 'malformed';
  /** What tshark says of it, for a failing test. */
  readonly text: string;
}

/**
 * The packets of a capture that have a wrong checksum, at whatever depth, or headers that cannot be dissected. Of what an
 * ICMP error quotes in part the checksum of the transport is not looked at: it covers what is not there.
 * @param judged `frame.protocols` of what counts as malformed
 */
export async function faultyPackets(file: string, judged: RegExp = OURS): Promise<Fault[]> {
  const filter = ['_ws.malformed', ...CHECKSUMS.map((status) => `${status} == ${BAD}`)].join(' || ');
  const about = ['frame.number', 'frame.protocols', '_ws.col.Info', '_ws.malformed', 'ip.len', 'ipv6.plen'];
  const found = await readFields(file, [...about, ...CHECKSUMS], filter);
  return found.flatMap((packet: Record<string, string[]>): Fault[] => {
    const [frame, text] = [Number(packet['frame.number']?.[0]), JSON.stringify(packet)];
    const whole = quotesAll(packet);
    const looked = CHECKSUMS.filter((status) => whole || !/^(?:tcp|udp)/.test(status));
    if (looked.some((status) => packet[status]?.includes(String(BAD)))) return [{ frame, what: 'checksum', text }];
    const malformed = packet['_ws.malformed']?.length !== 0 && judged.test(packet['frame.protocols']?.[0] ?? '');
    return malformed ? [{ frame, what: 'malformed', text }] : [];
  });
}

/** Whether the packet in an ICMP error, if there is one, is there to its end. */
function quotesAll({ 'ip.len': lengths = [], 'ipv6.plen': payloads = [] }: Record<string, string[]>): boolean {
  const [outer4 = 0, inner4 = 0] = lengths.map(Number);
  const [outer6 = 0, inner6 = -40] = payloads.map(Number);
  return inner4 <= Math.max(0, outer4 - 28) && inner6 + 40 <= Math.max(0, outer6 - 8);
}
