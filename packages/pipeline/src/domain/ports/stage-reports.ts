import type { PipelineStage } from '../messages.ts';
import type { ModelRef } from '../model-ref.ts';

/** What the processes of the stages report about themselves with each canary. */
export interface StageReports {
  /**
   * The execution providers that the stages compute a model with, sorted. A stage without a running process is listed
   * with the provider of its last process, because it may only be scaled to zero.
   */
  providers(model: ModelRef): string[];
  /** The fused operators that some of these processes compute with standard operators, sorted. */
  replacedOperators(model: ModelRef): string[];
  /**
   * The number of calls of a stage's gRPC service that run or wait, over all its running processes. They are not in the
   * records, so an autoscaler has to count them, too.
   * @param model default: all models.
   */
  openCalls(stage: PipelineStage, model?: Partial<ModelRef>): number;
  /** Calls the listener when the open calls of a process have changed. @returns a function that ends the subscription. */
  subscribe(listener: () => void): () => void;
  /**
   * The speed of the slowest process that computes with a model, the highest of its measurements, in floating-point operations
   * per second; null when none has reported it.
   */
  speed(model: ModelRef): number | null;
  close(): void;
}
