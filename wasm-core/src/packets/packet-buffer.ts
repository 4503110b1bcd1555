import { instantiateCore } from '../core-instance.ts';
import { CheckedPacketBuffer } from './checked-packet-buffer.ts';
import type { PacketBufferOptions } from './packet-buffer-face.ts';
import { WasmPacketEngine } from './wasm-packet-engine.ts';

/** The packet buffer in a WebAssembly instance of its own; `PacketBufferFace` says what each method does. */
export class PacketBuffer extends CheckedPacketBuffer {
  /** Takes all its memory at once. Throws `CW_CORE_RANGE`, `CW_CORE_MEMORY`. */
  constructor(options: PacketBufferOptions = {}) {
    super(options, (packets, bytes) => new WasmPacketEngine(instantiateCore(), packets, bytes));
  }
}
