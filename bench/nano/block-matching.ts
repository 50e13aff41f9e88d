import type { Luma } from './luma.ts';

/** The best match of a block in another picture. */
export interface Match {
  /** Center of the block in pixels. */
  readonly x: number;
  readonly y: number;
  /** Displacement of the match in pixels. */
  readonly dx: number;
  readonly dy: number;
  /** Mean absolute difference of the match. */
  readonly difference: number;
  /** Standard deviation of the block. A block without contrast matches anywhere. */
  readonly contrast: number;
}

/**
 * Finds each block of `to` in `from`: first in whole pixels, from coarse to fine, then in half and quarter pixels.
 * @param side side of a block in pixels
 * @param reach maximum displacement in pixels
 */
export function matchBlocks(from: Luma, to: Luma, side: number, reach: number): Match[] {
  const matches: Match[] = [];
  for (let top = 0; top + side <= to.height; top += side) {
    for (let left = 0; left + side <= to.width; left += side)
      matches.push(matchBlock(from, to, left, top, side, reach));
  }
  return matches;
}

function matchBlock(from: Luma, to: Luma, left: number, top: number, side: number, reach: number): Match {
  const difference = (dx: number, dy: number, stride: number): number => {
    // All pixels of the block lie equally far between two pixels of `from`: the bilinear weights are the same.
    const [wholeX, wholeY] = [Math.floor(dx), Math.floor(dy)];
    const [u, v] = [dx - wholeX, dy - wholeY];
    const [right, below] = [u > 0 ? 1 : 0, v > 0 ? from.width : 0];
    let [sum, count] = [0, 0];
    for (let y = top; y < top + side; y += stride) {
      if (y + dy < 0 || y + dy > from.height - 1) continue;
      for (let x = left; x < left + side; x += stride) {
        if (x + dx < 0 || x + dx > from.width - 1) continue;
        const i = (y + wholeY) * from.width + x + wholeX;
        const upper = from.data[i]! * (1 - u) + from.data[i + right]! * u;
        const lower = from.data[i + below]! * (1 - u) + from.data[i + below + right]! * u;
        sum += Math.abs(upper * (1 - v) + lower * v - to.data[y * to.width + x]!);
        count++;
      }
    }
    return count * stride * stride < (side * side) / 2 ? Infinity : sum / count;
  };
  let best = { dx: 0, dy: 0, cost: difference(0, 0, 1) };
  const look = (step: number, around: number, stride: number): void => {
    const centre = best;
    for (let dy = -around; dy <= around; dy += step) {
      for (let dx = -around; dx <= around; dx += step) {
        const [x, y] = [centre.dx + dx, centre.dy + dy];
        const cost = difference(x, y, stride);
        if (cost < best.cost) best = { dx: x, dy: y, cost };
      }
    }
    best = { ...best, cost: difference(best.dx, best.dy, 1) };
  };
  const coarse = Math.max(1, Math.floor(side / 8));
  if (reach > 2) look(coarse, reach, coarse);
  look(1, Math.min(reach, 2 * coarse), 1);
  look(0.5, 0.5, 1);
  look(0.25, 0.25, 1);

  let [sum, squares] = [0, 0];
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) {
      const value = to.data[y * to.width + x]!;
      sum += value;
      squares += value * value;
    }
  }
  const n = side * side;
  const contrast = Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2));
  const middle = (side - 1) / 2;
  return { x: left + middle, y: top + middle, dx: best.dx, dy: best.dy, difference: best.cost, contrast };
}
