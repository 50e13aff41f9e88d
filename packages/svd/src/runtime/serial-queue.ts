/** Runs tasks one after another, in the order they came. */
export interface SerialQueue {
  /**
   * When the signal aborts, the promise rejects with its reason at once: a waiting task is dropped, a running one is
   * told by the same signal and keeps its turn until it has settled.
   */
  add<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Resolves when all tasks that were added so far have settled. */
  idle(): Promise<void>;
}

export function createSerialQueue(): SerialQueue {
  let last: Promise<void> = Promise.resolve();
  return {
    async add(task, signal) {
      signal.throwIfAborted();
      const turn = last.then(() => {
        signal.throwIfAborted();
        return task();
      });
      // Who asked hears of a failure; the queue goes on.
      last = turn.then(
        () => undefined,
        () => undefined,
      );
      return new Promise((resolve, reject) => {
        const abort = (): void => reject(signal.reason as Error);
        signal.addEventListener('abort', abort, { once: true });
        turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
      });
    },
    idle: () => last,
  };
}
