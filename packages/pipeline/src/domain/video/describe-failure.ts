import { FailureReason } from '../messages.ts';
import type { TaskRecord } from '../messages.ts';
import { stageName } from '../stages.ts';

/** The message for the owner of a video that failed after several attempts. It contains no internal details. */
export function describeFailure(reason: FailureReason, task: Pick<TaskRecord, 'stage' | 'failures'>): string {
  const stage = `The ${stageName(task.stage)} stage`;
  if (reason === FailureReason.OUT_OF_MEMORY) {
    return `${stage} has too little memory for this video: try a smaller size or fewer frames.`;
  }
  if (reason === FailureReason.TOOK_TOO_LONG) {
    return `${stage} made no progress for too long: try a smaller size, or the same again later.`;
  }
  return `${stage} failed ${task.failures} times: try again; if that fails too, contact the operator of this service.`;
}
