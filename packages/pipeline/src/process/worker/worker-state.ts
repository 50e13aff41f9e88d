/**
 * The life of a worker:
 *
 * - `INITIALIZED`: created, and takes no tasks yet.
 * - `RUNNING`: takes tasks.
 * - `DRAINING`: shutting down. It takes no more tasks; a running task is saved at its next step and released.
 * - `DRAINED`: no task is running any more. Its subscriptions are being closed.
 * - `STOPPED`: everything is closed. Final.
 * - `FAILED`: ended by an error that it cannot recover from. Final.
 *
 * A worker that shuts down while NATS is unreachable stays in `DRAINING`: nothing can be saved, and another worker takes
 * the task over once its lease has expired.
 */
export type WorkerState = (typeof WORKER_STATES)[number];

export const WORKER_STATES = ['INITIALIZED', 'RUNNING', 'DRAINING', 'DRAINED', 'STOPPED', 'FAILED'] as const;
