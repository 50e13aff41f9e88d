import type { Work } from '@cinematica/svd';
import type { FileFormat } from '@cinematica/settings';
import { OUTPUT_FILES } from '@cinematica/settings';
import { create } from '@bufbuild/protobuf';
import { ForecastSchema, PipelineStage } from '../messages.ts';
import type { Forecast, Plan } from '../messages.ts';
import { fileShape, timelineOf } from '../video/file-shape.ts';
import { modelFrames } from '../video/model-frames.ts';

/** What a file takes on the reference machine, seconds for each megapixel that is encoded. */
const ENCODE_SECONDS: Readonly<Record<FileFormat, number>> = {
  mp4: 0.034,
  poster: 0.05,
  card: 0.02,
  webp: 0.2,
  webm: 0.12,
};
/** What finishing takes there, seconds for each megapixel of the model's frames and of the finished frames. */
const FINISH_SECONDS = { source: 1, finished: 0.02 } as const;
/** Reading inputs, starting a process, loading its graphs or kernels, and writing outputs. */
const TASK_SECONDS = { encode: 0.15, denoise: 1.5, decode: 1, mux: 1.3, join: 1 } as const;

/** How long a stage takes on the reference machine, seconds. The stages of the model are predicted from its graphs. */
export const referenceForecast = (plan: Plan, work: Work): Forecast =>
  create(ForecastSchema, {
    encodeSeconds: TASK_SECONDS.encode + work.encode,
    stepSeconds: work.step + TASK_SECONDS.denoise / Math.max(1, plan.steps),
    decodeSeconds: TASK_SECONDS.decode + work.decode,
    muxSeconds: muxSeconds(plan),
    measured: false,
  });

/** How long finishing and encoding takes on the reference machine, seconds. The figures are those of docs/finishing.md. */
export function muxSeconds(plan: Plan): number {
  const timeline = timelineOf(plan);
  const megapixels = (width: number, height: number, frames: number) => (width * height * frames) / 1e6;
  const files = new Set(['mp4', 'poster', ...plan.outputs, ...(plan.loop ? ['loop'] : [])]);
  if (plan.join.length > 0) {
    // Files are copied. Before each seam, the frames since the last keyframe are encoded again: at most two seconds.
    const { width, height, fps: rate } = fileShape(timeline, 'mp4');
    return TASK_SECONDS.join + ENCODE_SECONDS.mp4 * megapixels(width, height, 2 * rate * (plan.join.length - 1));
  }
  let seconds: number = TASK_SECONDS.mux;
  for (const [name, { format, boomerang }] of Object.entries(OUTPUT_FILES)) {
    if (!files.has(name)) continue;
    const { width, height, frames } = fileShape(timeline, format, boomerang);
    seconds += ENCODE_SECONDS[format] * megapixels(width, height, frames);
  }
  if (plan.resolution === 'model' || plan.resolution === '') return seconds;
  const { width, height, frames } = fileShape(timeline, 'mp4');
  return (
    seconds +
    FINISH_SECONDS.source * megapixels(plan.width, plan.height, timeline.frames) +
    FINISH_SECONDS.finished * megapixels(width, height, frames)
  );
}

/** How long a task computes, seconds. */
export function taskSeconds(plan: Plan, forecast: Forecast, stage: PipelineStage): number {
  switch (stage) {
    case PipelineStage.ENCODE:
      return forecast.encodeSeconds;
    case PipelineStage.DENOISE:
      return plan.steps * forecast.stepSeconds;
    case PipelineStage.DECODE:
      return forecast.decodeSeconds;
    case PipelineStage.MUX:
      return forecast.muxSeconds;
    case PipelineStage.UNSPECIFIED:
    default:
      return 0;
  }
}

/** The number of steps that a task reports. */
export function stepsOf(plan: Plan, stage: PipelineStage): number {
  switch (stage) {
    case PipelineStage.DENOISE:
      return Math.max(1, plan.steps);
    case PipelineStage.DECODE:
      return Math.max(1, plan.decodeChunks.length);
    case PipelineStage.MUX:
      return Math.max(1, modelFrames(plan));
    case PipelineStage.ENCODE:
    case PipelineStage.UNSPECIFIED:
    default:
      return 1;
  }
}
