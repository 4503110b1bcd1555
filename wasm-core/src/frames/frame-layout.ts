/** Header of a yamux frame. */
export const FRAME_HEADER_BYTES = 12;

/** Words of one descriptor: type | flags << 8, stream, length, payload offset. */
export const DESCRIPTOR_WORDS = 4;
