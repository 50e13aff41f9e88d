/** A pool of slots, each of which one caller uses at a time. Callers get them in the order of their requests. */
export interface Slots<T> {
  /** The number of waiting callers. */
  readonly waiting: number;
  /** Waits for a free slot. @throws the signal's reason. The caller then leaves the queue. */
  take(signal: AbortSignal | undefined): Promise<T>;
  /** Returns a slot to the pool, or passes it to the next caller. */
  release(slot: T): void;
}

export function createSlots<T>(all: readonly T[]): Slots<T> {
  const free = [...all];
  const queue: ((slot: T) => void)[] = [];
  return {
    get waiting() {
      return queue.length;
    },
    async take(signal) {
      signal?.throwIfAborted();
      const slot = free.pop();
      if (slot !== undefined) return slot;
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      queue.push(resolve);
      const leave = (): void => {
        const place = queue.indexOf(resolve);
        if (place >= 0) queue.splice(place, 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', leave, { once: true });
      // Once `release` has resolved the promise, a later abort has no effect: the caller has the slot, and must release it.
      return promise.finally(() => signal?.removeEventListener('abort', leave));
    },
    release(slot) {
      const next = queue.shift();
      if (next) next(slot);
      else free.push(slot);
    },
  };
}
