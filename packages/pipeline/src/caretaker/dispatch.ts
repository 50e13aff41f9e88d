import { create, toBinary } from '@bufbuild/protobuf';
import { QueueStateSchema, TaskState, VideoState } from '../messages.ts';
import { QUEUE_STATE_KEY } from '../names.ts';
import { UnknownVideoError } from '../records/records.ts';
import { admitVideo } from '../records/video-changes.ts';
import { dueTasks, isActive } from '../routing.ts';
import { reaching } from '../unavailable.ts';
import type { CaretakerParts } from './caretaker.ts';
import { currentTurn, modelOf, waitingVideos } from './queue-view.ts';
import { inTurn } from './round-robin.ts';
import type { Turn } from './round-robin.ts';

/**
 * Lets videos in, in turn, as long as few tasks of their model wait for workers: JetStream's queues are first come, first
 * served, so they are kept shallow, and who comes next is decided here. Each model is counted by itself, so that one that
 * no worker serves at the moment holds up its own videos only.
 * @returns how many were let in.
 */
export async function dispatch({ table, records, tasks, settings }: CaretakerParts): Promise<number> {
  const { waiting, running } = load(table.videos.values());
  const waitingFor = (model: string) => waiting.get(model) ?? 0;
  const order = (turn: Turn) =>
    inTurn(
      waitingVideos(table).filter(({ model }) => waitingFor(model) < settings.ADMIT_WAITING),
      turn,
    );
  let admitted = 0;
  let queue = order(currentTurn(table));
  while (running + admitted < settings.ADMIT_RUNNING) {
    const { value: next } = queue.next();
    if (!next) break;
    const { videoId, model } = next.video;
    const stored = table.videos.get(videoId);
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
    waiting.set(model, waitingFor(model) + 1);
    if (waitingFor(model) >= settings.ADMIT_WAITING) queue = order(next.turn);
  }
  return admitted;
}

/** Tasks that wait for a worker, by model, and how many videos are under way. */
function load(videos: VideoTableValues): { waiting: Map<string, number>; running: number } {
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

type VideoTableValues = ReturnType<CaretakerParts['table']['videos']['values']>;
