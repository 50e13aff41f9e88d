import type { ModelRef } from '../model-ref.ts';

/** What the processes of the stages report about themselves with each canary. */
export interface StageReports {
  /**
   * The execution providers that the stages compute a model with, sorted. A stage without a running process is listed
   * with the provider of its last process, because it may only be scaled to zero.
   */
  providers(model: ModelRef): string[];
  /**
   * The speed of the slowest process that computes with a model, as measured at its start, in floating-point operations per
   * second; null when none has reported it.
   */
  speed(model: ModelRef): number | null;
  close(): void;
}
