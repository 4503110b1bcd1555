export {
  reserve,
  policyLoad,
  policyAxisIsFree,
  sessionOpen,
  sessionAxis,
  sessionSeal,
  sessionClose,
  destinationClassBytes,
  destinationClassClear,
  destinationClassAdd,
  decide,
  decideBatch,
} from './policy';
export { lpmReserve } from './lpm-intervals';
export { lpmBuild, lpmReserveBatch, lpmLookup4, lpmLookup6, lpmBatch4, lpmBatch6 } from './lpm';
export * from './frames';
export { checksumAdd, checksumEnd } from './checksum';
export { packetParse } from './packet-parse';
export { packetClampMss, packetRewrite, packetVerify } from './packet-rewrite';
export { packetReset, packetTooBig, packetUnreachable } from './packet-build';
export * from './nat';
