/** Lets so many calls a second through for each caller, and bursts (a token bucket). */
export interface RateLimit {
  /** @returns 0, or how long to wait for the next one, milliseconds. */
  take(name: string): number;
}

/** Buckets that are full again say nothing: they are forgotten when there are this many. */
const MANY = 10_000;

/** @param now milliseconds. */
export function createRateLimit(
  perSecond: number,
  burst: number,
  now: () => number = () => performance.now(),
): RateLimit {
  const buckets = new Map<string, { tokens: number; time: number }>();

  function forgetFull(time: number): void {
    for (const [name, bucket] of buckets) {
      if (bucket.tokens + ((time - bucket.time) * perSecond) / 1000 >= burst) buckets.delete(name);
    }
  }

  return {
    take(name) {
      const time = now();
      if (buckets.size >= MANY) forgetFull(time);
      const bucket = buckets.get(name) ?? { tokens: burst, time };
      buckets.set(name, bucket);
      bucket.tokens = Math.min(burst, bucket.tokens + ((time - bucket.time) * perSecond) / 1000);
      bucket.time = time;
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1000) / perSecond);
      bucket.tokens--;
      return 0;
    },
  };
}
