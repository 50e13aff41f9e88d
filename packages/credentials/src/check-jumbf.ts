import { checkCbor } from './check-cbor.ts';
import { textAt, viewOf } from './bytes.ts';

/**
 * The limits of a manifest store (C2PA 2.1, §11.1). Those of cameras and editors have under 1 MB, 5 levels and 100 boxes; the library
 * keeps a copy of each box with its content, so that a store needs at most `bytes × depth` of memory.
 */
const LIMITS = { bytes: 4_000_000, depth: 8, boxes: 4_000 } as const;
const HEADER_BYTES = 8;
/** A description box: its header, a UUID, and toggles. Bytes. */
const DESCRIPTION_BYTES = HEADER_BYTES + 17;
const MAX_DESCRIPTION_BYTES = 4_096;

/** Credentials that are damaged, or larger than any that a program makes. */
export class DamagedCredentialsError extends Error {
  override readonly name = 'DamagedCredentialsError';
}

/**
 * Checks untrusted boxes (ISO/IEC 19566-5) before the library reads them: it allocates what a length says, and follows boxes to any
 * depth.
 * @throws DamagedCredentialsError when a box does not end inside of the one around it, or a limit is exceeded.
 */
export function checkJumbf(bytes: Uint8Array): void {
  if (bytes.length > LIMITS.bytes) throw new DamagedCredentialsError('the manifest store is too large');
  const view = viewOf(bytes);
  let boxes = 0;

  const checkBoxes = (from: number, to: number, depth: number): void => {
    if (depth > LIMITS.depth) throw new DamagedCredentialsError('the boxes are nested too deeply');
    for (let start = from; start < to;) {
      if (++boxes > LIMITS.boxes) throw new DamagedCredentialsError('there are too many boxes');
      const length = start + HEADER_BYTES <= to ? view.getUint32(start) : 0;
      const end = start + length;
      if (length < HEADER_BYTES || end > to) throw new DamagedCredentialsError('a box has a wrong length');
      checkBox(textAt(bytes, start + 4), start, end, depth);
      start = end;
    }
  };
  const checkBox = (type: string, start: number, end: number, depth: number): void => {
    const content = start + HEADER_BYTES;
    if (type === 'jumb') checkBoxes(content, end, depth + 1);
    else if (type === 'jumd') checkDescription(bytes, start, end, (from) => checkBoxes(from, end, depth + 1));
    else if (type === 'cbor') checkCbor(bytes.subarray(content, end));
  };
  checkBoxes(0, bytes.length, 0);
}

/** Finds the boxes inside of a description box, which follow a label, a number and a hash (ISO/IEC 19566-5 §A.3). */
function checkDescription(bytes: Uint8Array, start: number, end: number, check: (from: number) => void): void {
  const length = end - start;
  if (length < DESCRIPTION_BYTES || length > MAX_DESCRIPTION_BYTES) {
    throw new DamagedCredentialsError('a description box has a wrong length');
  }
  const toggles = bytes[start + DESCRIPTION_BYTES - 1]!;
  let at = start + DESCRIPTION_BYTES;
  if (toggles & 0b10) {
    const zero = bytes.indexOf(0, at);
    if (zero < 0 || zero >= end) throw new DamagedCredentialsError('a label does not end');
    at = zero + 1;
  }
  at += (toggles & 0b100 ? 4 : 0) + (toggles & 0b1000 ? 32 : 0);
  if (at > end) throw new DamagedCredentialsError('a description box has a wrong length');
  if (toggles & 0b10000) check(at);
}
