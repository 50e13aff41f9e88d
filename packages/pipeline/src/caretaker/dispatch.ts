import { create, toBinary } from '@bufbuild/protobuf';
import { QueueStateSchema, TaskState, VideoState } from '../messages.ts';
import { QUEUE_STATE_KEY } from '../names.ts';
import { UnknownVideoError } from '../records/records.ts';
import { admitVideo } from '../records/video-changes.ts';
import { dueTasks, isActive } from '../routing.ts';
import { reaching } from '../unavailable.ts';
import type { CaretakerParts } from './caretaker.ts';
import { currentTurn, waitingVideos } from './queue-view.ts';
import { inTurn } from './round-robin.ts';

/**
 * Lets videos in, in turn, as long as few tasks wait for workers: JetStream's queues are first come, first served, so
 * they are kept shallow, and who comes next is decided here.
 * @returns how many were let in.
 */
export async function dispatch({ table, records, tasks, settings }: CaretakerParts): Promise<number> {
  let { waiting, running } = load(table.videos.values());
  let admitted = 0;
  const order = inTurn(waitingVideos(table), currentTurn(table));
  while (waiting < settings.ADMIT_WAITING && running < settings.ADMIT_RUNNING) {
    const { value: next } = order.next();
    if (!next) break;
    const stored = table.videos.get(next.video.videoId);
    if (!stored) continue;
    try {
      // The turn first: should we be killed in between, a caller misses one turn, and nobody gets two.
      const turn = toBinary(QueueStateSchema, create(QueueStateSchema, next.turn));
      await reaching('keeping whose turn it is', () => records.bucket.put(QUEUE_STATE_KEY, turn));
      const after = await records.update(stored.record, admitVideo);
      table.apply(after);
      if (after.record.state !== VideoState.RUNNING) continue;
      await tasks.publish(after.record, dueTasks(after.record));
    } catch (error) {
      if (error instanceof UnknownVideoError) continue;
      throw error;
    }
    admitted++;
    running++;
    waiting++;
  }
  return admitted;
}

/** Tasks that wait for a worker, and videos that are under way. */
function load(videos: VideoTableValues): { waiting: number; running: number } {
  let waiting = 0;
  let running = 0;
  for (const { record } of videos) {
    if (!isActive(record)) continue;
    running++;
    waiting += record.tasks.filter(({ state }) => state === TaskState.READY).length;
  }
  return { waiting, running };
}

type VideoTableValues = ReturnType<CaretakerParts['table']['videos']['values']>;
