/**
 * Lowers the priority of whatever computes, so that on a busy core the thread that answers calls does not wait for it. Only Linux
 * has priorities of threads; elsewhere only processes get one.
 */
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** The niceness of this process's helper threads, which collect garbage, compile and decompress. */
const HELPER_NICENESS = 5;
/** The niceness of what computes for one caller. */
const COMPUTING_NICENESS = 10;

const hasThreadPriorities = process.platform === 'linux';

/** Lowers the priority of all threads of this process but the first one. */
export function lowerPriorityOfHelpers(): void {
  if (!hasThreadPriorities) return;
  for (const thread of readdirSync('/proc/self/task').map(Number)) {
    if (thread !== process.pid) lowerPriority(thread, HELPER_NICENESS);
  }
}

/** Lowers the priority of a process that has just been started, and so of its future threads. */
export const lowerPriorityOfProcess = (pid: number): void => lowerPriority(pid, COMPUTING_NICENESS);

/** Lowers the priority of the calling worker thread. */
export function lowerPriorityOfThisThread(): void {
  // On Linux, 0 is the calling thread.
  if (hasThreadPriorities) lowerPriority(0, COMPUTING_NICENESS);
}

function lowerPriority(id: number, niceness: number): void {
  try {
    // Raising a priority that is lower already would need a privilege.
    if (getPriority(id) < niceness) setPriority(id, niceness);
  } catch (error) {
    // The thread or process has ended.
    if ((error as { readonly info?: { readonly code?: string } }).info?.code !== 'ESRCH') throw error;
  }
}
