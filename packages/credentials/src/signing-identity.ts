import * as x509 from '@peculiar/x509';
import { CoseAlgorithmIdentifier, LocalSigner } from '@trustnxt/c2pa-ts/cose';
import type { Signer } from '@trustnxt/c2pa-ts/cose';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { SigningIdentityError } from './errors.ts';

/** A certificate with its key, both as PEM. */
export interface SigningIdentity {
  /** The certificate of the key, then the authorities between it and a root. */
  readonly certificates: string;
  /** The private key, PKCS #8, not encrypted. */
  readonly privateKey: string;
}

/** What a signer's certificate may be for: signing documents, and e-mail, which older readers of C2PA require. */
export const SIGNING_PURPOSES: readonly string[] = ['1.3.6.1.5.5.7.3.36', x509.ExtendedKeyUsage.emailProtection];

/** The algorithm that signs with each kind of key (C2PA 2.1, §13.2.1). */
const ALGORITHMS: Readonly<Record<string, CoseAlgorithmIdentifier>> = {
  ed25519: CoseAlgorithmIdentifier.Ed25519,
  rsa: CoseAlgorithmIdentifier.PS256,
  'rsa-pss': CoseAlgorithmIdentifier.PS256,
  prime256v1: CoseAlgorithmIdentifier.ES256,
  secp384r1: CoseAlgorithmIdentifier.ES384,
  secp521r1: CoseAlgorithmIdentifier.ES512,
};

/**
 * Reads a certificate and its key.
 * @throws {@link SigningIdentityError} when one of them can't be read, they don't belong together, the certificate has
 *   expired, the key is of a kind that C2PA doesn't allow, or no reader would accept the certificate.
 */
export function readSigner({ certificates, privateKey }: SigningIdentity, now = new Date()): Signer {
  const [certificate, ...chain] = readCertificates(certificates);
  const key = readKey(privateKey);
  const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';
  const algorithm = ALGORITHMS[kind];
  if (algorithm === undefined) {
    throw new SigningIdentityError(
      `a key of the kind ${kind} can't sign content credentials: use Ed25519, ECDSA or RSA`,
    );
  }
  const problem = problemOf(certificate, now);
  if (problem !== null) throw new SigningIdentityError(`the certificate for content credentials ${problem}`);
  if (!new X509Certificate(new Uint8Array(certificate.rawData)).checkPrivateKey(key)) {
    throw new SigningIdentityError('the certificate for content credentials belongs to another key');
  }
  return new LocalSigner(key.export({ format: 'der', type: 'pkcs8' }), algorithm, certificate, chain);
}

/** Why no reader would accept a signer's certificate (C2PA 2.1, §14.5.1); null when none is known. */
function problemOf(certificate: x509.X509Certificate, now: Date): string | null {
  const { notBefore, notAfter, subject, issuer } = certificate;
  if (notAfter <= now) return `expired on ${notAfter.toISOString()}`;
  if (notBefore > now) return `is not valid before ${notBefore.toISOString()}`;
  if (subject === issuer) return 'is signed by itself: have it signed by a root, which is another certificate';
  const usages = certificate.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
  if ((usages & x509.KeyUsageFlags.digitalSignature) === 0)
    return 'is not for signatures: its key usage has no digitalSignature';
  const purposes: readonly unknown[] = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  return SIGNING_PURPOSES.some((purpose) => purposes.includes(purpose))
    ? null
    : `is not for documents: its extended key usage has none of ${SIGNING_PURPOSES.join(' and ')}`;
}

/** @throws {@link SigningIdentityError} when there is no certificate, or one can't be read. */
function readCertificates(pem: string): [x509.X509Certificate, ...x509.X509Certificate[]] {
  try {
    const [first, ...others] = x509.PemConverter.decode(pem).map((der) => new x509.X509Certificate(der));
    if (first) return [first, ...others];
  } catch (cause) {
    throw new SigningIdentityError('the certificate for content credentials is not PEM', { cause });
  }
  throw new SigningIdentityError('the file for content credentials has no certificate');
}

function readKey(pem: string) {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new SigningIdentityError('the key for content credentials is not a private key in PEM', { cause });
  }
}
