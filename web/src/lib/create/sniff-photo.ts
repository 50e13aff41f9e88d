/** The type of a file, by its first bytes: browsers judge a file only by its name. */
export type FileKind = 'photo' | 'heic' | 'other';

/** How many bytes {@link sniffPhoto} needs. */
export const SNIFFED_BYTES = 64;

const PHOTO_SIGNATURES: readonly RegExp[] = [
  /^\xff\xd8\xff/,
  /^\x89PNG\r\n\x1a\n/,
  /^RIFF[^]{4}WEBP/,
  /^GIF8[79]a/,
  /^BM/,
  /^[^]{4}ftyp(avif|avis)/,
];

/** Tells the type of a file. @param bytes its first {@link SNIFFED_BYTES} bytes */
export function sniffPhoto(bytes: Uint8Array): FileKind {
  const head = String.fromCharCode(...bytes.subarray(0, SNIFFED_BYTES));
  if (PHOTO_SIGNATURES.some((signature) => signature.test(head))) return 'photo';
  // `mif1` is a generic container: what phones write is HEIC, unless AVIF is among the compatible brands.
  if (/^[^]{4}ftyp(hei[cxms]|hev[cx])/.test(head)) return 'heic';
  if (/^[^]{4}ftyp(mif1|msf1)/.test(head)) return /avif|avis/.test(head.slice(16)) ? 'photo' : 'heic';
  return 'other';
}
