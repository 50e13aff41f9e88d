import type { ModelRef } from '../../domain/model-ref.ts';
import type { WorkerPorts } from '../../domain/ports/worker-ports.ts';
import type { PipelineSettings } from '../../domain/settings.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { ComputeSlot } from './compute-slot.ts';
import type { StageHandler } from './stage-handler.ts';
import type { WorkerState } from './worker-state.ts';

/** What running a single task needs. */
export interface TaskOptions extends WorkerPorts {
  /** Does the work. Its stage decides which queue the worker takes tasks from. */
  readonly handler: StageHandler;
  /**
   * Intervals and limits. A worker uses `ACK_WAIT_MS` (duration of a lease), `PROGRESS_DEADLINE_MS`, `STOP_GRACE_MS`,
   * `MAX_FAILURES`, `MAX_REMAKES`, `RETRY_DELAY_MS` and `REQUEST_TIMEOUT_MS`.
   */
  readonly settings: PipelineSettings;
  /** Attempts, waiting times, steps, artifacts and outcomes are counted here. */
  readonly metrics: Metrics;
  /** Attempts that end without a result and failed videos are logged here. */
  readonly log: Log;
}

/** Options of {@link startWorker}. */
export interface WorkerOptions extends TaskOptions {
  /** Only tasks that are planned for this model are taken. Ignored for muxing, which is the same for all models. */
  readonly model: ModelRef;
  /** The worker takes a task only while it has this slot. Calls of the same process compete for it. */
  readonly slot: ComputeSlot;
  /**
   * Called with each new state, beginning with `RUNNING`.
   * @default does nothing
   */
  readonly onState?: (state: WorkerState) => void;
}
