/**
 * Every record and every number that both sides of the WebAssembly boundary know, declared once (those of scan.wasm in
 * `layout-scan.ts`). `layout.ts` turns them into `assembly/layout.gen.ts` and `src/layout.gen.ts`.
 *
 * Fields follow one another in the order given, little-endian; nothing is padded silently: a field that is not at a
 * multiple of its own size, or a size that is not the sum of the fields, is an error. Fill gaps with `bytes(n)`.
 */
import { SCAN_NUMBERS, SCAN_RECORDS } from './layout-scan.ts';
import { bytes } from './layout-schema.ts';
import type { NumbersDefinition, RecordDefinition } from './layout-schema.ts';

/** What is said of an IP packet, and the same of one that an ICMP error carries. Offsets count from the packet's start. */
const packetHeaders = (name: (field: string) => string): RecordDefinition['fields'] =>
  [
    'start', // of the IP header
    'length', // as the IP header has it
    'family', // 4 or 6; 0 where there is no such packet
    'protocol', // behind extension headers and AH
    'flags', // PACKET_FLAG_*
    'src', // where the addresses are
    'dst',
    'l4', // where the transport header is; 0 in a fragment that is not the first
    'payload', // what follows it
    'payloadLength',
    'srcPort', // identifier of an echo request
    'dstPort', // identifier of an echo reply
  ].map((field) => ({ name: name(field), type: 'u32' }));

export const RECORDS: readonly RecordDefinition[] = [
  {
    name: 'packet',
    about: 'A parsed packet. `offset`: where it is in its area; `icmp`: type × 256 + code.',
    size: 112,
    align: 16,
    fields: [
      ...['offset', 'unused', 'tcpFlags', 'icmp'].map((name) => ({ name, type: 'u32' }) as const),
      ...packetHeaders((field) => field),
      ...packetHeaders((field) => `embedded${field.replace(/^./, (letter) => letter.toUpperCase())}`),
    ],
  },
  {
    name: 'rewrite',
    about: 'What to change in a packet. `what`: REWRITE_PART_*; ports as numbers; IPv4 addresses in the first 4 bytes.',
    size: 48,
    align: 16,
    fields: [
      { name: 'what', type: 'u32' },
      { name: 'srcPort', type: 'u32' },
      { name: 'dstPort', type: 'u32' },
      { name: 'unused', type: 'u32' },
      { name: 'src', type: bytes(16) },
      { name: 'dst', type: bytes(16) },
    ],
  },

  {
    name: 'lpmRecord',
    about:
      'A prefix to build a table from: its first address on the 128-bit line, host bits zero, and its length there. In a policy image the prefix around it follows.',
    size: 32,
    align: 8,
    fields: [
      { name: 'high', type: 'u64' },
      { name: 'low', type: 'u64' },
      { name: 'bits', type: 'u32' },
      { name: 'value', type: 'i32' },
      { name: 'unused', type: 'u64' },
    ],
  },
  {
    name: 'frameState',
    about: 'Of a batch of frames: input[start, end) is not yet parsed; `violation`: FRAME_VIOLATION_*.',
    size: 16,
    align: 16,
    fields: ['start', 'end', 'violation', 'unused'].map((name) => ({ name, type: 'u32' as const })),
  },
  {
    name: 'frameDescriptor',
    about: 'A frame. `first`: type | flags << 8; `payload`: where it is in the input.',
    size: 16,
    align: 16,
    fields: ['first', 'stream', 'length', 'payload'].map((name) => ({ name, type: 'u32' as const })),
  },
  {
    name: 'policyRule',
    about: 'What of a rule is asked of each flow: see `src/policy/image-layout.ts`.',
    size: 16,
    align: 8,
    fields: [
      { name: 'from', type: 'u16' },
      { name: 'to', type: 'u16' },
      { name: 'protocols', type: 'u8' },
      { name: 'activities', type: 'u8' },
      { name: 'times', type: 'u16' },
      { name: 'more', type: 'u64' },
    ],
  },
  {
    name: 'policyApp',
    about: 'Where the rules of an app stand: see `src/policy/image-layout.ts`.',
    size: 16,
    align: 16,
    fields: [
      { name: 'from', type: 'u32' },
      { name: 'to', type: 'u32' },
      { name: 'spans', type: 'u32' },
      { name: 'mixed', type: 'u32' },
    ],
  },
  {
    name: 'policyTable',
    about:
      'Where the sections of a policy image lie (relative to it) and how long they are, as `policyLoad` takes them.',
    size: 96,
    align: 4,
    fields: [
      'rulesAt',
      'rangesAt',
      'portListsAt',
      'windowsAt',
      'timeListsAt',
      'appsAt',
      'spansAt',
      'spanListsAt',
      'setsAt',
      'payloadAt',
      'rules',
      'everyAppRules',
      'ranges',
      'portLists',
      'windows',
      'timeLists',
      'apps',
      'spans',
      'spanLists',
      'destinationLists',
      'units',
      'firstMixed',
      'firstDestination',
      'destinations',
    ].map((name) => ({ name, type: 'u32' as const })),
  },
  {
    name: 'policyProbe',
    about: 'One probe of a batch; the answer, an i32, takes the place of its app. `flow`: port and POLICY_FLOW bits.',
    size: 8,
    align: 4,
    fields: [
      { name: 'app', type: 'u32' },
      { name: 'flow', type: 'u32' },
    ],
  },
  {
    name: 'natTail',
    about: 'What follows the two keys of a flow (12 bytes each for IPv4, 36 for IPv6) in its entry.',
    size: 40,
    align: 8,
    fields: [
      { name: 'protocol', type: 'u8' },
      { name: 'state', type: 'u8' },
      { name: 'fins', type: 'u8' },
      { name: 'life', type: 'u8' },
      { name: 'expires', type: 'u32' },
      { name: 'addressDelta', type: 'u16' },
      { name: 'portDelta', type: 'u16' },
      { name: 'opened', type: 'u32' },
      { name: 'packetsOut', type: 'u32' },
      { name: 'packetsIn', type: 'u32' },
      { name: 'bytesOut', type: 'u64' },
      { name: 'bytesIn', type: 'u64' },
    ],
  },
  {
    name: 'natCounter',
    about: 'What a flow table has counted since it was made.',
    size: 64,
    align: 8,
    fields: [
      { name: 'opened', type: 'u64' },
      { name: 'expired', type: 'u64' },
      { name: 'closed', type: 'u64' },
      { name: 'refusedFull', type: 'u64' },
      { name: 'refusedPort', type: 'u64' },
      { name: 'found', type: 'u64' },
      { name: 'missed', type: 'u64' },
      { name: 'flows', type: 'u64' },
    ],
  },
  ...SCAN_RECORDS,
];

export const NUMBERS: readonly NumbersDefinition[] = [
  {
    name: 'packetFlag',
    about: 'What is special about a packet.',
    type: 'u32',
    values: {
      options: 1, // IPv4 options or IPv6 extension headers
      fragmentFirst: 2,
      fragmentOther: 4,
      fragmentMore: 8,
      dontFragment: 16,
      authenticated: 32, // AH: no address may be changed
      routed: 64, // a source route that is not used up: the checksum is over another destination
      echoRequest: 128, // queries with an identifier
      echoReply: 256,
      icmpError: 512, // never answered
    },
  },
  {
    name: 'packetError',
    about: 'Why a packet was refused.',
    type: 'i32',
    values: {
      truncated: -1,
      version: -2,
      header: -3,
      length: -4,
      checksum: -5,
      options: -6,
      extension: -7,
      fragment: -8,
      transport: -9,
      embedded: -10,
      full: -11,
      protocol: -12,
      authenticated: -13,
      routed: -14,
      mismatch: -15,
      family: -16,
      silent: -17,
      room: -18,
    },
  },
  {
    name: 'rewritePart',
    about: 'What of a packet is changed.',
    type: 'u32',
    values: { src: 1, dst: 2, srcPort: 4, dstPort: 8 },
  },

  {
    name: 'policy',
    about: 'Axes of a principal: as many sets, the rules without a condition on each, come first in every image.',
    type: 'u32',
    values: { axes: 8 },
  },
  {
    name: 'policyMore',
    about: 'Shifts in the second half of a rule: its place in order, its list of destinations, its list of ports.',
    type: 'u32',
    values: { destinations: 20, ports: 41 },
  },
  {
    name: 'policyFlow',
    about: 'A flow in 32 bits: port, protocol shifted by this, activity shifted by this.',
    type: 'u32',
    values: { protocol: 16, activity: 24 },
  },
  { name: 'policyProtocol', about: 'Bits.', type: 'u32', values: { tcp: 1, udp: 2 } },
  {
    name: 'policyActivity',
    about: 'Bits.',
    type: 'u32',
    values: { access: 1, upload: 2, download: 4, copy: 8, paste: 16, any: 31 },
  },
  {
    name: 'policyMinute',
    about: 'Minutes of a day, and of a week from Monday 00:00.',
    type: 'u32',
    values: { day: 1440, week: 10_080 },
  },
  {
    name: 'lpmBatch',
    about: 'Bytes of addresses of one batch, and how many that are of 4 and of 16 bytes.',
    type: 'u32',
    values: { bytes: 65_536, v4: 16_384, v6: 4096 },
  },
  {
    name: 'frameViolation',
    about: 'What a peer did wrong; 0 where nothing.',
    type: 'u32',
    values: { version: 1, type: 2, length: 3 },
  },
  {
    name: 'nat',
    about: 'Answers of the flow table that are no flow.',
    type: 'i32',
    values: { none: -1, taken: -2, full: -3, noPort: -4, other: -5, malformed: -6 },
  },
  {
    name: 'natState',
    about: 'Where a flow is; UDP and ICMP use the first and the third.',
    type: 'u32',
    values: { opening: 1, answered: 2, established: 3, closing: 4, closed: 5 },
  },
  {
    name: 'natTimeout',
    about: 'Places in the table of idle timeouts, u32 seconds each.',
    type: 'u32',
    values: {
      tcpOpening: 0,
      tcpEstablished: 1,
      tcpClosing: 2,
      tcpClosed: 3,
      udpOpening: 4,
      udpEstablished: 5,
      icmp: 6,
      count: 7,
    },
  },
  {
    name: 'natLimit',
    about: 'The most of a flow table: flows, keys or packets of a batch, entries a sweep looks at, bytes of packets.',
    type: 'u32',
    values: { flows: 1_048_576, batch: 256, sweep: 1024, packetBytes: 524_288 },
  },
  ...SCAN_NUMBERS,
];
