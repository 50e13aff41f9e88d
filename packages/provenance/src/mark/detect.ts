import { decodeBits, codedLength } from './convolutional-code.ts';
import { designMark } from './design.ts';
import type { MarkDesign } from './design.ts';
import { alignWaves, findSync } from './find-sync.ts';
import type { Placement, SyncMatch } from './find-sync.ts';
import { MESSAGE_BITS, readPayload } from './payload.ts';
import type { MarkPayload } from './payload.ts';
import { createResidual } from './residual.ts';
import type { GrayPicture } from './residual.ts';
import { computeSpectrum } from './spectrum.ts';
import type { Spectrum } from './spectrum.ts';

/** A mark that was found. */
export interface FoundMark {
  /** The index of the key that it was found with. */
  readonly key: number;
  /** What the mark says; null when it can be seen, but not read. */
  readonly payload: MarkPayload | null;
  /** How far the mark is above chance, in standard deviations. */
  readonly score: number;
  readonly placement: Placement;
}

/** Looks for a mark in the pictures of one video, or in a single picture. */
export interface MarkDetector {
  /** The number of pictures so far. */
  readonly pictures: number;
  /**
   * Adds a picture; all have the same size.
   * @throws RangeError when its size is another one.
   */
  add(picture: GrayPicture): void;
  /**
   * Looks for the mark of one of the keys.
   * @returns null when there is none.
   */
  find(keys: readonly Uint8Array[]): FoundMark | null;
}

/**
 * A mark that cannot be read needs this score. A picture without one reaches it by chance with a probability below 1e-4: there are
 * at most 1e7 placements (1,200 scales, 64 × 64 shifts, and the refinement), and each has at most `exp(-score² / 2)`.
 */
export const SEEN_SCORE = 7.2;
/**
 * A mark that can be read needs this score of its known waves, besides its checksum. It saves time: a picture without a mark
 * often reaches it, and the checksum alone refuses what was read.
 */
export const READ_SCORE = 5;
/** So many placements are tried to be read: each passes the checksum by chance once in 65,536 times. */
const READ_PLACEMENTS = 3;

/** The size of pictures, in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Prepares the search for a mark in pictures of a size. */
export function createMarkDetector({ width, height }: Size): MarkDetector {
  const residual = createResidual(width, height);
  return {
    get pictures() {
      return residual.pictures;
    },
    add: (picture) => residual.add(picture),
    find(keys) {
      const spectrum = computeSpectrum(residual.sum, width, height);
      const found = keys.flatMap((key, index) => {
        const mark = findMark(spectrum, designMark(key));
        return mark ? [{ ...mark, key: index }] : [];
      });
      return (
        found.sort((a, b) => Number(b.payload !== null) - Number(a.payload !== null) || b.score - a.score)[0] ?? null
      );
    },
  };
}

function findMark(spectrum: Spectrum, design: MarkDesign): Omit<FoundMark, 'key'> | null {
  const matches = findSync(spectrum, design);
  for (const match of matches.slice(0, READ_PLACEMENTS)) {
    if (match.score < READ_SCORE) continue;
    const payload = readMark(spectrum, design, match);
    if (payload) return { ...match, payload };
  }
  const best = matches[0];
  return best && best.score >= SEEN_SCORE ? { ...best, payload: null } : null;
}

/** Reads the message at a placement. */
function readMark(spectrum: Spectrum, design: MarkDesign, { placement }: SyncMatch): MarkPayload | null {
  const weights = weightsOf(spectrum, design, placement);
  const aligned = alignWaves(spectrum, design.data, placement);
  const soft = new Float64Array(codedLength(MESSAGE_BITS));
  for (const [i, { bits }] of design.data.entries()) {
    // A 1 turns the wave towards a positive cosine, or a positive sine.
    soft[bits[0]]! += weights[i]! * aligned[2 * i]!;
    soft[bits[1]]! += weights[i]! * aligned[2 * i + 1]!;
  }
  const message = decodeBits(soft, MESSAGE_BITS).map((bit, i) => bit ^ design.scramble[i]!);
  return readPayload(message);
}

/** How far each wave of the message can be trusted: as much as the known waves of about the same frequency agree. */
function weightsOf(spectrum: Spectrum, { sync, data }: MarkDesign, placement: Placement): Float64Array {
  const aligned = alignWaves(spectrum, sync, placement);
  return Float64Array.from(data, (wave) => {
    const radius = Math.hypot(wave.x, wave.y);
    let sum = 0;
    let total = 1;
    for (const [i, { x, y }] of sync.entries()) {
      const near = Math.exp(-(((Math.hypot(x, y) - radius) / 3) ** 2));
      sum += near * aligned[2 * i]!;
      total += near;
    }
    return Math.max(0.05, sum / total);
  });
}
