/** What a file is, by its first bytes: browsers say nothing, or only believe its name. */
export type FileKind = 'photo' | 'heic' | 'other';

/** How many of them {@link sniffPhoto} looks at. */
export const SNIFFED_BYTES = 64;

const PHOTOS: readonly RegExp[] = [
  /^\xff\xd8\xff/,
  /^\x89PNG\r\n\x1a\n/,
  /^RIFF[^]{4}WEBP/,
  /^GIF8[79]a/,
  /^BM/,
  /^[^]{4}ftyp(avif|avis)/,
];

/** @param bytes the file's beginning */
export function sniffPhoto(bytes: Uint8Array): FileKind {
  const head = String.fromCharCode(...bytes.subarray(0, SNIFFED_BYTES));
  if (PHOTOS.some((signature) => signature.test(head))) return 'photo';
  // `mif1` alone may hold anything; of what phones write, it is HEIC unless AVIF is among its brands.
  if (/^[^]{4}ftyp(hei[cxms]|hev[cx])/.test(head)) return 'heic';
  if (/^[^]{4}ftyp(mif1|msf1)/.test(head)) return /avif|avis/.test(head.slice(16)) ? 'photo' : 'heic';
  return 'other';
}
