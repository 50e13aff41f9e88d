/** Brands of ISO 14496-12 files whose main content is a sequence of pictures (AVIF 1.1, §6; ISO 23008-12, annex B). */
const SEQUENCE = new Set(['avis', 'avio', 'msf1', 'hevc', 'hevx', 'hevm', 'hevs']);

/**
 * An animated AVIF or HEIC as a still one, by its major brand: libvips refuses the brands of sequences, although such a file nearly
 * always holds its first picture as a still one, too, for viewers that do not play.
 *
 * @returns the same bytes when the file is not animated
 */
export function asStillPicture(bytes: Uint8Array): Uint8Array {
  if (!isSequence(bytes)) return bytes;
  const still = Buffer.from(bytes);
  still.write('avif', 8, 'latin1');
  return still;
}

/** Whether a file is an animated AVIF or HEIC that holds no still picture: it has no `meta` box beside the others. */
export function hasNoStillPicture(bytes: Uint8Array): boolean {
  if (!isSequence(bytes)) return false;
  const types = new Set(boxTypes(bytes));
  return types.has('moov') && !types.has('meta');
}

const isSequence = (bytes: Uint8Array): boolean => SEQUENCE.has(text(bytes, 8));

/** The types of the boxes that are not within another one. */
function* boxTypes(bytes: Uint8Array): Generator<string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 16 <= bytes.length;) {
    yield text(bytes, at + 4);
    const short = view.getUint32(at);
    // 1: a size of 64 bits follows the type. 0: the box ends with the file.
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short;
    if (size < 8) return;
    at += size;
  }
}

const text = (bytes: Uint8Array, at: number): string => Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');
