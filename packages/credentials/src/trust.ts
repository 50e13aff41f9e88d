import * as x509 from '@peculiar/x509';

/** The authorities that are trusted: certificates as PEM, of which each vouches for those that it signed. */
export interface TrustedRoots {
  /** Those of this installation: what they vouch for was made here. */
  readonly own: readonly string[];
  /** Those of other signers whom the operator trusts. */
  readonly others: readonly string[];
  /** Those of time stamp authorities. Other clocks are not believed. */
  readonly clocks: readonly string[];
}

/** Nobody is trusted. */
export const NO_ROOTS: TrustedRoots = { own: [], others: [], clocks: [] };

/** A longer chain is not followed. Public ones have at most five certificates. */
const MAX_CHAIN = 8;

/** Whether a certificate may vouch for others. That of a signer may not, or it could sign under any name. */
const isAuthority = (certificate: x509.X509Certificate): boolean =>
  certificate.getExtension(x509.BasicConstraintsExtension)?.ca === true;

/**
 * Follows the chain from a certificate to a root. Dates and purposes of the certificate are checked elsewhere.
 * @param chain certificates in any order, untrusted.
 * @param roots certificates as PEM.
 */
export async function isVouchedFor(
  certificate: x509.X509Certificate,
  chain: readonly x509.X509Certificate[],
  roots: readonly string[],
): Promise<boolean> {
  const trusted = roots.map((root) => new x509.X509Certificate(root));
  const unused = new Set(chain.slice(0, MAX_CHAIN));
  for (let current = certificate; ;) {
    for (const root of trusted) if (await isIssuer(root, current)) return true;
    const next = [...unused].find((other) => other.subject === current.issuer && isAuthority(other));
    if (!next || !(await isIssuer(next, current))) return false;
    // A chain that goes round ends here.
    unused.delete(next);
    current = next;
  }
}

const isIssuer = async (issuer: x509.X509Certificate, certificate: x509.X509Certificate): Promise<boolean> =>
  issuer.subject === certificate.issuer &&
  (await certificate.verify({ publicKey: issuer.publicKey, signatureOnly: true }).catch(() => false));
