import type { Socket } from 'node:net';

/**
 * Call before a socket is sent to another process. Node goes on reading from its own copy of the handle until the
 * other process has acknowledged it, and drops what comes: the client's next flight would be lost whenever the other
 * process answers it faster than the acknowledgement is noticed here. No public method stops the handle at once
 * (`pause()` waits for the next chunk), so this one names it.
 */
export function stopReading(socket: Socket): void {
  const { _handle: handle } = socket as unknown as { _handle?: { reading: boolean; readStop?(): unknown } | null };
  if (handle === undefined || handle === null) return;
  handle.reading = false;
  handle.readStop?.();
}
