import { TaskState } from '../messages.ts';
import type { VideoRecord } from '../messages.ts';
import { changed, unchanged, UnknownVideoError } from '../ports/records.ts';
import type { PipelineSettings } from '../settings.ts';
import { toMilliseconds } from '../timestamps.ts';
import { dueTasks, findTask, isActive, sameTask } from '../video/routing.ts';
import type { TaskRef } from '../video/routing.ts';
import { markReady } from '../video/task-changes.ts';
import type { HousekeepingOptions } from './options.ts';

/**
 * The tasks of a video that should be making progress and are not: no worker took them, or the worker that did stopped
 * renewing its lease and no other took over.
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
    if (task.state === TaskState.RUNNING) return toMilliseconds(task.leaseTime) + settings.ACK_WAIT_MS < now;
    const readyTime = Math.max(toMilliseconds(task.readyTime), toMilliseconds(record.startTime));
    return readyTime + settings.RECONCILE_MS < now;
  });
}

/**
 * Publishes every stalled task again. A task that is still in its queue is not added twice.
 * @returns how many tasks were published.
 */
export async function reconcile(
  options: Pick<HousekeepingOptions, 'table' | 'records' | 'tasks' | 'settings'>,
): Promise<number> {
  const { table, records, tasks, settings } = options;
  let published = 0;
  // The server drops messages with the same id, so a task is published at most once in each period.
  const period = Math.floor(Date.now() / (2 * settings.ACK_WAIT_MS));
  for (const { record: seen } of [...table.videos.values()]) {
    if (!isActive(seen)) continue;
    const stalled = stalledTasks(seen, settings, Date.now());
    if (stalled.length === 0) continue;
    const isStalled = (ref: TaskRef) => stalled.some((other) => sameTask(other, ref));
    try {
      const { stored } = await records.update(seen, (record) => {
        const waiting = dueTasks(record).filter(
          (ref) => isStalled(ref) && findTask(record, ref)?.state === TaskState.WAITING,
        );
        markReady(record, waiting);
        return waiting.length > 0 ? changed() : unchanged();
      });
      const { record, revision } = stored;
      const stillStalled = stalledTasks(record, { ...settings, RECONCILE_MS: 0 }, Date.now() + 1).filter(isStalled);
      await tasks.publish(record, stillStalled, `${revision}.${period}`);
      published += stillStalled.length;
    } catch (error) {
      if (!(error instanceof UnknownVideoError)) throw error;
    }
  }
  return published;
}
