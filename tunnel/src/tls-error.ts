import { CausewayError, type ErrorCode } from '@causeway/contract';

/** OpenSSL's verification results and alerts, by the code of Node's error. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  CERT_NOT_YET_VALID: 'CW_CLOCK_SKEW',
  CERT_HAS_EXPIRED: 'CW_CERT_EXPIRED',
  CERT_REVOKED: 'CW_CERT_REVOKED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'CW_CERT_FOREIGN',
  SELF_SIGNED_CERT_IN_CHAIN: 'CW_CERT_FOREIGN',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'CW_CERT_FOREIGN',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'CW_CERT_FOREIGN',
  UNABLE_TO_GET_ISSUER_CERT: 'CW_CERT_FOREIGN',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'CW_CERT_FOREIGN',
  CERT_SIGNATURE_FAILURE: 'CW_CERT_FOREIGN',
  INVALID_PURPOSE: 'CW_CERT_FOREIGN',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'CW_CERT_FOREIGN',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'CW_CERT_FOREIGN',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'CW_CERT_EXPIRED',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'CW_CERT_REVOKED',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'CW_CERT_REQUIRED',
};

const WORDS: Partial<Record<ErrorCode, string>> = {
  CW_CLOCK_SKEW: 'the PoP’s certificate is not valid yet: this machine’s clock is behind, or the PoP’s is ahead',
  CW_CERT_EXPIRED:
    'a certificate has expired by the clock of the side that checked it: the PoP’s, ours, or a clock is wrong',
  CW_CERT_FOREIGN: 'a certificate does not chain to the CA of this deployment, or is for another name',
  CW_CERT_REVOKED: 'the certificate was revoked',
  CW_CERT_REQUIRED: 'the PoP wants a certificate',
};

/** A transport's end in our words; `undefined` is an end without an error, which nobody announced. */
export function explainTlsError(error: Error | undefined): CausewayError {
  if (error instanceof CausewayError) return error;
  if (error === undefined) return new CausewayError('CW_TUNNEL_CLOSED', 'the connection ended');
  const name = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const code = CODES[name] ?? 'CW_TUNNEL_CLOSED';
  const detail = error.message.includes(name) ? error.message : `${error.message} (${name})`;
  const words = WORDS[code];
  return new CausewayError(code, words === undefined ? detail : `${words} (${detail})`, { cause: error });
}
