export { createCore } from './create-core.ts';
export type { Core, CoreOptions, LpmFace, PolicyFace, ScanMakers } from './create-core.ts';
export { CORE_ERRORS, CoreError } from './errors.ts';
export type { CoreErrorCode, CoreErrorEntry } from './errors.ts';
export { DESCRIPTOR_WORDS, FRAME_HEADER_BYTES } from './frames/frame-layout.ts';
export { FrameBatch } from './frames/frame-batch.ts';
export type { FrameBatchFace, FrameOptions, FrameViolation } from './frames/frame-batch-face.ts';
export { LpmTable } from './lpm/lpm-table.ts';
export type { LpmEntry } from './lpm/lpm-table.ts';
export type { LpmPrefix } from './lpm/prefix.ts';
export { rangeToPrefixes } from './lpm/range-to-prefixes.ts';
export { FlowTable } from './nat/flow-table.ts';
export { FLOW_CODES, FLOW_LIMITS, FLOW_TIMEOUTS } from './nat/flow.ts';
export type {
  FlowCounters,
  FlowKey,
  FlowProtocol,
  FlowRecord,
  FlowState,
  FlowTableFace,
  FlowTableOptions,
  FlowTimeouts,
  PortRange,
} from './nat/flow.ts';
export { PacketBuffer } from './packets/packet-buffer.ts';
export type { PacketBufferFace, PacketBufferOptions } from './packets/packet-buffer-face.ts';
export type { PacketChange } from './packets/packet-engine.ts';
export { PACKET_ERRORS } from './packets/packet-errors.ts';
export { PACKET_FIELDS, PACKET_FLAG_BITS } from './packets/packet-fields.ts';
export { compilePolicy } from './policy/compile-policy.ts';
export type {
  PolicyActivity,
  PolicyCondition,
  PolicyDay,
  PolicyFlow,
  PolicyInput,
  PolicyMethod,
  PolicyProbe,
  PolicyProtocol,
  PolicyReason,
  PolicyRuleInput,
  PolicySubject,
  PolicyTimeWindow,
} from './policy/policy-input.ts';
export { PolicyMatcher } from './policy/policy-matcher.ts';
export type { PolicySession } from './policy/policy-matcher.ts';
export { shadowedRules } from './policy/shadowed-rules.ts';
export type { ShadowedRule } from './policy/shadowed-rules.ts';
export { STUB_LIMITS } from './stubs/stub-range.ts';
export { StubTable } from './stubs/stub-table.ts';
export type { Stub, StubCounters, StubOptions } from './stubs/stub-table.ts';
