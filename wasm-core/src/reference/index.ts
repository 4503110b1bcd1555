export { ReferenceClassRunScanner, ReferenceDigitRunScanner, ReferenceLiteralScanner } from './scan-reference.ts';
export { ReferenceFrameBatch } from './frames-reference.ts';
export { ReferenceFlowTable } from './reference-flow-table.ts';
export { ReferenceLpm } from './reference-lpm.ts';
export { ReferencePacketBuffer } from './packets/reference-packet-buffer.ts';
export { ReferencePolicyMatcher } from './reference-policy-matcher.ts';
export type { ExplainedRule, ReferenceSession } from './reference-policy-matcher.ts';
