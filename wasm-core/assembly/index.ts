export { reserve, policyLoad, policyFreeAxes } from './policy-image';
export {
  sessionOpen,
  sessionClose,
  destinationClassBytes,
  destinationClassClear,
  destinationClassAdd,
} from './policy-session';
export { decide, decideBatch } from './policy';
export { lpmReserve } from './lpm-intervals';
export { lpmBuild, lpmReserveBatch, lpmLookup4, lpmLookup6, lpmBatch4, lpmBatch6 } from './lpm';
export * from './frames';
export { checksum, checksumAdd, checksumEnd } from './checksum';
export { packetParse } from './packet-parse';
export { packetClampMss, packetRewrite, packetVerify } from './packet-rewrite';
export { packetReset, packetTooBig, packetUnreachable } from './packet-build';
export * from './nat';
