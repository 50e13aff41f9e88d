/** What waits for others, and can be aborted while it waits. No dependencies: every package may use it. */
export { abortable } from './abortable.ts';
export { createFairSemaphore } from './fair-semaphore.ts';
export type { FairSemaphore, FairSemaphoreOptions } from './fair-semaphore.ts';
export { startProbe } from './probe.ts';
export type { Probe, ProbeOptions } from './probe.ts';
export { retry } from './retry.ts';
export type { RetryOptions } from './retry.ts';
export { createSemaphore } from './semaphore.ts';
export type { Semaphore } from './semaphore.ts';
export { HEARTBEAT, withHeartbeat } from './with-heartbeat.ts';
