import { TaskState, VideoState } from '../messages.ts';
import { currentTurn, modelOf, waitingVideos } from '../admission/queue-view.ts';
import { roundRobinOrder } from '../admission/round-robin.ts';
import type { Turn } from '../admission/round-robin.ts';
import { UnknownVideoError } from '../ports/records.ts';
import type { StoredRecord } from '../ports/records.ts';
import { dueTasks, isActive } from '../video/routing.ts';
import { admitVideo } from '../video/video-changes.ts';
import type { HousekeepingOptions } from './options.ts';

/**
 * Admits waiting videos in round-robin order, as long as fewer than `ADMIT_WAITING` tasks of their model wait for workers
 * and fewer than `ADMIT_RUNNING` videos run. JetStream's queues are first in, first out, so they are kept short and the
 * order is decided here. Each model is counted separately, so that a model without workers delays only its own videos.
 * @returns how many videos were admitted.
 */
export async function dispatch(
  options: Pick<HousekeepingOptions, 'table' | 'records' | 'tasks' | 'turns' | 'settings'>,
): Promise<number> {
  const { table, records, tasks, turns, settings } = options;
  const { waiting, running } = countLoad(table.videos.values());
  const waitingFor = (model: string) => waiting.get(model) ?? 0;
  const admissible = (turn: Turn) => {
    const candidates = waitingVideos(table).filter(({ model }) => waitingFor(model) < settings.ADMIT_WAITING);
    return roundRobinOrder(candidates, turn);
  };
  let admitted = 0;
  let order = admissible(currentTurn(table));
  while (running + admitted < settings.ADMIT_RUNNING) {
    const { value: next } = order.next();
    if (!next) break;
    const { videoId, model } = next.video;
    const stored = table.videos.get(videoId);
    if (!stored) continue;
    try {
      // The turn is saved first: after a crash in between an owner misses one turn, and nobody gets two.
      await turns.save(next.turn);
      const { stored: current } = await records.update(stored.record, admitVideo);
      table.apply(current);
      if (current.record.state !== VideoState.RUNNING) continue;
      await tasks.publish(current.record, dueTasks(current.record));
    } catch (error) {
      if (error instanceof UnknownVideoError) continue;
      throw error;
    }
    admitted++;
    waiting.set(model, waitingFor(model) + 1);
    if (waitingFor(model) >= settings.ADMIT_WAITING) order = admissible(next.turn);
  }
  return admitted;
}

/** Counts the tasks that wait for a worker, by model, and the running videos. */
function countLoad(videos: Iterable<StoredRecord>): { waiting: Map<string, number>; running: number } {
  const waiting = new Map<string, number>();
  let running = 0;
  for (const { record } of videos) {
    if (!isActive(record)) continue;
    running++;
    const model = modelOf(record);
    const ready = record.tasks.filter(({ state }) => state === TaskState.READY).length;
    waiting.set(model, (waiting.get(model) ?? 0) + ready);
  }
  return { waiting, running };
}
