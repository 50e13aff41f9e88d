/** Metadata of a JPEG up to this size are left to the decoder. Bytes. */
const SMALL = 256 * 1024;

/** The largest colour profiles, of printers, have 3 MB. A larger one is dropped, and the photo is taken for sRGB. Bytes. */
const MAX_PROFILE = 4 * 2 ** 20;
/** The most segments of a profile, which number themselves with one byte (ICC.1:2010, annex B.4). */
const MAX_PROFILE_SEGMENTS = 255;

/** Photos have up to a few hundred segments. Those behind so many are left to the decoder. */
const MAX_SEGMENTS = 5_000;

/** Markers (ITU-T T.81, table B.1). */
const START_OF_SCAN = 0xda;
const COMMENT = 0xfe;
const [APP0, APP15] = [0xe0, 0xef];

interface Segment {
  readonly marker: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Drops metadata from a JPEG with much of it: all but JFIF, EXIF, the first segment of XMP, the colour profile and Adobe's colour
 * transform. The decoder would read all of them each time it opens the file: with 10 MB, it takes ten times as long.
 *
 * @returns the same bytes when there is little to drop.
 */
export function withoutMuchMetadata(bytes: Uint8Array): Uint8Array {
  const segments = readSegments(bytes);
  const profile = segments.filter((segment) => isProfile(bytes, segment));
  const keepsProfile = profile.length <= MAX_PROFILE_SEGMENTS && sizeOf(profile) <= MAX_PROFILE;
  const needed = [JFIF, EXIF, XMP, ADOBE].map((kind) => segments.find((segment) => isOf(kind, bytes, segment)));
  const kept = new Set([...needed, ...(keepsProfile ? profile : [])]);
  const dropped = segments.filter((segment) => !kept.has(segment));
  if (sizeOf(dropped) <= SMALL) return bytes;
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of dropped) {
    parts.push(bytes.subarray(at, start));
    at = end;
  }
  return Buffer.concat([...parts, bytes.subarray(at)]);
}

const sizeOf = (segments: readonly Segment[]): number => segments.reduce((sum, { start, end }) => sum + end - start, 0);

/** The segments of applications and the comments before the first scan. */
function readSegments(bytes: Uint8Array): Segment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const segments: Segment[] = [];
  for (let start = 2; start + 4 <= bytes.length && bytes[start] === 0xff && segments.length < MAX_SEGMENTS;) {
    const marker = bytes[start + 1]!;
    const end = start + 2 + view.getUint16(start + 2);
    if (marker === START_OF_SCAN || end > bytes.length) break;
    if (marker === COMMENT || (marker >= APP0 && marker <= APP15)) segments.push({ marker, start, end });
    start = end;
  }
  return segments;
}

const startsWith = (bytes: Uint8Array, { start }: Segment, name: string): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start + 4, Math.min(name.length, bytes.length - start - 4)).toString(
    'latin1',
  ) === name;

interface Kind {
  readonly marker: number;
  /** The first bytes of a segment of this kind. */
  readonly name: string;
}

const JFIF: Kind = { marker: 0xe0, name: 'JFIF\0' };
const EXIF: Kind = { marker: 0xe1, name: 'Exif\0' };
const XMP: Kind = { marker: 0xe1, name: 'http://ns.adobe.com/xap/1.0/\0' };
const PROFILE: Kind = { marker: 0xe2, name: 'ICC_PROFILE\0' };
const ADOBE: Kind = { marker: 0xee, name: 'Adobe' };

const isOf = ({ marker, name }: Kind, bytes: Uint8Array, segment: Segment): boolean =>
  segment.marker === marker && startsWith(bytes, segment, name);

const isProfile = (bytes: Uint8Array, segment: Segment): boolean => isOf(PROFILE, bytes, segment);
