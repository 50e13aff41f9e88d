import { Resolution } from '@cinematica/protocol/v1';
import { shortSideOf } from '@cinematica/settings';
import { chooseSize } from '@cinematica/settings/choose-size';
import type { ModelCard, Size } from '@cinematica/svd';

/** The shape and the resolution that come nearest to a size. */
export interface NearestShape {
  /** At most 9999:1 in each number, and 1:8 to 8:1 in all. */
  readonly aspectRatio: Size;
  readonly resolution: Resolution;
}

const RESOLUTIONS = [Resolution.MODEL, Resolution.HD, Resolution.FULL_HD];
const MAX_RATIO = 8;
const MAX_SIDE = 9_999;

/**
 * Finds the aspect ratio and the resolution whose files come nearest to a size in pixels. The size itself cannot be asked
 * for, because the model has sizes of its own, whose frames are enlarged to a resolution.
 */
export function nearestShape(size: Size, card: ModelCard): NearestShape {
  const aspectRatio = reduce(clampRatio(size));
  const frame = chooseSize(`${aspectRatio.width}:${aspectRatio.height}`, size, card);
  const modelSide = Math.min(frame.width, frame.height);
  const wanted = Math.min(size.width, size.height);
  const distance = (side: number) => Math.abs(Math.log(side / wanted));
  const distanceOf = (resolution: Resolution) => distance(shortSideOf(resolution) ?? modelSide);
  const resolution = RESOLUTIONS.reduce((best, each) => (distanceOf(each) < distanceOf(best) ? each : best));
  return { aspectRatio, resolution };
}

function clampRatio({ width, height }: Size): Size {
  return { width: Math.min(width, MAX_RATIO * height), height: Math.min(height, MAX_RATIO * width) };
}

function reduce({ width, height }: Size): Size {
  const divisor = greatestCommonDivisor(width, height);
  const scale = Math.min(1, (MAX_SIDE * divisor) / Math.max(width, height)) / divisor;
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
