import type { Artifacts } from './artifacts.ts';
import type { ConnectionStatus } from './connection-status.ts';
import type { Nudges } from './nudges.ts';
import type { PreviewPublisher } from './previews.ts';
import type { Records } from './records.ts';
import type { TaskQueue } from './task-queue.ts';

/** Everything outside its own process that a worker uses. */
export interface WorkerPorts {
  /** Claims, progress and results are written here. */
  readonly records: Records;
  /** Inputs are read from here, checkpoints and outputs are written here. */
  readonly artifacts: Artifacts;
  /** Tasks are taken from here, and those that follow are published here. */
  readonly tasks: TaskQueue;
  /** A nudge makes the worker read the record of its running task. */
  readonly nudges: Nudges;
  /** Previews of running steps are published here. */
  readonly previews: PreviewPublisher;
  /** Tells a worker that died from one that was cut off, and lets a worker stop while the server is unreachable. */
  readonly connection: ConnectionStatus;
}
