import { X509Certificate } from 'node:crypto';
import { SigningIdentityError } from './errors.ts';

/** A certificate as PEM (RFC 7468). */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Splits a file of certificates.
 * @returns each certificate as PEM.
 * @throws {@link SigningIdentityError} when there is none, or one can't be read.
 */
export function splitCertificates(pem: string): string[] {
  const found = pem.match(CERTIFICATE) ?? [];
  if (found.length === 0) throw new SigningIdentityError('the file has no certificates in PEM');
  try {
    return found.map((each) => new X509Certificate(each).toString());
  } catch (cause) {
    throw new SigningIdentityError('a certificate can’t be read', { cause });
  }
}
