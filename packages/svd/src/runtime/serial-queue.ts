import { abortable, createSemaphore } from '@cinematica/concurrency';

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
  const turns = createSemaphore(1);
  return {
    async add(task, signal) {
      const release = await turns.acquire(signal);
      return abortable(task().finally(release), signal);
    },
    async idle() {
      const release = await turns.acquire();
      release();
    },
  };
}
