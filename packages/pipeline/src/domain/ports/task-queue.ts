import type { TraceCarrier } from '../../telemetry/trace.ts';
import type { PipelineStage, Task, VideoRecord } from '../messages.ts';
import type { ModelRef } from '../model-ref.ts';
import type { TaskRef } from '../video/routing.ts';

/** Delivers tasks to workers. A task message is only a hint: the record decides what has to be done. */
export interface TaskQueue {
  /**
   * Publishes tasks. Delivery is best effort: nothing is thrown when the queue is unavailable or holds the task already,
   * because the reconciler publishes whatever got lost.
   * @param dedupSuffix distinguishes a deliberate repetition for the same attempt from an accidental duplicate.
   */
  publish(record: VideoRecord, refs: readonly TaskRef[], dedupSuffix?: string): Promise<void>;
  /**
   * Stores a task that was given up, once, for an operator to look at.
   * @param detail the error with its stack, or the failure's message.
   * @throws UnavailableError
   */
  deadLetter(record: VideoRecord, ref: TaskRef, detail: string): Promise<void>;
  /** Takes the tasks of one stage and one model. Muxing is the same for all models. */
  consume(stage: PipelineStage, model: ModelRef): TaskConsumer;
}

export type TaskConsumer = QueueConsumer<Task>;

/** Takes the messages of a work queue. */
export interface QueueConsumer<T> {
  /**
   * Waits for one message for up to `PULL_EXPIRES_MS`.
   * @returns null when none arrived.
   * @throws when the pull failed; the next call opens the consumer again.
   */
  next(): Promise<Delivery<T> | null>;
}

/** A task message that was delivered to this worker. */
export type TaskDelivery = Delivery<Task>;

/** A message of a work queue that was delivered to this process. It is delivered again unless it is acknowledged. */
export interface Delivery<T> {
  /** Null when the message cannot be decoded. */
  readonly task: T | null;
  readonly subject: string;
  /** Whether it was delivered before. */
  readonly redelivered: boolean;
  /** The trace that the task belongs to. */
  readonly trace: TraceCarrier;
  /** Resets the time after which the message is delivered again. */
  working(): void;
  /** Removes the message. Never rejects: an acknowledgement that is lost only causes another delivery. */
  ack(): Promise<void>;
  /** Requests another delivery, after so many milliseconds; immediately when no delay is given. */
  nak(delay?: number): void;
  /** Removes the message without having handled it. */
  term(): void;
}
