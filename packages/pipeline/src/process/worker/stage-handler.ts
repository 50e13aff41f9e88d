import type { Forecast, Lifetime, PipelineStage, Plan, TaskNotice } from '../../domain/messages.ts';
import type { TaskRef } from '../../domain/video/routing.ts';

/** A task, as its stage sees it. */
export interface StageTask extends TaskRef {
  readonly videoId: string;
  readonly plan: Plan;
  /** How long the stages were expected to compute; absent when that was unknown. */
  readonly forecast?: Forecast | undefined;
}

/**
 * Reads what the stages before have made. An artifact that is missing ends the attempt, and the stage that made it makes
 * it again.
 */
export interface Inputs {
  /** The sanitised photo. */
  photo(signal?: AbortSignal): Promise<Uint8Array>;
  /** The parts that a task has put out, in that order. */
  parts(stage: PipelineStage, segment: number): readonly string[];
  read(stage: PipelineStage, segment: number, part: string, signal?: AbortSignal): Promise<Uint8Array>;
  /** Reads a file of another video that this one joins. @param index of the files that the record names, from 0. */
  joined(index: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** What a preview of decoded frames shows. */
export interface DecodedPreview {
  /** The size of its images in pixels. */
  readonly width: number;
  readonly height: number;
  /** The number of the segment's frames that have been decoded. */
  readonly decodedFrames: number;
}

/** The state that an interrupted attempt has saved. */
export interface SavedState {
  /** The number of steps done. */
  readonly step: number;
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** What a stage handler can do beside computing. */
export interface StageHooks {
  /** The newest saved state that is still readable; null for a fresh start. Outputs that were put out before it are kept. */
  readonly saved: SavedState | null;
  /** Must be called after every step. A task without progress for `PROGRESS_DEADLINE_MS`, or for longer than slow steps may take, fails. Does not block. */
  progress(step: number, steps: number): void;
  /** Saves a checkpoint, together with the outputs so far. A later attempt resumes from it. */
  save(step: number, parts: Readonly<Record<string, Uint8Array>>): Promise<void>;
  /** Publishes a preview. Only the newest one is kept. Does not block. */
  preview(step: number, mediaType: string, data: Uint8Array, decoded?: DecodedPreview): void;
  /** Stores an output for the next stages. It counts once the whole task is done. */
  output(lifetime: Lifetime, part: string, data: Uint8Array): Promise<void>;
  /** Tells the video's owner how the result differs from the plan. It counts once the task is done. */
  notice(notice: TaskNotice): void;
  /** Aborted when the task was cancelled, taken over, or made no progress. The handler must stop within one step. */
  readonly signal: AbortSignal;
  /** Aborted when the process shuts down. The handler must save after the current step, then throw this signal's reason. */
  readonly draining: AbortSignal;
}

/** Does the work of one stage. It knows neither NATS nor gRPC. */
export interface StageHandler {
  readonly stage: PipelineStage;
  /** What the output's bytes depend on beside the plan: the build, the instruction set, the number of threads. */
  readonly fingerprint: string;
  /**
   * Does one task.
   * @throws UnusableInputError when retrying cannot help. Any other error counts as a failed attempt.
   */
  run(task: StageTask, inputs: Inputs, hooks: StageHooks): Promise<void>;
}
