import type { UNetArchitecture } from '../checkpoint/unet-config.ts';
import { denoiseGraphs } from '../graphs/denoise-graphs.ts';
import type { GraphOptions } from '../graphs/graph.ts';
import { sinusoidWidths } from '../models/unet-spatio-temporal-condition.ts';
import { cachePoint, isInShallowPass } from '../nn/deep-cache.ts';
import { sinusoid } from '../nn/embeddings.ts';
import { normals } from '../random/philox.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { createSampler } from '../schedulers/sampler.ts';
import type { PredictionType, Sampler } from '../schedulers/sampler.ts';
import { initialNoiseKey, withCameraMove } from './camera-noise.ts';
import type { Conditioning } from './conditioning.ts';
import { float32, floats } from './model.ts';
import type { Model } from './model.ts';
import { computeFinite } from './not-finite.ts';
import { isFullStep, modelFps, stepKind } from './settings.ts';
import type { SegmentSettings } from './settings.ts';

/** The result of a denoising step. */
export interface Step {
  /** The number of completed steps, from 1. */
  readonly step: number;
  /** The number of all steps. */
  readonly steps: number;
  /** Whether denoising can be resumed from the latents: DeepCache's shallow steps need what an earlier step kept. */
  readonly resumable: boolean;
  /** The latents after the step, `[frames, channels, height, width]`. */
  readonly latents: Float32Array;
  /** The estimate of the clean latents after the step, for previews: `pred_original_sample` in diffusers. */
  readonly x0: Float32Array;
  /** Whether this and the following steps are computed by {@link Model.safe}, because a result was not finite. */
  readonly safe: boolean;
}

/** A saved state from which denoising is resumed. */
export interface Resume {
  /** The number of completed steps. */
  readonly step: number;
  /** The latents after these steps, `[frames, channels, height, width]`. */
  readonly latents: Float32Array;
  /** `safe` of that step; default false. */
  readonly safe?: boolean;
}

export interface DenoiseOptions {
  /** Called after each step. The next step waits for the returned promise; an error stops the denoising. */
  readonly onStep?: ((step: Step) => void | Promise<void>) | undefined;
  /** Default: start with noise. */
  readonly resumeFrom?: Resume | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Initial noise, standard normal, `[frames, channels, height, width]`. Default: random numbers that depend on the seed. */
  readonly noise?: Float32Array | undefined;
}

/**
 * Denoises the latents of one segment. If the latents of a step are not finite, this and the following steps are computed by
 * `Model.safe`. The result is reproducible to the byte with the same build, instruction set and
 * number of threads, also when the denoising was resumed. See docs/svd.md for the formulas. With `cacheInterval` above 1, a model can
 * denoise only one segment at a time, because the kept tensor stays in its process.
 * @returns the scaled latents, `[frames, channels, height, width]`
 * @throws {NotFiniteError} when the latents of a step are not finite, also those of `Model.safe`
 * @throws RangeError when the latents to resume from do not match the settings, or are not from a resumable step
 */
export async function denoise(
  model: Model,
  conditioning: Conditioning,
  settings: SegmentSettings,
  options: DenoiseOptions = {},
): Promise<Float32Array> {
  const { onStep, resumeFrom, signal } = options;
  const { frames, seed, segment } = settings;
  const { channels, height, width } = conditioning;
  const sampler = createSampler(model.checkpoint.scheduler, { ...settings, kind: settings.sampler });
  const steps = sampler.timesteps.length;
  const length = frames * channels * height * width;
  const { card } = model.checkpoint;
  const first = () =>
    options.noise ??
    withCameraMove(normals(initialNoiseKey(settings, card), length), conditioning, card.camera, settings.camera);

  let latents = resumeFrom?.latents ?? first().map((value) => value * sampler.initNoiseSigma);
  if (latents.length !== length) {
    throw new RangeError(
      `the latents to resume from have ${latents.length} elements, but the settings require ${length}`,
    );
  }
  const firstStep = resumeFrom?.step ?? 0;
  if (firstStep < steps && !isFullStep(settings, firstStep)) {
    throw new RangeError(
      `denoising cannot be resumed after step ${firstStep}: the next step needs what an earlier one kept`,
    );
  }
  const runnerOf = (computing: Model) => createStepRunner(computing, conditioning, settings, signal);
  let computing = resumeFrom?.safe && model.safe ? model.safe : model;
  let run = await runnerOf(computing);
  for (let step = firstStep; step < steps; step++) {
    signal?.throwIfAborted();
    const before = latents;
    const outputs = await computeFinite(computing, async (current) => {
      if (current !== computing) run = await runnerOf((computing = current));
      return run(before, sampler, step);
    });
    latents = floats(outputs, 'next');
    const sigma = sampler.sigmas[step + 1] ?? 0;
    if (sampler.stochastic && sigma > 0) {
      const noise = normals({ seed, segment, step: step + 1, tensor: 'step_noise' }, length);
      latents = latents.map((value, i) => value + sigma * (noise[i] ?? 0));
    }
    const resumable = step + 1 === steps || isFullStep(settings, step + 1);
    const safe = computing !== model;
    await onStep?.({ step: step + 1, steps, resumable, latents, x0: floats(outputs, 'x0'), safe });
  }
  return latents;
}

/** Computes the inputs that are the same for every step, and returns a function that runs a step. */
async function createStepRunner(
  model: Model,
  conditioning: Conditioning,
  settings: SegmentSettings,
  signal: AbortSignal | undefined,
) {
  const { checkpoint } = model;
  const { architecture } = checkpoint.unet;
  const { frames, motionBucketId, noiseAugStrength, minGuidance, maxGuidance } = settings;
  const { channels, height, width, imageEmbedding, imageLatents } = conditioning;
  const widths = sinusoidWidths(architecture);

  const shape = { frames, height, width };
  const vectorsOf = async (embedding: Float32Array): Promise<Record<string, Tensor>> => {
    if (!hasCrossAttention(architecture)) return {};
    const context = { image_embeds: float32(embedding, [1, embedding.length]) };
    const build = (draw: GraphOptions) => denoiseGraphs(checkpoint, { ...shape, guidance: false }, draw).condition;
    return model.run('condition', '', build, context, signal);
  };
  const vectors = await vectorsOf(imageEmbedding);
  // SVD was trained with fps − 1, and diffusers passes fps − 1, too.
  const ids = sinusoid([modelFps(settings) - 1, motionBucketId, noiseAugStrength], architecture.additionTimeEmbedDim);
  const constant: Record<string, Tensor> = {
    image_latents: float32(imageLatents, [1, channels, height, width]),
    added_time_ids: float32(ids, [1, widths.addedTimeIds]),
  };
  const increment = frames > 1 ? (maxGuidance - minGuidance) / (frames - 1) : 0;
  const perFrame = Float32Array.from({ length: frames }, (_, i) => minGuidance + i * increment);
  const guided = { guidance: float32(perFrame, [frames, 1, 1, 1]) };
  const isUsed =
    settings.cacheInterval > 1
      ? isInShallowPass(architecture, cachePoint(architecture, settings.cacheBranch))
      : () => true;
  const usedBy = (pass: 'full' | 'shallow', all: Record<string, Tensor>) =>
    pass === 'full' ? all : Object.fromEntries(Object.entries(all).filter(([path]) => isUsed(path)));
  // What the photo is replaced with in the unconditional prediction.
  const none = model.lowMemory
    ? {
        vectors: await vectorsOf(new Float32Array(imageEmbedding.length)),
        latents: { image_latents: float32(new Float32Array(imageLatents.length), [1, channels, height, width]) },
      }
    : null;
  // A model that takes over in the middle of an interval has kept nothing yet.
  let hasKept = false;
  return async (latents: Float32Array, sampler: Sampler, step: number) => {
    const { guidance, pass, cache } = stepKind(settings, step, hasKept);
    hasKept = true;
    const guidedAtOnce = guidance && none === null;
    const name = `${frames}x${height}x${width}${guidedAtOnce ? ' guided' : ''}${cache ? ` branch ${cache.branch}` : ''}`;
    const feeds = {
      ...constant,
      ...usedBy(pass, vectors),
      ...(guidedAtOnce && guided),
      ...stepScalars(sampler, step),
      latents: float32(latents, [frames, channels, height, width]),
      timestep: float32(sinusoid([sampler.timesteps[step] ?? 0], widths.timestep), [1, widths.timestep]),
    };
    const build = (draw: GraphOptions) =>
      denoiseGraphs(checkpoint, { ...shape, guidance: guidedAtOnce, cache }, draw).step;
    const part = pass === 'full' ? 'step' : 'shallow_step';
    const conditional = await model.run(part, name, build, feeds, signal);
    if (!guidance || none === null) return conditional;
    const others = { ...feeds, ...usedBy(pass, none.vectors), ...none.latents };
    const unconditional = await model.run(part, name, build, others, signal, 'unconditional');
    return guide(unconditional, conditional, perFrame);
  };
}

/**
 * Guides a step by the results of two: `next` and `x0` are sums of the latents and the prediction with constant factors, so they
 * can be combined like predictions.
 * @param weights of each frame
 */
function guide(
  unconditional: Readonly<Record<string, Tensor>>,
  conditional: Readonly<Record<string, Tensor>>,
  weights: Float32Array,
): Record<string, Tensor> {
  const combine = (name: string): Tensor => {
    const [from, to] = [floats(unconditional, name), floats(conditional, name)];
    const frame = from.length / weights.length;
    const data = from.map((value, i) => value + (weights[Math.floor(i / frame)] ?? 1) * ((to[i] ?? 0) - value));
    return float32(data, conditional[name]?.dims ?? []);
  };
  return { next: combine('next'), x0: combine('x0') };
}

/** Whether the UNet has a cross-attention layer. A transformer may have no layers. */
const hasCrossAttention = ({ down, mid, up }: UNetArchitecture): boolean =>
  [...down, mid, ...up].some(({ transformerLayers }) => transformerLayers.some((layers) => layers));

/** The scalar inputs of the step's graph. */
function stepScalars({ sigmas, predictionType, stochastic }: Sampler, step: number): Record<string, Tensor> {
  const sigma = sigmas[step] ?? 0;
  const next = sigmas[step + 1] ?? 0;
  const { fromLatents, fromPrediction } = x0Coefficients(predictionType, sigma);
  const scalar = (value: number) => float32(Float32Array.of(value), [1]);
  return {
    input_scale: scalar(1 / Math.sqrt(sigma * sigma + 1)),
    x0_from_latents: scalar(fromLatents),
    x0_from_prediction: scalar(fromPrediction),
    sigma_ratio: scalar(stochastic || sigma === 0 ? 0 : next / sigma),
  };
}

/**
 * The coefficients of x0 = fromLatents · x + fromPrediction · prediction.
 * @see Karras et al., arXiv 2206.00364, table 1; docs/svd.md, "Scheduler"
 */
function x0Coefficients(type: PredictionType, sigma: number) {
  switch (type) {
    case 'v_prediction':
      return { fromLatents: 1 / (sigma * sigma + 1), fromPrediction: -sigma / Math.sqrt(sigma * sigma + 1) };
    case 'epsilon':
      return { fromLatents: 1, fromPrediction: -sigma };
    case 'sample':
      return { fromLatents: 0, fromPrediction: 1 };
  }
}
