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

/** Looks for marks in all parts of a photo, at full and at half size. */
export async function searchPhoto(file: string, before: FalseAlarms): Promise<FalseAlarms> {
  let alarms = before;
  const { width, height } = await sharp(file).metadata();
  for (const scale of [1, 0.5]) {
    const [wide, high] = [Math.floor(scale * width), Math.floor(scale * height)];
    const data = await sharp(file).resize(wide, high).grayscale().raw().toBuffer();
    for (let top = 0; top + PART.height <= high; top += PART.height) {
      for (let left = 0; left + PART.width <= wide; left += PART.width) {
        const part = new Uint8Array(PART.width * PART.height);
        for (let y = 0; y < PART.height; y++) {
          const from = (top + y) * wide + left;
          part.set(data.subarray(from, from + PART.width), y * PART.width);
        }
        alarms = search([{ ...PART, data: part }], alarms);
      }
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
