import { designMark } from './design.ts';
import { renderPattern } from './pattern.ts';
import type { MarkPayload } from './payload.ts';

/** How frames are marked. */
export interface MarkerOptions {
  /** The size of the frames in pixels. */
  readonly width: number;
  readonly height: number;
  /** The secret that the mark is found with, at least 16 bytes. */
  readonly key: Uint8Array;
  readonly payload: MarkPayload;
  /** How many times larger the files are than the frames, when an encoder enlarges them. @default 1 */
  readonly enlargement?: number | undefined;
}

/** Puts the same mark into each frame of a video. */
export interface Marker {
  /**
   * Marks a frame in place: RGB, 8 bits, `[height, width, 3]`. The same frame at the same place always becomes the same bytes.
   * @param index its place in the video, from 0. Default: far from the start.
   */
  mark(frame: Uint8Array, index?: number): void;
}

/** The mark is as fine as pixels where the short side has this many, and grows with larger files. */
const FINE_SIDE = 720;
/** Smaller than this, a pixel of the mark cannot be shown. */
const MIN_PITCH = 0.45;

/** Blocks in which the texture of the picture is measured, pixels. */
const BLOCK = 8;

/**
 * The mark's standard deviation where nothing hides it, of 255. It is the larger one in pictures that are smooth almost everywhere:
 * there, the mark has nowhere else to be.
 */
const FLAT_STRENGTH = { least: 0.6, most: 0.8 } as const;
/** The standard deviation that a picture should have on average. */
const WANTED_STRENGTH = 1.35;
/** How much stronger it is for each unit of texture. */
const TEXTURE_GAIN = 0.35;
/** The largest standard deviation. */
const MAX_STRENGTH = 5;
/**
 * How much stronger the mark is in the first frame. Whoever encodes a video again makes its first frame a key frame, which codecs keep
 * best; and in the first half second nobody looks for grain. It fades, because a step would be seen.
 */
const START_BOOST = 0.3;
/** After so many frames, the mark is as strong as in the rest of the video. */
const START_FRAMES = 14;
/** Added before fractions are cut off, so that positive and negative numbers are rounded alike. */
const ROUNDING = 1024.5;
/** The largest mean square of a frame’s change: 42.3 dB before rounding to whole values. */
const MAX_MEAN_SQUARE = 255 ** 2 / 10 ** 4.23;

/**
 * Prepares a mark: a pattern that is added to the luma. It stands still, so that it does not shimmer, and is stronger where texture
 * hides it.
 * @throws RangeError when a number is out of its range.
 */
export function createMarker(options: MarkerOptions): Marker {
  const { width, height, key, payload, enlargement = 1 } = options;
  const shortSide = enlargement * Math.min(width, height);
  const pitch = Math.max(MIN_PITCH, Math.max(1, shortSide / FINE_SIDE) / enlargement);
  const pattern = renderPattern(designMark(key), payload, { width, height, pitch });
  const isTiny = Math.min(width, height) < BLOCK;
  const columns = Math.ceil(width / BLOCK);
  const rows = Math.ceil(height / BLOCK);
  const luma = new Int32Array(width * BLOCK);
  const strengths = new Float32Array(columns * rows);
  const smooth = new Float32Array(columns * rows);
  const line = new Float32Array(columns);

  const measure = (frame: Uint8Array): void => {
    for (let row = 0; row < rows; row++) {
      // The last blocks overlap the ones before, so that all are whole.
      const top = Math.max(0, Math.min(row * BLOCK, height - BLOCK));
      for (let i = 0, at = 3 * top * width; i < luma.length && at < frame.length; i++, at += 3) {
        luma[i] = (54 * frame[at]! + 183 * frame[at + 1]! + 19 * frame[at + 2]!) | 0;
      }
      for (let column = 0; column < columns; column++) {
        const left = Math.max(0, Math.min(column * BLOCK, width - BLOCK));
        const texture = isTiny ? 0 : textureOf(luma, left, width);
        strengths[row * columns + column] = Math.min(MAX_STRENGTH, TEXTURE_GAIN * texture);
      }
    }
  };

  return {
    mark(frame, index = START_FRAMES) {
      const boost = 1 + START_BOOST * Math.max(0, 1 - index / START_FRAMES);
      measure(frame);
      const mean = smoothBlocks(strengths, smooth, columns, rows);
      const flat = Math.max(FLAT_STRENGTH.least, Math.min(FLAT_STRENGTH.most, WANTED_STRENGTH - mean));
      limitStrengths(smooth, flat, MAX_MEAN_SQUARE / boost ** 2);
      const pixels = new Uint8ClampedArray(frame.buffer, frame.byteOffset, frame.length);
      for (let y = 0, i = 0, at = 0; y < height; y++) {
        betweenRows(smooth, line, columns, rows, (y + 0.5) / BLOCK - 0.5, flat, boost);
        for (let column = -1; column < columns; column++) {
          const before = line[Math.max(0, column)]!;
          const slope = (line[Math.min(columns - 1, column + 1)]! - before) / BLOCK;
          const from = Math.max(0, column * BLOCK + BLOCK / 2);
          const to = Math.min(width, (column + 1) * BLOCK + BLOCK / 2);
          let strength = before + slope * (from - column * BLOCK - BLOCK / 2 + 0.5);
          for (let x = from; x < to; x++, i++, at += 3) {
            // Rounded. A test for 0 would take longer than adding it, because no processor foresees noise.
            const change = ((strength * pattern[i]! + ROUNDING) | 0) - (ROUNDING | 0);
            strength += slope;
            pixels[at]! += change;
            pixels[at + 1]! += change;
            pixels[at + 2]! += change;
          }
        }
      }
    },
  };
}

/**
 * The texture of a block of luma in 256ths: the mean difference of neighbours in its second calmest quarter, so that an edge
 * beside a smooth area is not one.
 */
function textureOf(luma: Int32Array, left: number, width: number): number {
  let calmest = Infinity;
  let second = Infinity;
  const half = BLOCK / 2;
  for (let quarter = 0; quarter < 4; quarter++) {
    const from = left + (quarter & 1 ? half : 0) + (quarter & 2 ? half * width : 0);
    let sum = 0;
    for (let y = 0; y < half - 1; y++) {
      for (let x = 0, i = from + y * width; x < half - 1; x++, i++) {
        sum += Math.abs(luma[i]! - luma[i + 1]!) + Math.abs(luma[i]! - luma[i + width]!);
      }
    }
    if (sum < calmest) {
      second = calmest;
      calmest = sum;
    } else if (sum < second) second = sum;
  }
  return second / (256 * 2 * (half - 1) ** 2);
}

/** Averages each block with its eight neighbours, and returns the mean. */
function smoothBlocks(source: Float32Array, target: Float32Array, columns: number, rows: number) {
  let sum = 0;
  for (let y = 0; y < rows; y++) {
    const above = Math.max(0, y - 1) * columns;
    const here = y * columns;
    const below = Math.min(rows - 1, y + 1) * columns;
    for (let x = 0; x < columns; x++) {
      const left = Math.max(0, x - 1);
      const right = Math.min(columns - 1, x + 1);
      const sides = source[above + x]! + source[below + x]! + source[here + left]! + source[here + right]!;
      const corners = source[above + left]! + source[above + right]! + source[below + left]! + source[below + right]!;
      const value = (4 * source[here + x]! + 2 * sides + corners) / 16;
      target[here + x] = value;
      sum += value;
    }
  }
  return sum / (columns * rows);
}

/**
 * Cuts off the largest strengths, so that the mean square of all, with that of flat areas, is at most `limit`. They help least: the
 * texture that hides the mark from the eye hides it from the detector, too.
 */
function limitStrengths(strengths: Float32Array, flat: number, limit: number): void {
  const meanSquare = (most: number): number => {
    let sum = 0;
    for (const strength of strengths) sum += (flat + Math.min(most, strength)) ** 2;
    return sum / strengths.length;
  };
  if (meanSquare(MAX_STRENGTH) <= limit) return;
  let [within, beyond] = [0, MAX_STRENGTH];
  for (let step = 0; step < 12; step++) {
    const most = (within + beyond) / 2;
    if (meanSquare(most) > limit) beyond = most;
    else within = most;
  }
  for (let i = 0; i < strengths.length; i++) strengths[i] = Math.min(within, strengths[i]!);
}

/** A row of strengths between two rows of blocks, that of flat areas included. */
function betweenRows(
  blocks: Float32Array,
  target: Float32Array,
  columns: number,
  rows: number,
  position: number,
  flat: number,
  boost: number,
): void {
  const place = Math.min(rows - 1, Math.max(0, position));
  const above = Math.floor(place);
  const weight = place - above;
  const first = above * columns;
  const second = Math.min(rows - 1, above + 1) * columns;
  for (let x = 0; x < columns; x++) {
    target[x] = boost * (flat + blocks[first + x]! + weight * (blocks[second + x]! - blocks[first + x]!));
  }
}
