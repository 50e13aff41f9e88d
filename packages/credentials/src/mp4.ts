import { BMFF } from '@trustnxt/c2pa-ts/asset';
import { textAt, viewOf } from './bytes.ts';
import { UnsupportedMediaError } from './errors.ts';

/** A box of an MPEG-4 file (ISO/IEC 14496-12 §4.2): its place includes its header. Bytes. */
interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly content: number;
}

/** A file with more boxes beside each other is not read: each of them is compared with each part that is not signed. */
const MAX_BOXES = 20_000;
/** The boxes between which chunk offsets are found. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);
/** The header of a C2PA box: size, type, extended type, version and flags, purpose, offset of a Merkle box (C2PA 2.1, §A.5). */
const C2PA_HEADER_BYTES = 8 + 16 + 4 + 'manifest\0'.length + 8;
/** Where the first compatible brand of the `ftyp` box is, which is the first box. Bytes. */
const FIRST_BRAND = 16;

/** @returns whether a file is MPEG-4 with a list of compatible brands. */
export function isMp4(bytes: Uint8Array): boolean {
  return (
    bytes.length >= FIRST_BRAND + 4 && textAt(bytes, 4) === 'ftyp' && viewOf(bytes).getUint32(0) >= FIRST_BRAND + 4
  );
}

/**
 * Inserts an empty C2PA box after the `ftyp` box, and adjusts the offsets of the chunks, which move.
 * @param length of the manifest store, bytes.
 * @throws {@link UnsupportedMediaError} when the file is not a complete MPEG-4 file, or has credentials.
 */
export function reserveInMp4(mp4: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const boxes = readBoxes(mp4, 0, mp4.length);
  const [first] = boxes;
  if (first?.type !== 'ftyp') throw new UnsupportedMediaError('an MPEG-4 file starts with its ftyp box');
  const added = C2PA_HEADER_BYTES + length;
  const result = new Uint8Array(mp4.length + added);
  result.set(mp4.subarray(0, first.end));
  result.set(c2paHeader(added), first.end);
  result.set(mp4.subarray(first.end), first.end + added);
  for (const box of readBoxes(result, 0, result.length)) moveChunks(result, box, added);
  return result;
}

/** The library finds a `uuid` box only when the file has no other, such as that of XMP. */
class Mp4 extends BMFF {
  override getBoxByPath(xpath: string): ReturnType<BMFF['getBoxByPath']> {
    if (xpath !== '/uuid') return super.getBoxByPath(xpath);
    return this.getTopLevelBoxes().find(
      ({ userType }) => userType && BMFF.c2paBoxUserType.every((byte, i) => byte === userType[i]),
    );
  }
}

/**
 * Opens an MPEG-4 file as the library's general file of boxes. The library opens files of pictures only, by their brand. The
 * brand is replaced while it looks, and is not part of the hash.
 * @throws {@link UnsupportedMediaError} when the file is damaged, or has too many boxes.
 */
export function openMp4(mp4: Uint8Array): BMFF {
  readBoxes(mp4, 0, mp4.length);
  // A copy: `slice` of a Buffer is a view, which would change with the file.
  const brand = Uint8Array.from(mp4.subarray(FIRST_BRAND, FIRST_BRAND + 4));
  mp4.set(new TextEncoder().encode('mif1'), FIRST_BRAND);
  try {
    return new Mp4(mp4);
  } catch (cause) {
    throw new UnsupportedMediaError('the MPEG-4 file is damaged', { cause });
  } finally {
    mp4.set(brand, FIRST_BRAND);
  }
}

function c2paHeader(size: number): Uint8Array {
  const header = new Uint8Array(C2PA_HEADER_BYTES);
  viewOf(header).setUint32(0, size);
  header.set(new TextEncoder().encode('uuid'), 4);
  header.set(BMFF.c2paBoxUserType, 8);
  header.set(new TextEncoder().encode('manifest\0'), 28);
  return header;
}

/** Adds to the offsets in every `stco` and `co64` box (§8.7.5). */
function moveChunks(bytes: Uint8Array, box: Box, by: number): void {
  if (CONTAINERS.has(box.type)) {
    for (const child of readBoxes(bytes, box.content, box.end)) moveChunks(bytes, child, by);
    return;
  }
  if (box.type !== 'stco' && box.type !== 'co64') return;
  const view = viewOf(bytes);
  const width = box.type === 'stco' ? 4 : 8;
  const first = box.content + 8;
  const count = view.getUint32(box.content + 4);
  if (first + count * width > box.end) throw new UnsupportedMediaError('the MPEG-4 file has a damaged list of chunks');
  for (let at = first; at < first + count * width; at += width) {
    if (width === 8) {
      view.setBigUint64(at, view.getBigUint64(at) + BigInt(by));
      continue;
    }
    const moved = view.getUint32(at) + by;
    if (moved > 0xffff_ffff) throw new UnsupportedMediaError('the MPEG-4 file is too long for its 32-bit offsets');
    view.setUint32(at, moved);
  }
}

function readBoxes(bytes: Uint8Array, from: number, to: number): Box[] {
  const view = viewOf(bytes);
  const boxes: Box[] = [];
  for (let start = from; start < to;) {
    if (to - start < 8) throw new UnsupportedMediaError('the MPEG-4 file ends inside of a box');
    const size = view.getUint32(start);
    const isLarge = size === 1;
    if (isLarge && to - start < 16) throw new UnsupportedMediaError('the MPEG-4 file ends inside of a box');
    const length = isLarge ? Number(view.getBigUint64(start + 8)) : size === 0 ? to - start : size;
    const content = start + (isLarge ? 16 : 8);
    const end = start + length;
    if (end < content || end > to) throw new UnsupportedMediaError('the MPEG-4 file ends inside of a box');
    boxes.push({ type: textAt(bytes, start + 4), start, end, content });
    if (boxes.length > MAX_BOXES) throw new UnsupportedMediaError('the MPEG-4 file has too many boxes');
    start = end;
  }
  return boxes;
}
