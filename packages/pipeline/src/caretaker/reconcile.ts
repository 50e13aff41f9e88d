import { TaskState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { UnknownVideoError } from '../records/records.ts';
import { markReady } from '../records/task-changes.ts';
import { milliseconds } from '../records/time.ts';
import { dueTasks, findTask, isActive, sameTask } from '../routing.ts';
import type { TaskRef } from '../routing.ts';
import type { PipelineSettings } from '../settings.ts';
import type { CaretakerParts } from './caretaker.ts';

/**
 * The tasks that should be on their way and don't seem to be: they can begin but nobody took them, or whoever took them
 * fell silent and nobody followed.
 * @param now milliseconds since 1970.
 */
export function stalledTasks(
  record: VideoRecord,
  settings: Pick<PipelineSettings, 'RECONCILE_MS' | 'ACK_WAIT_MS'>,
  now: number,
): TaskRef[] {
  return dueTasks(record).filter((ref) => {
    const task = findTask(record, ref);
    if (!task) return false;
    if (task.state === TaskState.RUNNING) return milliseconds(task.leaseTime) + settings.ACK_WAIT_MS < now;
    return Math.max(milliseconds(task.readyTime), milliseconds(record.startTime)) + settings.RECONCILE_MS < now;
  });
}

/**
 * Tells the queues again of everything that has stalled. A task that is in its queue after all is not put there twice.
 * @returns how many tasks were told of.
 */
export async function reconcile({ table, records, tasks, settings }: CaretakerParts): Promise<number> {
  let told = 0;
  // One telling a time like this: the server drops what it has been told already.
  const period = Math.floor(Date.now() / (2 * settings.ACK_WAIT_MS));
  for (const stored of [...table.videos.values()]) {
    if (!isActive(stored.record)) continue;
    const stalled = stalledTasks(stored.record, settings, Date.now());
    if (stalled.length === 0) continue;
    try {
      const { record, revision } = await records.update(stored.record, (now) => {
        const due = dueTasks(now).filter((ref) => stalled.some((other) => sameTask(other, ref)));
        const unmarked = due.filter((ref) => findTask(now, ref)?.state === TaskState.WAITING);
        markReady(now, unmarked);
        return unmarked.length > 0;
      });
      const still = stalledTasks(record, { ...settings, RECONCILE_MS: 0 }, Date.now() + 1);
      const due = still.filter((ref) => stalled.some((other) => sameTask(other, ref)));
      await tasks.publish(record, due, `${revision}.${period}`);
      told += due.length;
    } catch (error) {
      if (!(error instanceof UnknownVideoError)) throw error;
    }
  }
  return told;
}
