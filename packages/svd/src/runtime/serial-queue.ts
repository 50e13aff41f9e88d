/** Runs tasks one after another, in the order in which they were added. */
export interface SerialQueue {
  /**
   * Adds a task. When the signal aborts, the promise rejects immediately with its reason. A waiting task is then dropped; a
   * running task blocks the queue until it has settled.
   */
  add<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Resolves when all tasks added so far have settled. */
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
      // The caller receives the error. The queue continues.
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
