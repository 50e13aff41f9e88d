/** Room for one computation at a time: a process's queue and its RPCs share it. */
export interface ComputeSlot {
  /** @returns what gives the slot back, or null where it is taken. */
  tryAcquire(): (() => void) | null;
  /** Waits for it, first come, first served. @throws the signal's reason. */
  acquire(signal?: AbortSignal): Promise<() => void>;
  /** Resolves as soon as it is free; it may be taken again by then. */
  whenFree(): Promise<void>;
}

export function createComputeSlot(): ComputeSlot {
  let taken = false;
  const waiting: (() => void)[] = [];
  const idle = new Set<() => void>();

  const take = () => {
    taken = true;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      taken = false;
      const next = waiting.shift();
      if (next) {
        next();
        return;
      }
      for (const resolve of idle) resolve();
      idle.clear();
    };
  };

  return {
    tryAcquire: () => (taken ? null : take()),
    async acquire(signal) {
      signal?.throwIfAborted();
      if (!taken) return take();
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const enter = () => {
        signal?.removeEventListener('abort', leave);
        resolve(take());
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal?.reason);
      };
      waiting.push(enter);
      signal?.addEventListener('abort', leave, { once: true });
      return promise;
    },
    async whenFree() {
      if (taken) await new Promise<void>((resolve) => idle.add(resolve));
    },
  };
}
