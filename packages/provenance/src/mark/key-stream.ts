import { createHmac } from 'node:crypto';

/** Pseudo-random numbers that only the holder of a key can compute. The same key and purpose give the same numbers. */
export interface KeyStream {
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number;
  /** A number from 0, included, to 1, excluded. */
  unit(): number;
  /** Puts items into a random order, in place. */
  shuffle<T>(items: T[]): T[];
}

/**
 * HMAC-SHA256 in counter mode (NIST SP 800-108).
 * @param purpose separates streams of the same key.
 */
export function createKeyStream(key: Uint8Array, purpose: string): KeyStream {
  let block = Buffer.alloc(0);
  let at = 0;
  let counter = 0;
  const uint32 = (): number => {
    if (at === block.length) {
      block = createHmac('sha256', key).update(`${purpose} ${counter++}`).digest();
      at = 0;
    }
    const value = block.readUInt32BE(at);
    at += 4;
    return value;
  };
  const unit = () => uint32() / 2 ** 32;
  return {
    uint32,
    unit,
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = Math.floor(unit() * (last + 1));
        [items[last], items[other]] = [items[other]!, items[last]!];
      }
      return items;
    },
  };
}
