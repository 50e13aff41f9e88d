/** Things of which each serves one at a time, handed out in the order they were asked for. */
export interface Slots<T> {
  readonly waiting: number;
  /** Waits for a free one; the reason of the signal rejects, and loses the place in the queue. */
  take(signal: AbortSignal | undefined): Promise<T>;
  give(slot: T): void;
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
      // What `give` has resolved is taken, also where the signal came just after.
      return promise.finally(() => signal?.removeEventListener('abort', leave));
    },
    give(slot) {
      const next = queue.shift();
      if (next) next(slot);
      else free.push(slot);
    },
  };
}
