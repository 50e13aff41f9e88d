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

/** @throws WrongResultError that names the parts that differ by more than their precision explains */
export function requireEqual(comparisons: readonly Comparison[], provider: ExecutionProvider, reference: string): void {
  if (comparisons.length === 0) throw new WrongResultError(`${provider}: nothing was compared with ${reference}`);
  const isFloat16 = provider === 'cuda' || provider === 'tensorrt';
  const wrong = comparisons.filter(
    ({ passed, maxAbsError, std }) => !(passed || (isFloat16 && maxAbsError <= FLOAT16_TOLERANCE * std)),
  );
  if (wrong.length === 0) return;
  const parts = wrong
    .map(({ part, maxAbsError, std }) => `${part} by ${(maxAbsError / std).toPrecision(2)}`)
    .join(', ');
  throw new WrongResultError(`${provider} differs from ${reference} (in standard deviations): ${parts}`);
}
