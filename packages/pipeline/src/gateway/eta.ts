import { Stage, TaskState, VideoState } from '../messages.ts';
import type { TaskRecord, VideoRecord } from '../messages.ts';
import { milliseconds } from '../records/time.ts';
import { isActive } from '../routing.ts';
import type { VideoTable } from '../watch/video-table.ts';

/** How long videos will take, learnt from those that were made. */
export interface Eta {
  /**
   * Seconds until a video is done, or null where it can't be told: no like task has been seen, or it does not run.
   * @param position videos that are let in before it, or null where it does not wait.
   */
  seconds(record: VideoRecord, position: number | null): number | null;
  close(): void;
}

/** What a new measurement counts for. */
const WEIGHT = 0.3;

/** An average of each stage's times for each shape of work, the newest counting most. */
export function createEta(table: VideoTable): Eta {
  const averages = new Map<string, number>();
  const seen = new Set<string>();
  /** Between two videos that are done while others wait: the pace of the whole. */
  let pace: number | null = null;
  let lastDone: number | null = null;

  const learn = (old: number | null | undefined, value: number) =>
    old === null || old === undefined ? value : old + WEIGHT * (value - old);

  function observe(record: VideoRecord): void {
    for (const task of record.tasks) {
      const name = `${record.videoId}/${task.stage}/${task.segment}`;
      if (task.state !== TaskState.DONE || task.attempt !== 1 || seen.has(name)) continue;
      seen.add(name);
      const key = shapeOf(record, task.stage);
      averages.set(key, learn(averages.get(key), milliseconds(task.endTime) - milliseconds(task.startTime)));
    }
    if (record.state !== VideoState.DONE || seen.has(record.videoId)) return;
    seen.add(record.videoId);
    const end = milliseconds(record.endTime);
    // Only a video that began before the last one ended tells something of the pace.
    if (lastDone !== null && milliseconds(record.startTime) < lastDone && end > lastDone) {
      pace = learn(pace, end - lastDone);
    }
    lastDone = Math.max(lastDone ?? 0, end);
  }

  const unsubscribe = table.subscribe(({ videoId, stored }) => {
    if (stored) {
      observe(stored.record);
      return;
    }
    for (const name of seen) if (name.startsWith(videoId)) seen.delete(name);
  });
  const inOrder = [...table.videos.values()].sort(
    ({ record: a }, { record: b }) => milliseconds(a.endTime) - milliseconds(b.endTime),
  );
  for (const { record } of inOrder) observe(record);

  /** What is left of a task, milliseconds. */
  function left(record: VideoRecord, task: TaskRecord | undefined): number | null {
    if (!task) return null;
    if (task.state === TaskState.DONE) return 0;
    const whole = averages.get(shapeOf(record, task.stage));
    if (whole === undefined) return null;
    const share = task.state === TaskState.RUNNING && task.steps > 0 ? 1 - task.step / task.steps : 1;
    return whole * share;
  }

  return {
    seconds(record, position) {
      const waits = record.state === VideoState.QUEUED;
      if (!record.plan || !(waits || isActive(record))) return null;
      // Decoding runs beside the next denoising: what counts is the way through the last segment.
      const last = record.plan.segments - 1;
      const path = record.tasks.filter(({ stage, segment }) => stage !== Stage.DECODE || segment === last);
      let sum = 0;
      for (const task of path) {
        const part = left(record, task);
        if (part === null) return null;
        sum += part;
      }
      if (!waits) return sum / 1000;
      if (position === null || (position > 0 && pace === null)) return null;
      return (sum + position * (pace ?? 0)) / 1000;
    },
    close: unsubscribe,
  };
}

/** Work that takes alike. */
function shapeOf({ plan }: VideoRecord, stage: Stage): string {
  if (!plan) return String(stage);
  const { model, modelDigest, width, height, segmentFrames, steps, segments } = plan;
  const shape = `${stage} ${model} ${modelDigest} ${width}x${height}x${segmentFrames}`;
  if (stage === Stage.DENOISE) return `${shape} ${steps} ${Math.max(plan.minGuidance, plan.maxGuidance) > 1}`;
  return stage === Stage.MUX ? `${shape} ${segments} ${plan.outputs.join()}` : shape;
}
