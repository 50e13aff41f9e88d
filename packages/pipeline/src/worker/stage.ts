import { FailureReason } from '../messages.ts';
import type { Lifetime, Plan, Stage as StageKind } from '../messages.ts';
import type { TaskRef } from '../routing.ts';

/** One piece of work, as a stage sees it. */
export interface StageTask extends TaskRef {
  readonly videoId: string;
  readonly plan: Plan;
}

/** What the stages before have made. Reading what is gone ends the attempt, and has it made again. */
export interface Inputs {
  /** The sanitised photo. */
  photo(signal?: AbortSignal): Promise<Uint8Array>;
  /** The parts that a task has made, in the order in which they were put out. */
  parts(stage: StageKind, segment: number): readonly string[];
  read(stage: StageKind, segment: number, part: string, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Where an attempt that was interrupted had come to. */
export interface SavedState {
  /** Steps done. */
  readonly step: number;
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** What a stage does beside computing. */
export interface StageHooks {
  /** The newest state that was saved and can still be read; results put out before it are kept. */
  readonly saved: SavedState | null;
  /** To be called after every step: the sign that it goes on. It waits for nothing. */
  progress(step: number, steps: number): void;
  /** Keeps a state to go on from. Results put out so far are kept with it. */
  save(step: number, parts: Readonly<Record<string, Uint8Array>>): Promise<void>;
  /** Shows what it looks like so far; only the last one is kept, and none is waited for. */
  preview(step: number, mediaType: string, data: Uint8Array): void;
  /** Puts out a result under a name for the stages that read it. It counts once the whole task is done. */
  output(lifetime: Lifetime, part: string, data: Uint8Array): Promise<void>;
  /** Aborted when the task is cancelled, taken over, or made no progress; work is to stop within one step. */
  readonly signal: AbortSignal;
  /** Aborted when the process is to end: save at the next step, then throw its reason. */
  readonly draining: AbortSignal;
}

/** The work of a stage: pure, without NATS and gRPC. */
export interface Stage {
  readonly stage: StageKind;
  /** What the bytes depend on beside the plan: build, instruction set, number of threads. */
  readonly fingerprint: string;
  /**
   * Does a task.
   * @throws UnusableInputError where trying again can't help; anything else counts as a failed attempt.
   */
  run(task: StageTask, inputs: Inputs, hooks: StageHooks): Promise<void>;
}

/** What a stage fails with where it knows why; anything else is STAGE_FAILED. */
export abstract class StageError extends Error {
  abstract readonly reason: FailureReason;
}

/** What is asked for can never work: the video fails at once, with this message for people. */
export class UnusableInputError extends StageError {
  override readonly name = 'UnusableInputError';
  override readonly reason: FailureReason;

  constructor(message: string, reason: FailureReason, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The computing process has too little memory for this video. */
export class OutOfMemoryError extends StageError {
  override readonly name = 'OutOfMemoryError';
  override readonly reason = FailureReason.OUT_OF_MEMORY;
}

/** The process ends: the task is given back, and whoever takes it goes on from what was saved. */
export class DrainingError extends Error {
  override readonly name = 'DrainingError';
}

/** A stage made no progress for longer than its deadline. */
export class StalledError extends StageError {
  override readonly name = 'StalledError';
  override readonly reason = FailureReason.TOOK_TOO_LONG;
}
