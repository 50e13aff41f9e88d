import { stepsOf, taskSeconds } from '../../domain/estimate/stage-seconds.ts';
import type { PipelineStage, VideoRecord } from '../../domain/messages.ts';

/**
 * A step may take this many times as long as predicted: the prediction may be wrong by a factor of two, and several tasks may
 * share the cores.
 */
export const STEP_ALLOWANCE = 8;

/**
 * How long a task may make no progress, milliseconds: at least `minimum`, and longer when its steps are expected to be long.
 * A full-size step with guidance takes two cores eight minutes.
 */
export function progressDeadline({ plan, forecast }: VideoRecord, stage: PipelineStage, minimum: number): number {
  if (!plan || !forecast) return minimum;
  const step = taskSeconds(plan, forecast, stage) / stepsOf(plan, stage);
  return Math.max(minimum, 1000 * STEP_ALLOWANCE * step);
}
