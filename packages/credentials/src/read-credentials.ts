import * as x509 from '@peculiar/x509';
import { SuperBox } from '@trustnxt/c2pa-ts/jumbf';
import { ActionAssertion, ManifestStore, ValidationResult } from '@trustnxt/c2pa-ts/manifest';
import type { Manifest } from '@trustnxt/c2pa-ts/manifest';
import { openAsset } from './open-asset.ts';

/** What is known of a file by its content credentials. */
export type Credentials =
  /** The file has none, or its format has no place for them. */
  | { readonly state: 'missing' }
  /** The file was changed after it was signed, or the credentials are damaged. */
  | { readonly state: 'invalid'; readonly reasons: readonly string[]; readonly signer: string | null }
  /** The file is as it was signed. */
  | {
      readonly state: 'valid';
      /** Who signed, by the certificate's common name. */
      readonly signer: string | null;
      /** Whether one of the given roots vouches for the signer. */
      readonly trusted: boolean;
      /** The program that made the file. */
      readonly generator: string;
      /** Whether a trained model made it. */
      readonly generated: boolean;
      /** When it was signed, by a trusted clock. Only credentials with a time stamp have it. */
      readonly time: Date | null;
    };

/**
 * Reads and checks the content credentials of a file.
 * @param media the whole file: MPEG-4, WebP, JPEG or PNG. Other formats have none.
 * @param roots certificates as PEM, of those who are trusted.
 */
export async function readCredentials(media: Uint8Array, roots: readonly string[]): Promise<Credentials> {
  let manifest: Manifest | undefined;
  let result: ValidationResult;
  try {
    const asset = openAsset(media);
    const jumbf = asset?.getManifestJUMBF();
    if (!asset || !jumbf) return { state: 'missing' };
    const store = ManifestStore.read(SuperBox.fromBuffer(new Uint8Array(jumbf)));
    manifest = store.getActiveManifest();
    result = await store.validate(asset);
  } catch (error) {
    result = ValidationResult.fromError(error as Error);
  }
  const signature = manifest?.signature?.signatureData;
  const signer = signature?.certificate?.subjectName.getField('CN')[0] ?? null;
  if (!manifest || !result.isValid) {
    const failures = result.statusEntries.filter(({ success }) => success === false);
    return { state: 'invalid', reasons: [...new Set(failures.map(({ code }) => code))], signer };
  }
  return {
    state: 'valid',
    signer,
    trusted:
      signature?.certificate !== undefined &&
      (await isTrusted(signature.certificate, signature.chainCertificates, roots)),
    generator: [manifest.claim?.claimGeneratorName, manifest.claim?.claimGeneratorVersion].filter(Boolean).join(' '),
    generated: isGenerated(manifest),
    time: signature?.timestampTokens.length ? (signature.timestamp ?? null) : null,
  };
}

const isGenerated = ({ assertions }: Manifest): boolean =>
  (assertions?.assertions ?? []).some(
    (assertion) =>
      assertion instanceof ActionAssertion &&
      assertion.actions.some(({ digitalSourceType }) => /[tT]rainedAlgorithmic/.test(digitalSourceType ?? '')),
  );

/** Whether a certificate may vouch for others. That of a signer may not, or it could sign under any name. */
const isAuthority = (certificate: x509.X509Certificate): boolean =>
  certificate.getExtension(x509.BasicConstraintsExtension)?.ca === true;

/** Follows the chain from a certificate to a root. Dates and purposes were checked with the signature. */
async function isTrusted(
  certificate: x509.X509Certificate,
  chain: readonly x509.X509Certificate[],
  roots: readonly string[],
): Promise<boolean> {
  const trusted = roots.map((root) => new x509.X509Certificate(root));
  let current = certificate;
  // Each certificate of the chain is used at most once.
  for (let depth = 0; depth <= chain.length; depth++) {
    for (const root of trusted) {
      if (root.subject === current.issuer && (await current.verify({ publicKey: root.publicKey, signatureOnly: true })))
        return true;
    }
    const next = chain.find((other) => other.subject === current.issuer && isAuthority(other));
    if (!next || !(await current.verify({ publicKey: next.publicKey, signatureOnly: true }))) return false;
    current = next;
  }
  return false;
}
