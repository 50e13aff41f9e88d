import { PipelineStage, TaskState, VideoState } from '../messages.ts';
import type { TaskRecord, VideoRecord } from '../messages.ts';
import { toMilliseconds } from '../timestamps.ts';
import { isActive } from '../video/routing.ts';
import type { VideoTable } from '../ports/video-table.ts';

/** Estimates how long videos take, from the durations of earlier tasks. */
export interface Estimator {
  /**
   * @param position how many videos are admitted before it; null when it does not wait.
   * @returns seconds until the video is done; null when no similar task has been measured, or the video is not active.
   */
  seconds(record: VideoRecord, position: number | null): number | null;
  close(): void;
}

/** The weight of a new measurement in the exponential moving averages. */
const WEIGHT = 0.3;

/** Keeps an exponential moving average of each stage's durations, for each shape of work. */
export function createEstimator(table: VideoTable): Estimator {
  const averages = new Map<string, number>();
  const seen = new Set<string>();
  /** Milliseconds between the ends of two videos while others wait: the throughput of the system. */
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
      averages.set(key, learn(averages.get(key), toMilliseconds(task.endTime) - toMilliseconds(task.startTime)));
    }
    if (record.state !== VideoState.DONE || seen.has(record.videoId)) return;
    seen.add(record.videoId);
    const end = toMilliseconds(record.endTime);
    // Only a video that started before the last one ended shows the throughput.
    if (lastDone !== null && toMilliseconds(record.startTime) < lastDone && end > lastDone) {
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
    ({ record: a }, { record: b }) => toMilliseconds(a.endTime) - toMilliseconds(b.endTime),
  );
  for (const { record } of inOrder) observe(record);

  /** @returns the remaining milliseconds of a task; null when no similar task has been measured. */
  function remaining(record: VideoRecord, task: TaskRecord | undefined): number | null {
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
      // Decoding overlaps with the next segment's denoising, so only the last segment's decoding adds to the total.
      const last = record.plan.segments - 1;
      const path = record.tasks.filter(({ stage, segment }) => stage !== PipelineStage.DECODE || segment === last);
      let sum = 0;
      for (const task of path) {
        const part = remaining(record, task);
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

/** Tasks with the same shape take about the same time. */
function shapeOf({ plan }: VideoRecord, stage: PipelineStage): string {
  if (!plan) return String(stage);
  const { model, modelDigest, width, height, segmentFrames, steps, segments } = plan;
  const shape = `${stage} ${model} ${modelDigest} ${width}x${height}x${segmentFrames}`;
  if (stage === PipelineStage.DENOISE) return `${shape} ${steps} ${Math.max(plan.minGuidance, plan.maxGuidance) > 1}`;
  if (stage !== PipelineStage.MUX) return shape;
  const { outputWidth, outputHeight, frameRate, conditioningFps, outputs } = plan;
  const files = `${outputWidth}x${outputHeight} ${frameRate / conditioningFps} ${outputs.join()}`;
  return `${shape} ${segments} ${files}`;
}
