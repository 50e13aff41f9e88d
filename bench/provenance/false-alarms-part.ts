import { createMarkDetector } from '@cinematica/provenance';
import type { GrayPicture } from '@cinematica/provenance';
import {
  computeSpectrum,
  createResidual,
  designMark,
  findSync,
  READ_SCORE,
  SEEN_SCORE,
} from '@cinematica/provenance/internal';
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Clip } from '../finish/clip.ts';

/** What was found in pictures without a mark, each with a key of its own. */
export interface FalseAlarms {
  readonly trials: number;
  /** How many were taken for marked. */
  readonly alarms: number;
  /** How many reached the score that a mark needs to be read, before its checksum is looked at. */
  readonly nearly: number;
  /** The highest score. */
  readonly highest: number;
}

export const NO_ALARMS: FalseAlarms = { trials: 0, alarms: 0, nearly: 0, highest: 0 };

/** The size of the parts that photos are cut into, pixels. */
const PART = { width: 480, height: 360 };
/** Frames of a piece of a clip. */
const PIECE = 24;

/** So many parts of a photo are looked at, at full and at half size: at equal distances, so that each shows something else. */
const PARTS = [
  { scale: 1, most: 6 },
  { scale: 0.5, most: 2 },
] as const;

/** Looks for marks in parts of a photo. Smaller pictures than a part are not looked at. */
export async function searchPhoto(file: string, before: FalseAlarms): Promise<FalseAlarms> {
  let alarms = before;
  const { width, height } = await sharp(file).metadata();
  for (const { scale, most } of PARTS) {
    const [wide, high] = [Math.floor(scale * width), Math.floor(scale * height)];
    const [columns, rows] = [Math.floor(wide / PART.width), Math.floor(high / PART.height)];
    const count = Math.min(most, columns * rows);
    if (count === 0) continue;
    const gray = await sharp(file).resize(wide, high).grayscale().raw().toBuffer();
    for (let part = 0; part < count; part++) {
      const place = Math.floor(((part + 0.5) * columns * rows) / count);
      const left = (place % columns) * PART.width;
      const top = Math.floor(place / columns) * PART.height;
      const data = new Uint8Array(PART.width * PART.height);
      for (let y = 0; y < PART.height; y++) {
        const from = (top + y) * wide + left;
        data.set(gray.subarray(from, from + PART.width), y * PART.width);
      }
      alarms = search([{ ...PART, data }], alarms);
    }
  }
  return alarms;
}

/** Looks for a mark in each piece of a clip. */
export function searchClip({ width, height, frames }: Clip, before: FalseAlarms): FalseAlarms {
  let alarms = before;
  for (let from = 0; from + PIECE <= frames.length; from += PIECE) {
    const pictures = frames.slice(from, from + PIECE).map((frame) => ({ width, height, data: grayOf(frame) }));
    alarms = search(pictures, alarms);
  }
  return alarms;
}

function search(pictures: readonly GrayPicture[], { trials, alarms, nearly, highest }: FalseAlarms): FalseAlarms {
  const { width, height } = pictures[0]!;
  const key = createHash('sha256').update(`key ${trials}`).digest();
  const residual = createResidual(width, height);
  for (const picture of pictures) residual.add(picture);
  const score = findSync(computeSpectrum(residual.sum, width, height), designMark(key))[0]?.score ?? 0;
  let isAlarm = false;
  if (score >= Math.min(READ_SCORE, SEEN_SCORE)) {
    const detector = createMarkDetector({ width, height });
    for (const picture of pictures) detector.add(picture);
    isAlarm = detector.find([key]) !== null;
  }
  return {
    trials: trials + 1,
    alarms: alarms + Number(isAlarm),
    nearly: nearly + Number(score >= READ_SCORE),
    highest: Math.max(highest, score),
  };
}

function grayOf(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3);
  for (let i = 0, at = 0; i < gray.length; i++, at += 3) {
    gray[i] = (54 * rgb[at]! + 183 * rgb[at + 1]! + 19 * rgb[at + 2]!) >> 8;
  }
  return gray;
}
