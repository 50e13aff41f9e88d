import { viewOf } from './bytes.ts';

/** The limits of one piece of CBOR. Assertions of known programs have under 1,000 items, and under 10 levels. */
const LIMITS = { items: 50_000, depth: 32 } as const;
/**
 * The tags that C2PA uses: dates, bignums, COSE_Sign1, URIs, UUIDs. Others make the decoder build objects of other types, or refer to
 * what came before.
 */
const TAGS: ReadonlySet<number> = new Set([0, 1, 2, 3, 18, 32, 37]);

/** Major types of RFC 8949 §3.1. */
const [BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE] = [2, 3, 4, 5, 6, 7] as const;
const INDEFINITE = 31;
const BREAK = 0xff;

/** CBOR that is damaged, or larger than any that a program makes. */
export class DamagedCborError extends Error {
  override readonly name = 'DamagedCborError';
}

/**
 * Checks untrusted CBOR before the library decodes it: the decoder allocates what a length says, and follows arrays to any depth.
 * The protected header of a COSE signature is CBOR in CBOR, and is checked with it.
 * @throws DamagedCborError
 */
export function checkCbor(bytes: Uint8Array): void {
  const view = viewOf(bytes);
  let at = 0;
  let items = 0;

  const take = (count: number): number => {
    const from = at;
    if (!(count <= bytes.length - at)) throw new DamagedCborError('an item is longer than its data');
    at += count;
    return from;
  };
  /** The argument of an item: a value or a length. Infinity for an indefinite length. */
  const argument = (low: number): number => {
    if (low < 24) return low;
    if (low === 24) return view.getUint8(take(1));
    if (low === 25) return view.getUint16(take(2));
    if (low === 26) return view.getUint32(take(4));
    if (low === 27) return Number(view.getBigUint64(take(8)));
    if (low === INDEFINITE) return Infinity;
    throw new DamagedCborError('an item has a reserved length');
  };
  const head = () => {
    const byte = bytes[take(1)]!;
    const low = byte & 31;
    return { type: byte >> 5, low, value: argument(low) };
  };
  /** Reads the members of an array or a map. Each takes at least a byte, so that no more can be announced than there are bytes. */
  const members = (count: number, depth: number): void => {
    if (count === Infinity) {
      while (bytes[at] !== BREAK) item(depth);
      take(1);
      return;
    }
    if (count > bytes.length - at) throw new DamagedCborError('an item is longer than its data');
    for (let i = 0; i < count; i++) item(depth);
  };
  const item = (depth: number): void => {
    if (depth > LIMITS.depth) throw new DamagedCborError('the items are nested too deeply');
    if (++items > LIMITS.items) throw new DamagedCborError('there are too many items');
    const { type, low, value } = head();
    if (type === BYTES || type === TEXT) {
      if (value === Infinity) members(value, depth + 1);
      else take(value);
    } else if (type === ARRAY) members(value, depth + 1);
    else if (type === MAP) members(2 * value, depth + 1);
    else if (type === TAG) {
      if (!TAGS.has(value)) throw new DamagedCborError(`the tag ${value} is not used in credentials`);
      item(depth + 1);
    } else if (low === INDEFINITE)
      throw new DamagedCborError(type === SIMPLE ? 'a break is misplaced' : 'a number has no end');
  };
  /** The first item of a COSE_Sign1 (RFC 9052 §4.2), however its array and its tags are written; null for other CBOR. */
  const protectedHeader = (): Uint8Array | null => {
    at = 0;
    let { type, value } = head();
    while (type === TAG) ({ type, value } = head());
    if (type !== ARRAY || value === 0) return null;
    ({ type, value } = head());
    if (type !== BYTES) return null;
    if (value === Infinity) throw new DamagedCborError('the protected header has no length');
    return bytes.subarray(take(value), at);
  };
  item(0);
  if (at < bytes.length) throw new DamagedCborError('there are bytes after the last item');
  const header = protectedHeader();
  if (header && header.length > 0) checkCbor(header);
}
