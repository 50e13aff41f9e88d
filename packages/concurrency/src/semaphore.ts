/** Lets a fixed number of holders in at a time, first come, first served. */
export interface Semaphore {
  /** How many wait. */
  readonly waiting: number;
  /** @returns the function that releases the permit, which does nothing when called again; null when none is free. */
  tryAcquire(): (() => void) | null;
  /** Waits for a permit. @throws the signal's reason; the place in the queue is then lost. */
  acquire(signal?: AbortSignal): Promise<() => void>;
  /** Resolves when a permit is free and nobody waits for it. It may be taken again by the time the caller continues. */
  whenFree(): Promise<void>;
}

/** @param permits how many holders there may be at a time, at least 1. */
export function createSemaphore(permits: number): Semaphore {
  let free = permits;
  const queue: (() => void)[] = [];
  let watchers: (() => void)[] = [];

  function take(): () => void {
    free--;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      free++;
      const next = queue.shift();
      if (next) {
        next();
        return;
      }
      for (const resolve of watchers) resolve();
      watchers = [];
    };
  }

  return {
    get waiting() {
      return queue.length;
    },
    tryAcquire: () => (free > 0 ? take() : null),
    async acquire(signal) {
      signal?.throwIfAborted();
      if (free > 0) return take();
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const enter = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve(take());
      };
      const leave = (): void => {
        queue.splice(queue.indexOf(enter), 1);
        reject(signal?.reason as Error);
      };
      queue.push(enter);
      signal?.addEventListener('abort', leave, { once: true });
      return promise;
    },
    async whenFree() {
      if (free === 0) await new Promise<void>((resolve) => watchers.push(resolve));
    },
  };
}
