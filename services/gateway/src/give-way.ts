import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** The niceness of this process's helper threads: garbage collection, compilation, decompression. */
const HELPER_NICENESS = 5;
/** The niceness of processes that compute for one caller. */
const COMPUTING_NICENESS = 10;

/**
 * Lowers the priority of all threads of this process but the first one, which answers calls: on a busy core, it would otherwise
 * wait for the collection of what hostile uploads left. Only Linux has priorities of threads; elsewhere nothing happens.
 */
export function lowerPriorityOfHelperThreads(): void {
  if (process.platform !== 'linux') return;
  for (const thread of readdirSync('/proc/self/task').map(Number)) {
    if (thread !== process.pid) lowerPriority(thread, HELPER_NICENESS);
  }
}

/** Lowers the priority of a process that has just been started, and so of its future threads. */
export const lowerPriorityOfComputation = (pid: number): void => lowerPriority(pid, COMPUTING_NICENESS);

function lowerPriority(id: number, niceness: number): void {
  try {
    setPriority(id, niceness);
  } catch (error) {
    // The thread or process has ended.
    if ((error as { readonly info?: { readonly code?: string } }).info?.code !== 'ESRCH') throw error;
  }
}
