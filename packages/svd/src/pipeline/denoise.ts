import type { UNetArchitecture } from '../checkpoint/unet-config.ts';
import { denoiseGraphs } from '../graphs/denoise-graphs.ts';
import { sinusoidWidths } from '../models/unet-spatio-temporal-condition.ts';
import { sinusoid } from '../nn/embeddings.ts';
import { normals } from '../random/philox.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { createSampler } from '../schedulers/sampler.ts';
import type { PredictionType, Sampler } from '../schedulers/sampler.ts';
import type { Conditioning } from './conditioning.ts';
import { float32, floats } from './model.ts';
import type { Model } from './model.ts';
import { usesGuidance } from './settings.ts';
import type { VideoSettings } from './settings.ts';

/** A step that is done. */
export interface Step {
  /** Steps done so far, from 1. */
  readonly step: number;
  readonly steps: number;
  /** The latents after it, `[frames, channels, height, width]`: what to resume from. */
  readonly latents: Float32Array;
  /** Its estimate of the finished latents: what to preview. */
  readonly x0: Float32Array;
}

/** Where to go on from. */
export interface Resume {
  /** Steps done. */
  readonly step: number;
  readonly latents: Float32Array;
}

export interface DenoiseOptions {
  /** Called after every step; the next one waits for what it returns. Throwing stops the denoising. */
  readonly onStep?: ((step: Step) => void | Promise<void>) | undefined;
  readonly resumeFrom?: Resume | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The first noise in place of the seed's, standard normal, `[frames, channels, height, width]`. */
  readonly noise?: Float32Array | undefined;
}

/**
 * Latents of a video, `[frames, channels, height, width]`, from a photo's conditioning. The same inputs give the same
 * bytes on the same build, instruction set and number of threads, whether it ran through or was resumed.
 */
export async function denoise(
  model: Model,
  conditioning: Conditioning,
  settings: VideoSettings,
  options: DenoiseOptions = {},
): Promise<Float32Array> {
  const { onStep, resumeFrom, signal } = options;
  const { frames, seed, segment } = settings;
  const { channels, height, width } = conditioning;
  const sampler = createSampler(model.checkpoint.scheduler, { ...settings, kind: settings.sampler });
  const steps = sampler.timesteps.length;
  const length = frames * channels * height * width;
  const draw = (of: number, step: number, tensor: string) => normals({ seed, segment: of, step, tensor }, length);
  const first = () => options.noise ?? draw(model.checkpoint.card.sharedNoise ? 0 : segment, 0, 'latents');

  let latents = resumeFrom?.latents ?? first().map((value) => value * sampler.initNoiseSigma);
  if (latents.length !== length) {
    throw new RangeError(`latents to go on from have ${latents.length} elements, but the settings ask for ${length}`);
  }
  const run = await createStepRunner(model, conditioning, settings, signal);
  for (let step = resumeFrom?.step ?? 0; step < steps; step++) {
    signal?.throwIfAborted();
    const outputs = await run(latents, sampler, step);
    latents = floats(outputs, 'next');
    const sigma = sampler.sigmas[step + 1] ?? 0;
    if (sampler.stochastic && sigma > 0) {
      const fresh = draw(segment, step + 1, 'step_noise');
      latents = latents.map((value, i) => value + sigma * (fresh[i] ?? 0));
    }
    await onStep?.({ step: step + 1, steps, latents, x0: floats(outputs, 'x0') });
  }
  return latents;
}

/** Loads the step's graph and computes what is the same for every step. */
async function createStepRunner(
  model: Model,
  conditioning: Conditioning,
  settings: VideoSettings,
  signal: AbortSignal | undefined,
) {
  const { checkpoint } = model;
  const { architecture } = checkpoint.unet;
  const { frames, fps, motion, noiseAug, minGuidance, maxGuidance } = settings;
  const { channels, height, width, imageEmbedding, imageLatents } = conditioning;
  const guidance = usesGuidance(settings);
  const shape = { frames, height, width, guidance };
  const name = `${frames}x${height}x${width}${guidance ? ' guided' : ''}`;
  const widths = sinusoidWidths(architecture);

  const context = { image_embeds: float32(imageEmbedding, [1, imageEmbedding.length]) };
  const vectors = attends(architecture)
    ? await model.run('condition', '', (draw) => denoiseGraphs(checkpoint, shape, draw).condition, context, signal)
    : {};
  // SVD was trained on the frame rate less one.
  const ids = sinusoid([fps - 1, motion, noiseAug], architecture.additionTimeEmbedDim);
  const constant: Record<string, Tensor> = {
    ...vectors,
    image_latents: float32(imageLatents, [1, channels, height, width]),
    added_time_ids: float32(ids, [1, widths.addedTimeIds]),
  };
  if (guidance) {
    const rise = frames > 1 ? (maxGuidance - minGuidance) / (frames - 1) : 0;
    const perFrame = Float32Array.from({ length: frames }, (_, i) => minGuidance + i * rise);
    constant.guidance = float32(perFrame, [frames, 1, 1, 1]);
  }
  return (latents: Float32Array, sampler: Sampler, step: number) => {
    const feeds = {
      ...constant,
      ...stepScalars(sampler, step),
      latents: float32(latents, [frames, channels, height, width]),
      timestep: float32(sinusoid([sampler.timesteps[step] ?? 0], widths.timestep), [1, widths.timestep]),
    };
    return model.run('step', name, (draw) => denoiseGraphs(checkpoint, shape, draw).step, feeds, signal);
  };
}

/** Whether there is any cross-attention: transformers may have no layers. */
const attends = ({ down, mid, up }: UNetArchitecture): boolean =>
  [...down, mid, ...up].some(({ transformerLayers }) => transformerLayers.some((layers) => layers));

/** The scalars of one step, as the step's graph takes them. */
function stepScalars({ sigmas, predictionType, stochastic }: Sampler, step: number): Record<string, Tensor> {
  const sigma = sigmas[step] ?? 0;
  const next = sigmas[step + 1] ?? 0;
  const { fromLatents, fromPrediction } = x0Coefficients(predictionType, sigma);
  const scalar = (value: number) => float32(Float32Array.of(value), [1]);
  return {
    input_scale: scalar(1 / Math.sqrt(sigma * sigma + 1)),
    x0_from_latents: scalar(fromLatents),
    x0_from_prediction: scalar(fromPrediction),
    keep: scalar(stochastic || sigma === 0 ? 0 : next / sigma),
  };
}

/** x0 = fromLatents · x + fromPrediction · prediction (Karras et al., arXiv 2206.00364, table 1, and svd-spec 2.2). */
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
