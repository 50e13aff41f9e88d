import { table } from './table.ts';

/** The difference between a computed part and the reference. */
export interface Comparison {
  readonly part: string;
  readonly maxAbsError: number;
  /** Standard deviation of the reference. */
  readonly std: number;
  /** The maximum absolute error with which the part passes. */
  readonly tolerance: number;
  readonly passed: boolean;
}

/** Maximum error of a part, relative to the standard deviation of the reference. */
export const RELATIVE_TOLERANCE = 1e-4;

/** Maximum error of frames in 0…1: one level of 8 bits. */
export const FRAME_TOLERANCE = 1 / 255;

/**
 * Compares a part with its reference.
 * @param tolerance maximum absolute error; default {@link RELATIVE_TOLERANCE} times the standard deviation of the reference
 */
export function compare(
  part: string,
  actual: ArrayLike<number>,
  reference: ArrayLike<number>,
  tolerance?: number,
): Comparison {
  let sum = 0;
  let squares = 0;
  let maxAbsError = actual.length === reference.length ? 0 : Infinity;
  for (let i = 0; i < reference.length; i++) {
    const expected = reference[i] ?? 0;
    sum += expected;
    squares += expected * expected;
    const error = Math.abs((actual[i] ?? NaN) - expected);
    maxAbsError = Math.max(maxAbsError, Number.isNaN(error) ? Infinity : error);
  }
  const mean = sum / reference.length;
  const std = Math.sqrt(Math.max(0, squares / reference.length - mean * mean));
  // A single number has no standard deviation, so its magnitude is used.
  const allowed = tolerance ?? RELATIVE_TOLERANCE * (reference.length > 1 && std > 0 ? std : Math.abs(mean));
  return { part, maxAbsError, std, tolerance: allowed, passed: maxAbsError <= allowed };
}

/** Formats comparisons as a table. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ part, maxAbsError, std, tolerance, passed }) => [
    part,
    maxAbsError.toExponential(2),
    std.toExponential(2),
    (maxAbsError / std).toExponential(1),
    tolerance.toExponential(1),
    passed ? 'pass' : 'FAIL',
  ]);
  const header = ['part', 'max abs error', 'reference std', 'ratio', 'allowed', ''];
  return table(header, rows);
}
