// The classic capture format, as tcpdump writes it: both byte orders, microseconds or nanoseconds.
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html
const HEADER = 24;
const RECORD = 16;
const MAGIC = { 0xa1b2c3d4: 1e3, 0xa1b23c4d: 1 };
const PCAPNG = 0x0a0d0d0a;
const [IPV4, IPV6] = [0x0800, 0x86dd];
/** Tags of virtual networks, which stand before the type (IEEE 802.1Q, 802.1ad). */
const TAGS = [0x8100, 0x88a8];

/** By number of the link type: where in a frame the IP packet begins, -1 for a frame that carries none. */
const LINKS = {
  1: (frame) => {
    let at = 12;
    while (TAGS.includes(frame.readUInt16BE(at))) at += 4;
    return isIp(frame.readUInt16BE(at)) ? at + 2 : -1;
  }, // Ethernet
  101: () => 0, // bare IP
  113: (frame) => (isIp(frame.readUInt16BE(14)) ? 16 : -1), // Linux cooked
  276: (frame) => (isIp(frame.readUInt16BE(0)) ? 20 : -1), // Linux cooked, version 2: tcpdump -i any
};
const isIp = (type) => type === IPV4 || type === IPV6;

/**
 * The frames of a capture: `{ time, ip }`, nanoseconds since 1970 as a bigint and the bytes from the IP header on, `null`
 * where a frame carries no IP or too little. Throws on what is no capture, or one of another link type.
 */
export function* readPcap(bytes) {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER) throw new Error('this is not a capture');
  if (file.readUInt32BE(0) === PCAPNG) throw new Error('this is pcapng: tcpdump -r FILE -w OTHER makes a pcap of it');
  const little = Object.hasOwn(MAGIC, file.readUInt32LE(0));
  const u32 = (at) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const unit = MAGIC[u32(0)];
  const start = LINKS[u32(20) & 0xffff];
  if (unit === undefined) throw new Error('this is not a capture');
  if (start === undefined) throw new Error(`frames of link type ${u32(20) & 0xffff} are not known here`);
  for (let at = HEADER; at + RECORD <= file.length;) {
    const end = at + RECORD + u32(at + 8);
    if (end > file.length) throw new Error('the capture ends within a frame');
    const frame = file.subarray(at + RECORD, end);
    const time = BigInt(u32(at)) * 1_000_000_000n + BigInt(u32(at + 4) * unit);
    const from = frame.length < 20 ? -1 : start(frame);
    yield { time, ip: from < 0 ? null : frame.subarray(from) };
    at = end;
  }
}
