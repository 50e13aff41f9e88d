import * as x509 from '@peculiar/x509';
import type { Signature } from '@trustnxt/c2pa-ts/cose';
import { CBORBox, SuperBox } from '@trustnxt/c2pa-ts/jumbf';
import type { IBox } from '@trustnxt/c2pa-ts/jumbf';
import { ActionAssertion, ManifestStore, ValidationResult } from '@trustnxt/c2pa-ts/manifest';
import type { Manifest } from '@trustnxt/c2pa-ts/manifest';
import { Certificate, SignedData } from 'pkijs';
import { checkJumbf } from './check-jumbf.ts';
import { openAsset } from './open-asset.ts';
import { asResponse } from './timestamp.ts';
import { isVouchedFor } from './trust.ts';
import type { TrustedRoots } from './trust.ts';

/** Who vouches for a signer: this installation, another one that the operator trusts, or nobody who is known. */
export type Voucher = 'own' | 'other' | 'nobody';

/** What is known of a file by its content credentials. */
export type Credentials =
  /** The file has none, or its format has no place for them. */
  | { readonly state: 'missing' }
  /** The signer's certificate has expired, or the file was changed after it was signed, or the credentials are damaged. */
  | { readonly state: 'invalid'; readonly reasons: readonly string[]; readonly signer: string | null }
  /** The file is as it was signed. */
  | {
      readonly state: 'valid';
      /** Who signed, by the certificate's common name. */
      readonly signer: string | null;
      /** The signer's organisation, by the certificate. */
      readonly organisation: string | null;
      readonly voucher: Voucher;
      /** The program that made the file. */
      readonly generator: string;
      /** IPTC's digital source type of the file, a URL. */
      readonly digitalSourceType: string | null;
      /** Whether a trained model made it. */
      readonly generated: boolean;
      /** When it was signed, by a clock that is trusted. Only credentials with a time stamp have it. */
      readonly time: Date | null;
    };

/** The status codes of the specification (C2PA 2.1, §15.2.2) that this module adds. */
const [DAMAGED, EXPIRED] = ['general.error', 'signingCredential.expired'] as const;

/**
 * Reads and checks the content credentials of an untrusted file.
 * @param media the whole file: MPEG-4, WebP, JPEG or PNG. Other formats have none.
 */
export async function readCredentials(media: Uint8Array, roots: TrustedRoots): Promise<Credentials> {
  let manifest: Manifest | undefined;
  let result: ValidationResult;
  try {
    const asset = openAsset(media);
    const jumbf = asset?.getManifestJUMBF();
    if (!asset || !jumbf) return { state: 'missing' };
    checkJumbf(jumbf);
    const boxes = SuperBox.fromBuffer(new Uint8Array(jumbf));
    wrapTokens(boxes);
    const store = ManifestStore.read(boxes);
    manifest = store.getActiveManifest();
    result = await store.validate(asset);
  } catch (error) {
    result = ValidationResult.fromError(error as Error);
  }
  const signature = manifest?.signature?.signatureData;
  const certificate = signature?.certificate;
  const signer = certificate?.subjectName.getField('CN')[0] ?? null;
  if (!manifest || !signature || !certificate || !result.isValid) {
    const failures = result.statusEntries.filter(({ success }) => success === false);
    const reasons = failures.map(({ code }): string => code);
    return { state: 'invalid', reasons: [...new Set(reasons.length > 0 ? reasons : [DAMAGED])], signer };
  }
  const time = await trustedTime(signature, roots.clocks);
  // The library believes every clock, also that of somebody whose certificate has expired.
  if (!time && [certificate, ...signature.chainCertificates].some(({ notAfter }) => notAfter <= new Date())) {
    return { state: 'invalid', reasons: [EXPIRED], signer };
  }
  const digitalSourceType = sourceTypeOf(manifest);
  const { claimGeneratorName, claimGeneratorVersion } = manifest.claim ?? {};
  return {
    state: 'valid',
    signer,
    organisation: certificate.subjectName.getField('O')[0] ?? null,
    voucher: await voucherOf(signature, certificate, roots),
    generator: textOf(claimGeneratorName, claimGeneratorVersion),
    digitalSourceType,
    generated: /trainedAlgorithmic/i.test(digitalSourceType ?? ''),
    time,
  };
}

/** The longest name of a program that is kept. UTF-16 code units. */
const MAX_GENERATOR = 200;

/** The library does not check the types of what it decodes. */
const textOf = (...parts: readonly unknown[]): string =>
  parts
    .filter((part) => typeof part === 'string' && part !== '')
    .join(' ')
    .slice(0, MAX_GENERATOR);

/** Of the first action that has one, which is the one that created the file. */
function sourceTypeOf({ assertions }: Manifest): string | null {
  for (const assertion of assertions?.assertions ?? []) {
    if (!(assertion instanceof ActionAssertion)) continue;
    const found = assertion.actions.find(({ digitalSourceType }) => digitalSourceType !== undefined);
    if (found) return String(found.digitalSourceType);
  }
  return null;
}

async function voucherOf(
  { chainCertificates }: Signature,
  certificate: x509.X509Certificate,
  { own, others }: TrustedRoots,
): Promise<Voucher> {
  if (await isVouchedFor(certificate, chainCertificates, own)) return 'own';
  return (await isVouchedFor(certificate, chainCertificates, others)) ? 'other' : 'nobody';
}

/** The time of a time stamp. The library has checked its signature, but not who made it. */
async function trustedTime(signature: Signature, clocks: readonly string[]): Promise<Date | null> {
  const [token] = signature.timestampTokens;
  if (!token || !signature.timestamp) return null;
  const { content } = token.response.timeStampToken! as { readonly content: unknown };
  const { certificates = [], signerInfos } = new SignedData({ schema: content });
  const all = certificates.filter((each) => each instanceof Certificate);
  const sid: unknown = signerInfos[0]?.sid;
  const isSigner = ({ issuer, serialNumber }: Certificate): boolean =>
    typeof sid === 'object' &&
    sid !== null &&
    'serialNumber' in sid &&
    serialNumber.isEqual(sid.serialNumber) &&
    'issuer' in sid &&
    issuer.isEqual(sid.issuer);
  const signer = all.find(isSigner);
  if (!signer) return null;
  const toX509 = (each: Certificate) => new x509.X509Certificate(each.toSchema().toBER());
  const certificate = toX509(signer);
  const purposes = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  if (!purposes.includes(x509.ExtendedKeyUsage.timeStamping)) return null;
  return (await isVouchedFor(certificate, all.map(toX509), clocks)) ? signature.timestamp : null;
}

/** Time stamps of C2PA 2 are tokens, and the library reads responses only: see {@link asResponse}. */
function wrapTokens(box: IBox): void {
  if (box instanceof SuperBox) for (const each of box.contentBoxes) wrapTokens(each);
  if (!(box instanceof CBORBox) || !Array.isArray(box.content)) return;
  const header = (box.content as unknown[])[1] as { sigTst2?: { tstTokens?: unknown } } | null | undefined;
  const tokens = header?.sigTst2?.tstTokens;
  if (!Array.isArray(tokens)) return;
  for (const token of tokens as { val?: unknown }[]) {
    if (token.val instanceof Uint8Array) token.val = asResponse(token.val);
  }
}
