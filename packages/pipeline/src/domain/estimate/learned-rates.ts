import { PipelineStage, TaskState } from '../messages.ts';
import type { Plan, TaskRecord, VideoRecord } from '../messages.ts';
import { toMilliseconds } from '../timestamps.ts';
import { modelFrames, modelRate } from '../video/model-frames.ts';

/** How long tasks took, relative to the reference machine. */
export interface LearnedRates {
  /** Learns from the tasks of a record that are done. A task is learned once. */
  observe(record: VideoRecord): void;
  /** Forgets which tasks of a video were learned. What was learned from them stays. */
  forget(videoId: string): void;
  /** The factor of a stage for a plan: of the same shape if it was measured, or else of the model, or else of the stage. */
  factor(stage: PipelineStage, plan: Plan): Factor | null;
  /** The mean factor of the stages that compute with a model; null before the first one was measured. */
  modelFactor(): number | null;
}

export interface Factor {
  /** Measured time divided by that of the reference machine. */
  readonly value: number;
  /** Whether it was measured with the same model and stage. */
  readonly ofModel: boolean;
}

/** The weight of a new measurement in the moving averages. */
const WEIGHT = 0.3;
/** The weight of a measurement of which as much time was shared with other tasks as it took. */
const SHARED_WEIGHT = 0.1;
/** Tasks that ended within this time may have run beside the newest one. Milliseconds. */
const KEPT_MS = 3_600_000;

interface Interval {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/**
 * @param referenceSeconds how long a task takes on the reference machine; null when its model is unknown.
 * @param shared whether all stages share the cores of one machine. Time that tasks run side by side is then divided.
 */
export function createLearnedRates(
  referenceSeconds: (plan: Plan, stage: PipelineStage) => number | null,
  shared: boolean,
): LearnedRates {
  const averages = new Map<string, number>();
  const seen = new Set<string>();
  let recent: Interval[] = [];

  function learn(key: string, factor: number, weight: number): void {
    const old = averages.get(key);
    // Averaged as logarithms, so that twice and half as fast weigh the same.
    averages.set(key, old === undefined ? factor : old * (factor / old) ** weight);
  }

  /** The time that a task took without what ran beside it, milliseconds; and the weight of this measurement. */
  function own({ name, start, end }: Interval): { readonly ms: number; readonly weight: number } {
    const ms = Math.max(1, end - start);
    if (!shared) return { ms, weight: WEIGHT };
    const beside = recent
      .filter((other) => other.name !== name)
      .reduce((sum, other) => sum + Math.max(0, Math.min(end, other.end) - Math.max(start, other.start)), 0);
    const share = beside / ms;
    return { ms: ms / (1 + share), weight: share < 0.1 ? WEIGHT : Math.max(SHARED_WEIGHT, WEIGHT / (1 + 2 * share)) };
  }

  function observeTask(record: VideoRecord, plan: Plan, task: TaskRecord): void {
    const name = `${record.videoId}/${task.stage}/${task.segment}`;
    if (task.state !== TaskState.DONE || seen.has(name)) return;
    seen.add(name);
    const interval = { name, start: toMilliseconds(task.startTime), end: toMilliseconds(task.endTime) };
    recent = [...recent.filter(({ end }) => end > interval.end - KEPT_MS), interval].slice(-256);
    // Later attempts resumed, or waited for a worker that died.
    if (task.attempt !== 1 || task.notices.length > 0) return;
    const reference = referenceSeconds(plan, task.stage);
    if (reference === null || !(reference > 0) || !Number.isFinite(reference)) return;
    const { ms, weight } = own(interval);
    const factor = ms / 1000 / reference;
    for (const key of keysOf(plan, task.stage)) learn(key, factor, weight);
  }

  return {
    observe(record) {
      const { plan } = record;
      if (!plan) return;
      for (const task of record.tasks) observeTask(record, plan, task);
    },
    forget(videoId) {
      for (const name of seen) if (name.startsWith(`${videoId}/`)) seen.delete(name);
    },
    factor(stage, plan) {
      const [shape, model, ofStage] = keysOf(plan, stage);
      const known = averages.get(shape) ?? averages.get(model);
      if (known !== undefined) return { value: known, ofModel: true };
      const other = averages.get(ofStage);
      return other === undefined ? null : { value: other, ofModel: false };
    },
    modelFactor() {
      const stages = [PipelineStage.DENOISE, PipelineStage.DECODE];
      const factors = stages.flatMap((stage) => averages.get(String(stage)) ?? []);
      if (factors.length === 0) return null;
      return factors.reduce((product, factor) => product * factor, 1) ** (1 / factors.length);
    },
  };
}

/** The names under which a measurement is learned, from the most to the least specific. */
function keysOf(plan: Plan, stage: PipelineStage): [shape: string, model: string, stage: string] {
  const { width, height, segmentFrames, outputWidth, outputHeight, frameRate, outputs, components } = plan;
  // Muxing is the same for all models.
  const model =
    stage === PipelineStage.MUX
      ? `${stage} ${plan.join.length > 0 ? 'join' : 'any'}`
      : `${stage} ${plan.model} ${plan.modelDigest}${components && ` ${components}`}`;
  const shape = `${model} ${width}x${height}x${segmentFrames}`;
  if (stage === PipelineStage.DENOISE) {
    const guided = Math.max(plan.minGuidance, plan.maxGuidance) > 1;
    const { steps, guidanceSteps, cacheInterval, cacheBranch } = plan;
    const cheaper = guidanceSteps > 0 || cacheInterval > 1 ? ` ${guidanceSteps} ${cacheInterval} ${cacheBranch}` : '';
    return [`${shape} ${steps} ${guided}${cheaper}`, model, String(stage)];
  }
  if (stage !== PipelineStage.MUX) return [shape, model, String(stage)];
  const files = `${outputWidth}x${outputHeight} ${modelFrames(plan)} ${frameRate / modelRate(plan)} ${outputs.join()} ${plan.loop}`;
  return [`${shape} ${files}`, model, String(stage)];
}
