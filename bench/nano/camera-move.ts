import { matchBlocks } from './block-matching.ts';
import type { Match } from './block-matching.ts';
import { mean } from './likeness.ts';
import type { Luma } from './luma.ts';

/** An affine motion between two pictures: x' = x + a + b·x + c·y, y' = y + d + e·x + f·y, relative to the center. */
export interface CameraMove {
  readonly x: readonly [a: number, b: number, c: number];
  readonly y: readonly [d: number, e: number, f: number];
}

/** Fits an affine motion to the matches of the blocks by least squares, and repeatedly excludes outliers. */
export const cameraMove = (from: Luma, to: Luma, reach = 64): CameraMove => fitMove(findable(from, to, reach), to);

function fitMove(all: readonly Match[], to: Luma): CameraMove {
  const place = ({ x, y }: { x: number; y: number }) => [1, x - to.width / 2, y - to.height / 2];
  let kept = all;
  let move: CameraMove = { x: [0, 0, 0], y: [0, 0, 0] };
  for (const far of [16, 8, 4, 3, 2]) {
    if (kept.length < 6) break;
    move = {
      x: leastSquares(
        kept.map(place),
        kept.map(({ dx }) => dx),
      ),
      y: leastSquares(
        kept.map(place),
        kept.map(({ dy }) => dy),
      ),
    };
    kept = all.filter((match) => distanceFrom(move, match, to) < far);
  }
  return move;
}

/** The mean deviation of the blocks from the affine motion, in pixels. It is large if near and far parts move differently. */
export const parallax = (from: Luma, to: Luma, reach = 64): number => moveAndParallax(from, to, reach).parallax;

/** The same as {@link cameraMove} and {@link parallax}, from one search for the blocks, which takes most of the time. */
export function moveAndParallax(
  from: Luma,
  to: Luma,
  reach: number,
): { readonly move: CameraMove; readonly parallax: number } {
  const all = findable(from, to, reach);
  const move = fitMove(all, to);
  const distances = all.map((match) => distanceFrom(move, match, to));
  // A large deviation is a wrong match, not parallax.
  return { move, parallax: mean(distances.filter((distance) => distance < 16)) };
}

/** The matches of blocks with sufficient contrast. */
const findable = (from: Luma, to: Luma, reach: number): Match[] =>
  matchBlocks(from, to, 32, reach).filter(({ contrast }) => contrast > 6);

/** The distance between a match and the position by the affine motion, in pixels. */
function distanceFrom(move: CameraMove, { x, y, dx, dy }: Match, { width, height }: Luma): number {
  const [right, down] = displacement(move, x - width / 2, y - height / 2);
  return Math.hypot(right - dx, down - dy);
}

/** The displacement at a position relative to the center. */
export const displacement = ({ x: [a, b, c], y: [d, e, f] }: CameraMove, x: number, y: number): [number, number] => [
  a + b * x + c * y,
  d + e * x + f * y,
];

/** The mean motion over the picture, in pixels. */
export function meanMotion(move: CameraMove, { width, height }: Luma): number {
  let sum = 0;
  for (let i = 0; i < 32; i++) {
    for (let j = 0; j < 18; j++) {
      sum += Math.hypot(...displacement(move, ((i + 0.5) / 32 - 0.5) * width, ((j + 0.5) / 18 - 0.5) * height));
    }
  }
  return sum / (32 * 18);
}

/** Least squares with three unknowns, by the normal equations and Cramer's rule. */
function leastSquares(rows: readonly number[][], values: readonly number[]): [number, number, number] {
  const n = [0, 1, 2].map((i) => [0, 1, 2].map((j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)));
  const right = [0, 1, 2].map((i) => rows.reduce((sum, row, k) => sum + row[i]! * values[k]!, 0));
  const whole = determinant(n);
  const solve = (column: number) =>
    Math.abs(whole) < 1e-9 ? 0 : determinant(n.map((row, i) => row.with(column, right[i]!))) / whole;
  return [solve(0), solve(1), solve(2)];
}

function determinant(m: readonly (readonly number[])[]): number {
  const [a, b, c] = m as [readonly number[], readonly number[], readonly number[]];
  return (
    a[0]! * (b[1]! * c[2]! - b[2]! * c[1]!) -
    a[1]! * (b[0]! * c[2]! - b[2]! * c[0]!) +
    a[2]! * (b[0]! * c[1]! - b[1]! * c[0]!)
  );
}
