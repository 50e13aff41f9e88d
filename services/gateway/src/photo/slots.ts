import { createSemaphore } from '@cinematica/concurrency';

/** A pool of slots, each of which one caller uses at a time. Callers get them in the order of their requests. */
export interface Slots<T> {
  /** The number of waiting callers. */
  readonly waiting: number;
  /** Runs with a free slot. @throws the signal's reason while it waits; what `run` throws */
  use<R>(run: (slot: T) => Promise<R>, signal: AbortSignal | undefined): Promise<R>;
}

export function createSlots<T>(all: readonly T[]): Slots<T> {
  const free = [...all];
  const semaphore = createSemaphore(all.length);
  return {
    get waiting() {
      return semaphore.waiting;
    },
    async use(run, signal) {
      const release = await semaphore.acquire(signal);
      const slot = free.pop()!;
      try {
        return await run(slot);
      } finally {
        free.push(slot);
        release();
      }
    },
  };
}
