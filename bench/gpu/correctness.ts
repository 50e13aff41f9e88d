import { onGpu } from '@cinematica/svd';
import type { ExecutionProvider } from '@cinematica/svd';
import type { Comparison } from '@cinematica/svd/parity';

/** A result of the bench is wrong, so that the measurements after it would mean nothing. */
export class WrongResultError extends Error {
  override readonly name = 'WrongResultError';
}

/**
 * The largest error of a part in float16, relative to the standard deviation of the reference. The largest seen with random
 * weights is 0.05, here and in diffusers (docs/performance.md). A wrong kernel is off by about 1.
 */
const FLOAT16_TOLERANCE = 0.1;

/** Judges a part by the precision that the provider computes in: float16 on NVIDIA's, otherwise that of parity. */
export function judge(comparison: Comparison, provider: ExecutionProvider): Comparison {
  if (!onGpu(provider)) return comparison;
  const tolerance = Math.max(comparison.tolerance, FLOAT16_TOLERANCE * comparison.std);
  return { ...comparison, tolerance, passed: comparison.maxAbsError <= tolerance };
}

/** @throws WrongResultError that names the parts that did not pass */
export function requirePassed(comparisons: readonly Comparison[], what: string): void {
  if (comparisons.length === 0) throw new WrongResultError(`${what}: nothing was compared`);
  const wrong = comparisons.filter(({ passed }) => !passed);
  if (wrong.length === 0) return;
  const parts = wrong.map(({ part, maxAbsError, std }) => `${part} by ${(maxAbsError / std).toPrecision(2)}`);
  throw new WrongResultError(`${what}: parts differ, in standard deviations: ${parts.join(', ')}`);
}
