import { matchBlocks } from './block-matching.ts';
import { cameraMove, displacement } from './camera-move.ts';
import { mean } from './likeness.ts';
import type { Luma } from './luma.ts';
import { at } from './luma.ts';

/** The mean difference of a frame from the matching blocks of the previous frame, 0…255. */
export const warpedDifference = (before: Luma, frame: Luma): number =>
  mean(matchBlocks(before, frame, 16, 3).map(({ difference }) => difference));

/**
 * The gradient energy of the last frame, relative to that of the first frame, moved by the camera motion. Without this
 * motion, a push-in would count as a loss of sharpness.
 */
export function sharpnessKept(first: Luma, last: Luma): number {
  const move = cameraMove(first, last);
  const seen = new Float32Array(last.data.length);
  for (let y = 0; y < last.height; y++) {
    for (let x = 0; x < last.width; x++) {
      const [dx, dy] = displacement(move, x - last.width / 2, y - last.height / 2);
      seen[y * last.width + x] = at(first, x + dx, y + dy);
    }
  }
  const [kept, had] = gradientEnergy(last, { ...last, data: seen });
  return kept / had;
}

/** The sums of the squared gradients of two pictures, over the positions that both show. */
function gradientEnergy(a: Luma, b: Luma): [number, number] {
  let [first, second] = [0, 0];
  for (let y = 0; y + 1 < a.height; y++) {
    for (let x = 0; x + 1 < a.width; x++) {
      const i = y * a.width + x;
      const square = ({ data, width }: Luma) => (data[i + 1]! - data[i]!) ** 2 + (data[i + width]! - data[i]!) ** 2;
      const there = square(b);
      if (Number.isNaN(there)) continue;
      first += square(a);
      second += there;
    }
  }
  return [first, second];
}

/** Spearman's rank correlation for values without ties. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]) => {
    const sorted = values.toSorted((p, q) => p - q);
    return values.map((value) => sorted.indexOf(value));
  };
  const [p, q] = [ranks(a), ranks(b)];
  const squares = p.reduce((sum, rank, i) => sum + (rank - q[i]!) ** 2, 0);
  return 1 - (6 * squares) / (a.length * (a.length ** 2 - 1));
}
