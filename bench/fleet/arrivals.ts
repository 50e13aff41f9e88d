import { seededRandom } from '../../test/support/seeded-random.ts';

/** Times of random arrivals with exponential gaps; the same for the same seed. @param rate arrivals per second */
export function poisson(rate: number, seconds: number, seed: number): number[] {
  const random = seededRandom(seed);
  const times: number[] = [];
  for (let at = gap(); at < seconds; at += gap()) times.push(at);
  return times;

  function gap(): number {
    return -Math.log(1 - random()) / rate;
  }
}

/** `count` arrivals at the same time. */
export const burst = (count: number, at: number): number[] => Array.from({ length: count }, () => at);

/** The percentile by nearest rank. @param share 0.5 for the median */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
