import type { CausewayError } from '@causeway/contract';
import type { MuxStream } from './mux-stream.ts';

export class ControlChannel<In, Out> {
  constructor(
    _stream: MuxStream,
    _check: (value: unknown) => In,
    _onMessage: (message: In) => void,
    _onClose: (error: CausewayError | null) => void,
  ) {}
  send(_message: Out): void {}
  close(): void {}
}
