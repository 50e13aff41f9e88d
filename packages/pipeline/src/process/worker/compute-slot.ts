import { createSemaphore } from '@cinematica/concurrency';
import type { Semaphore } from '@cinematica/concurrency';

/** Permits one computation at a time: the queue of a process and its RPCs share it. */
export type ComputeSlot = Pick<Semaphore, 'acquire' | 'tryAcquire' | 'whenFree'>;

export const createComputeSlot = (): ComputeSlot => createSemaphore(1);
