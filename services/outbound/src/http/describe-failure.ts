import { OutboundRefusedError } from '@cinematica/pipeline';

/** What errors of Node mean, in words for the person who chose the URL. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the server refused the connection',
  ECONNRESET: 'the server closed the connection',
  EPIPE: 'the server closed the connection',
  EHOSTUNREACH: 'the server cannot be reached',
  ENETUNREACH: 'the server cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  EPROTO: 'the TLS connection failed',
  HPE_HEADER_OVERFLOW: 'the headers of the response are too large',
  CERT_HAS_EXPIRED: 'the TLS certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the TLS certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the TLS certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the TLS certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the TLS certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the TLS certificate is not trusted',
};

/**
 * Describes why a request failed, without anything that the other side sent.
 * @returns a clause such as “the server refused the connection”.
 */
export function describeFailure(error: unknown): string {
  if (error instanceof OutboundRefusedError) return `the URL ${error.message}`;
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  for (const one of errors) {
    if (!(one instanceof Error) || !('code' in one) || typeof one.code !== 'string') continue;
    const words = WORDS[one.code];
    if (words !== undefined) return words;
    if (one.code.startsWith('HPE_')) return 'the response is not valid HTTP';
    if (one.code.startsWith('ERR_SSL_')) return 'the TLS connection failed';
  }
  return 'the connection failed';
}
