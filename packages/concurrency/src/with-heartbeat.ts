/** Stands between the items of {@link withHeartbeat} when none arrived for a while. */
export const HEARTBEAT = Symbol('heartbeat');

/**
 * Yields the items, and a heartbeat whenever none has arrived for the given time. The time that the reader takes does not
 * count.
 * @param everyMs milliseconds.
 */
export async function* withHeartbeat<T>(
  items: AsyncIterable<T>,
  everyMs: number,
): AsyncGenerator<T | typeof HEARTBEAT, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const { promise: beat, resolve } = Promise.withResolvers<typeof HEARTBEAT>();
      const timer = setTimeout(resolve, everyMs, HEARTBEAT);
      const result = await Promise.race([next, beat]).finally(() => clearTimeout(timer));
      if (result === HEARTBEAT) {
        yield HEARTBEAT;
        continue;
      }
      if (result.done === true) return;
      yield result.value;
      next = iterator.next();
    }
  } finally {
    // Both may stay pending until the source itself ends, so they are not waited for.
    next.catch(() => undefined);
    iterator.return?.().catch(() => undefined);
  }
}
