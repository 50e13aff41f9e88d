import { mayHaveCredentials } from '@cinematica/credentials/may-have-credentials';

/** What a photo says of its own origin. Its place, its time and its owner are not read. */
export interface PhotoMarks {
  /** IPTC's digital source type, a URL; empty when the photo has none. */
  readonly digitalSourceType: string;
  /**
   * The organisation that its content credentials name as their signer, or else the program that made it; empty without valid
   * credentials. Everyone can sign under any name.
   */
  readonly credentialsBy: string;
}

/** The longest name that is kept. UTF-16 code units. */
export const MAX_NAME = 100;
/** The terms of IPTC and of C2PA. */
export const SOURCE_TYPE = /^https?:\/\/(?:cv\.iptc\.org\/newscodes|c2pa\.org)\/digitalsourcetype\/\w{1,64}$/;
/** The same in XMP, as an attribute or as an element. XMP is at the beginning of its packet, and may have megabytes of padding. */
const IN_XMP =
  /DigitalSourceType\s{0,8}(?:=\s{0,8}["']|>|\s+rdf:resource=["'])\s{0,64}(https?:\/\/[\w./]{1,150})\s{0,64}["'<]/;
const MAX_XMP_BYTES = 256 * 1024;

/**
 * Reads the marks of an untrusted photo, in the photo process. What is damaged counts as missing: a photo is worth more than
 * what it says of itself.
 * @param xmp the XMP packet of the photo.
 */
export async function readMarks(bytes: Uint8Array, xmp: Uint8Array | undefined): Promise<PhotoMarks> {
  const declared = declaredIn(xmp);
  const credentials = await readSigned(bytes).catch(() => null);
  if (credentials?.state !== 'valid') return { digitalSourceType: declared, credentialsBy: '' };
  const { digitalSourceType, organisation, generator } = credentials;
  return {
    digitalSourceType: SOURCE_TYPE.test(digitalSourceType ?? '') ? digitalSourceType! : declared,
    // The name of a signer can be that of the owner, and an organisation's is not.
    credentialsBy: printable(organisation ?? generator) || 'somebody',
  };
}

/** The library is loaded for the first photo that has credentials: few have any. */
async function readSigned(bytes: Uint8Array) {
  if (!mayHaveCredentials(bytes)) return null;
  const { NO_ROOTS, readCredentials } = await import('@cinematica/credentials');
  return readCredentials(bytes, NO_ROOTS);
}

function declaredIn(xmp: Uint8Array | undefined): string {
  const text = new TextDecoder().decode(xmp?.subarray(0, MAX_XMP_BYTES));
  const found = IN_XMP.exec(text)?.[1]?.replace(/\/$/, '') ?? '';
  return SOURCE_TYPE.test(found) ? found : '';
}

const printable = (name: string): string =>
  name
    .slice(0, MAX_NAME)
    // Also the half of a character that was cut in two.
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
