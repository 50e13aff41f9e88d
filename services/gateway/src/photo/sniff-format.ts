/** The formats that can be decoded. */
export type PhotoFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'heic';

/** What the first bytes of a file show: a photo that can be decoded, or another type of file. */
export type Sniffed =
  | { readonly kind: 'photo'; readonly format: PhotoFormat }
  /** `name` has an article, such as `a PDF`; null when the type is unknown. */
  | { readonly kind: 'other'; readonly name: string | null };

/** The number of bytes that {@link sniffFormat} reads. */
const HEAD_BYTES = 512;

const others: readonly (readonly [RegExp, string])[] = [
  [/^GIF8[79]a/, 'a GIF'],
  [/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/, 'a TIFF or a raw photo of a camera'],
  [/^%PDF-/, 'a PDF'],
  [/^BM/, 'a BMP'],
  [/^8BPS/, 'a Photoshop file'],
  [/^(\xff\x0a|\0\0\0\x0cJXL )/, 'a JPEG XL'],
  [/^\0\0\0\x0cjP {2}/, 'a JPEG 2000'],
  [/^\0\0\x01\0/, 'an icon'],
  [/^....ftyp/s, 'a video'],
  [/^(RIFF....AVI |\x1a\x45\xdf\xa3|OggS)/s, 'a video'],
  [/^(PK\x03\x04|\x1f\x8b)/, 'an archive'],
  [/^(\xef\xbb\xbf)?\s*<(!DOCTYPE html|html|head|body|script)/i, 'a web page'],
  [/^(\xef\xbb\xbf)?\s*(?=<)[^]*<svg[\s>/]/i, 'an SVG'],
];

/** The brands of files with AV1 pictures (AVIF 1.1, section 6). */
const AVIF = new Set(['avif', 'avis', 'avio']);
/** The brands of HEIF files with HEVC pictures, or with pictures of any codec (ISO 23008-12, annex B). */
const HEIF = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1', 'mif2']);

/** Detects the format of a file from its first bytes. Bytes before the signature are not skipped. */
export function sniffFormat(bytes: Uint8Array): Sniffed {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return { kind: 'photo', format: 'jpeg' };
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return { kind: 'photo', format: 'png' };
  if (/^RIFF....WEBP/s.test(head)) return { kind: 'photo', format: 'webp' };
  const brands = fileTypeBrands(head);
  if (brands.some((brand) => AVIF.has(brand))) return { kind: 'photo', format: 'avif' };
  if (brands.some((brand) => HEIF.has(brand))) return { kind: 'photo', format: 'heic' };
  return { kind: 'other', name: others.find(([signature]) => signature.test(head))?.[1] ?? null };
}

/** The major and compatible brands in the `ftyp` box at the start of a file (ISO 14496-12); none without such a box. */
function fileTypeBrands(head: string): string[] {
  if (head.slice(4, 8) !== 'ftyp') return [];
  const size = Buffer.from(head.slice(0, 4), 'latin1').readUInt32BE();
  return [head.slice(8, 12), ...(head.slice(16, Math.max(16, size)).match(/.{4}/gs) ?? [])];
}
