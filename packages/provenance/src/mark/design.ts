import { codedLength } from './convolutional-code.ts';
import { createKeyStream } from './key-stream.ts';
import { MESSAGE_BITS } from './payload.ts';

/** The mark repeats after this many of its own pixels in both directions. */
export const TILE = 128;

/**
 * The frequencies of the mark, in periods in a tile. Below them pictures are too strong. Above them codecs remove what remains of the
 * mark in a video of half the size; and fewer waves are stronger ones, which are rounded to zero less often.
 */
const LOWEST = 4;
const HIGHEST = 12;
/** The share of the frequencies that carry no message, by which the mark is found. */
const SYNC_SHARE = 0.35;

/** One frequency of the mark: a wave with `x` and `y` periods in a tile. */
export interface Wave {
  readonly x: number;
  readonly y: number;
  /** Its phase at the corner of a tile when it carries no message, radians. */
  readonly phase: number;
}

/** A wave that carries two coded bits: one in its cosine, one in its sine. */
export interface DataWave extends Wave {
  readonly bits: readonly [number, number];
}

/** What a key decides: the waves of the mark. */
export interface MarkDesign {
  readonly sync: readonly Wave[];
  readonly data: readonly DataWave[];
  /** XORed with the message, so that no message is special. */
  readonly scramble: Uint8Array;
}

/** The secret that a mark is made and found with has at least this many bytes. */
export const MIN_KEY_BYTES = 16;

/** @throws RangeError when the key is too short. */
export function designMark(key: Uint8Array): MarkDesign {
  if (key.length < MIN_KEY_BYTES) throw new RangeError(`a key of a mark has at least ${MIN_KEY_BYTES} bytes`);
  const stream = createKeyStream(key, 'cinematica mark 1');
  const waves = stream.shuffle(frequencies()).map((wave) => ({ ...wave, phase: 2 * Math.PI * stream.unit() }));
  const syncCount = Math.round(SYNC_SHARE * waves.length);
  const coded = codedLength(MESSAGE_BITS);
  // Each round through all coded bits has its own order, so that a bit is at frequencies everywhere.
  const order: number[] = [];
  while (order.length < 2 * (waves.length - syncCount)) {
    order.push(...stream.shuffle(Array.from({ length: coded }, (_, bit) => bit)));
  }
  return {
    sync: waves.slice(0, syncCount),
    data: waves.slice(syncCount).map((wave, i) => ({ ...wave, bits: [order[2 * i]!, order[2 * i + 1]!] })),
    scramble: Uint8Array.from({ length: MESSAGE_BITS }, () => stream.uint32() & 1),
  };
}

/** One of each pair of opposite frequencies: a real picture has the same in both. */
function frequencies(): { readonly x: number; readonly y: number }[] {
  const found = [];
  for (let y = 0; y <= HIGHEST; y++) {
    for (let x = -HIGHEST; x <= HIGHEST; x++) {
      const radius = Math.hypot(x, y);
      if (radius < LOWEST || radius > HIGHEST || (y === 0 && x < 0)) continue;
      found.push({ x, y });
    }
  }
  return found;
}
