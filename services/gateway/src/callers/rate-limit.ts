/** A caller may make this many seconds' worth of calls in a burst. */
const BURST_SECONDS = 5;

/** How many calls a caller may make at once, after a pause. */
export const burstOf = (perSecond: number): number => perSecond * BURST_SECONDS;

/** A token bucket for each caller. */
export interface RateLimit {
  /**
   * Takes a token from the bucket of a caller.
   * @returns 0 when the call is allowed; otherwise the milliseconds until the next token.
   */
  take(name: string): number;
  /**
   * Takes further tokens for a call that turned out to be worth more than one, whether or not there are so many: the
   * caller's next calls wait until they have been added again.
   */
  charge(name: string, tokens: number): void;
}

/**
 * The number of buckets from which full ones are removed. A full bucket is the same as none, so removing it changes
 * nothing.
 */
const MAX_BUCKETS = 10_000;

/**
 * @param perSecond tokens that are added to each bucket in a second.
 * @param burst the size of a bucket. A new caller has a full bucket.
 * @param now the current time in milliseconds; `performance.now` by default. Tests replace it.
 */
export function createRateLimit(
  perSecond: number,
  burst: number,
  now: () => number = () => performance.now(),
): RateLimit {
  const buckets = new Map<string, { tokens: number; time: number }>();

  function removeFull(time: number): void {
    for (const [name, bucket] of buckets) {
      if (bucket.tokens + ((time - bucket.time) * perSecond) / 1000 >= burst) buckets.delete(name);
    }
  }

  function refilledBucket(name: string) {
    const time = now();
    if (buckets.size >= MAX_BUCKETS) removeFull(time);
    const bucket = buckets.get(name) ?? { tokens: burst, time };
    buckets.set(name, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + ((time - bucket.time) * perSecond) / 1000);
    bucket.time = time;
    return bucket;
  }

  return {
    take(name) {
      const bucket = refilledBucket(name);
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1000) / perSecond);
      bucket.tokens--;
      return 0;
    },
    charge(name, tokens) {
      refilledBucket(name).tokens -= tokens;
    },
  };
}
