import { createSemaphore } from '@cinematica/concurrency';

/** Things of which each serves one holder at a time, handed out in the order of the requests. */
export interface Slots<T> {
  /** How many requests wait. */
  readonly waiting: number;
  /** Runs with a free one. @throws the signal's reason while it waits, what `run` throws */
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
