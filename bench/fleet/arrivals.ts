import { seededRandom } from '../../test/support/seeded-random.ts';

/** Videos that nobody agreed on asking for: exponential gaps, the same for a seed. @param rate a second */
export function poisson(rate: number, seconds: number, seed: number): number[] {
  const random = seededRandom(seed);
  const times: number[] = [];
  for (let at = gap(); at < seconds; at += gap()) times.push(at);
  return times;

  function gap(): number {
    return -Math.log(1 - random()) / rate;
  }
}

/** So many at the same moment. */
export const burst = (count: number, at: number): number[] => Array.from({ length: count }, () => at);

/** @param share 0.5 for the median; the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
