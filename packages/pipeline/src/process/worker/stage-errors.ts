import { FailureReason } from '../../domain/messages.ts';

/** An error whose cause a stage knows. Any other error fails an attempt with STAGE_FAILED. */
export abstract class StageError extends Error {
  abstract readonly reason: FailureReason;
}

/** Retrying cannot help: the video fails immediately, and its owner reads this message. */
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

/** The stage made no progress for longer than `PROGRESS_DEADLINE_MS`. */
export class StalledError extends StageError {
  override readonly name = 'StalledError';
  override readonly reason = FailureReason.TOOK_TOO_LONG;
}

/** The process is shutting down. The task is released, and the next worker continues from its newest checkpoint. */
export class DrainingError extends Error {
  override readonly name = 'DrainingError';
}

/** The stage did not stop within `STOP_GRACE_MS` after it was aborted. Its process has to be restarted. */
export class StageHungError extends Error {
  override readonly name = 'StageHungError';
}
