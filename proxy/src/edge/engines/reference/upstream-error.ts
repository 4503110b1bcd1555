import { CausewayError, type ErrorCode } from '@causeway/contract';

const TLS_ERROR = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/;

/** What an error between us and the app means to the person who waits for the answer. */
export function upstreamErrorCode(error: Error & { code?: string }): ErrorCode {
  if (error instanceof CausewayError) {
    const lost = error.code === 'CW_TUNNEL_CLOSED' || error.code.startsWith('CW_MUX_');
    return lost && error.code !== 'CW_MUX_STREAMS' ? 'CW_PUBLISHER_LOST' : error.code;
  }
  const code = error.code ?? '';
  if (code.startsWith('HPE_')) return 'CW_APP_GARBAGE';
  if (TLS_ERROR.test(code)) return 'CW_APP_TLS';
  return 'CW_STREAM_RESET'; // it closed the connection instead of answering
}
