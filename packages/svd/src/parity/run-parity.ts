import { join } from 'node:path';
import { unetGraph } from '../graphs/denoise-graphs.ts';
import type { GraphOptions } from '../graphs/graph.ts';
import { vaeInput } from '../image/vae-input.ts';
import { sinusoidWidths } from '../models/unet-spatio-temporal-condition.ts';
import { sinusoid } from '../nn/embeddings.ts';
import type { Conditioning } from '../pipeline/conditioning.ts';
import { decodeTogether } from '../pipeline/decode.ts';
import type { LatentSize } from '../pipeline/decode.ts';
import { denoise } from '../pipeline/denoise.ts';
import type { Step } from '../pipeline/denoise.ts';
import { clipInput, embedImage, encodeImage } from '../pipeline/encode.ts';
import { createModel, float32, floats } from '../pipeline/model.ts';
import type { SegmentSettings } from '../pipeline/settings.ts';
import { openCheckpoint } from '../pipeline/open-checkpoint.ts';
import type { Model } from '../pipeline/model.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { RuntimeOptions } from '../runtime/runtime.ts';
import { createSampler } from '../schedulers/sampler.ts';
import type { Sampler } from '../schedulers/sampler.ts';
import { compare, FRAME_TOLERANCE } from './compare.ts';
import type { Comparison } from './compare.ts';
import { openGolden, requestOf } from './golden.ts';
import type { DeepCacheGolden, Golden } from './golden.ts';

/**
 * Computes every part of the model and the whole pipeline from the inputs in a golden folder, and compares the results with
 * those of diffusers.
 * @param folder with `checkpoint/`, `golden.safetensors` and `params.json`
 */
export async function* runParity(folder: string, options: RuntimeOptions = {}): AsyncGenerator<Comparison, void> {
  const golden = await openGolden(folder);
  const checkpoint = await openCheckpoint(join(folder, 'checkpoint'));
  await using model = createModel(checkpoint, await createRuntime(options));
  yield* compareParts(model, golden);
  if (golden.loras) {
    const changed = await openCheckpoint(join(folder, 'checkpoint'), golden.loras.files);
    await using other = createModel(changed, await createRuntime(options));
    yield compare('lora_unet_out', await unetOut(other, golden), await golden.loras.unetOut());
  }
}

/** {@link runParity} with an open model and golden folder. */
export async function* compareParts(model: Model, golden: Golden): AsyncGenerator<Comparison, void> {
  yield* schedules(model, golden);
  const pixelValues = clipInput(model, await golden.image('clip_source_rgb_u8'));
  yield compare('clip_pixel_values', pixelValues, await golden.floats('clip_pixel_values'));
  const embedding = await embedImage(model, await golden.floats('clip_pixel_values'));
  yield compare('clip_image_embeds', embedding, await golden.floats('clip_image_embeds'));
  yield* autoencoder(model, golden);
  yield* unet(model, golden);
  yield* pipeline(model, golden);
}

async function* schedules({ checkpoint }: Model, golden: Golden) {
  const counts = golden.names().flatMap((name) => /^sigmas_(\d+)$/.exec(name)?.[1] ?? []);
  for (const count of counts.map(Number).sort((a, b) => a - b)) {
    const sampler = createSampler(checkpoint.scheduler, { kind: 'euler', steps: count });
    yield compare(`sigmas_${count}`, sampler.sigmas, await golden.floats(`sigmas_${count}`));
    yield compare(`timesteps_${count}`, sampler.timesteps, await golden.floats(`timesteps_${count}`));
  }
}

const latentSize = (model: Model, { params }: Golden): LatentSize => ({
  channels: model.checkpoint.vae.config.latent_channels,
  height: params.height / model.checkpoint.vae.scaleFactor,
  width: params.width / model.checkpoint.vae.scaleFactor,
});

async function* autoencoder(model: Model, golden: Golden) {
  const { params } = golden;
  const photo = await golden.image('vae_source_rgb_u8');
  const input = vaeInput(photo, await golden.floats('noise_aug'), params.noise_aug_strength);
  yield compare('vae_input', input, await golden.floats('vae_input'));
  const latents = await encodeImage(model, await golden.floats('vae_input'), params);
  yield compare('vae_image_latents', latents, await golden.floats('vae_image_latents'));

  // The golden input of the decoder is divided by the scaling factor already, but the graph divides, too.
  const { scaling_factor: factor } = model.checkpoint.vae.config;
  const scaled = (await golden.floats('vae_decode_latents')).map((value) => value * factor);
  const decoded = await decodeTogether(model, scaled, latentSize(model, golden), 'pixels');
  yield compare('vae_decode_out', decoded as Float32Array, await golden.floats('vae_decode_out'));
}

async function* unet(model: Model, golden: Golden) {
  yield compare('unet_out', await unetOut(model, golden), await golden.floats('unet_out'));
}

/** The result of the UNet for the inputs of a golden folder. */
async function unetOut(model: Model, golden: Golden): Promise<Float32Array> {
  const { architecture } = model.checkpoint.unet;
  const [batch = 1, frames = 1, channels = 1, height = 1, width = 1] = golden.shape('unet_sample');
  const widths = sinusoidWidths(architecture);
  const ids = sinusoid(await golden.floats('unet_added_time_ids'), architecture.additionTimeEmbedDim);
  const embeddings = await golden.floats('unet_encoder_hidden_states');
  const feeds = {
    sample: float32(await golden.floats('unet_sample'), [batch * frames, channels, height, width]),
    timestep: float32(sinusoid(await golden.floats('unet_timestep'), widths.timestep), [1, widths.timestep]),
    added_time_ids: float32(ids, [batch, widths.addedTimeIds]),
    encoder_hidden_states: float32(embeddings, [batch, embeddings.length / batch]),
  };
  const build = (options: GraphOptions) => unetGraph(model.checkpoint, { batch, frames, height, width }, options);
  return floats(await model.run('unet', 'golden', build, feeds), 'out');
}

async function* pipeline(model: Model, golden: Golden) {
  const { params } = golden;
  const size = latentSize(model, golden);
  const photo = await golden.image('vae_source_rgb_u8');
  const input = vaeInput(photo, await golden.floats('noise_aug'), params.noise_aug_strength);
  const conditioning: Conditioning = {
    ...size,
    imageEmbedding: await embedImage(model, clipInput(model, await golden.image('clip_source_rgb_u8'))),
    imageLatents: await encodeImage(model, input, params),
    previewMap: new Float32Array(),
  };
  const settings = {
    ...model.checkpoint.card.defaults,
    ...requestOf(golden),
    segment: 0,
    sampler: 'euler',
    sigmas: params.sigmas ?? undefined,
    decodeChunk: params.decode_chunk_size ?? params.num_frames,
    guidanceSteps: 0,
    cacheInterval: 1,
  } as const;
  const comparisons: Comparison[] = [];
  const noise = await golden.floats('noise_init');
  const sampler = createSampler(model.checkpoint.scheduler, { ...settings, kind: settings.sampler });
  const rounding = eulerRounding(sampler, noise);
  const latents = await denoise(model, conditioning, settings, {
    noise,
    async onStep({ step, latents: after }) {
      const name = `latents_after_step_${step - 1}`;
      if (!golden.has(name)) return;
      const reference = await golden.floats(name);
      const { tolerance } = compare(name, after, reference);
      comparisons.push(compare(name, after, reference, tolerance + rounding(step - 1, reference)));
    },
  });
  yield* comparisons;
  if (golden.deepCache) yield* deepCache(model, golden.deepCache, conditioning, settings, noise);
  yield* frames(model, golden, latents, size, settings.decodeChunk);
}

/** Compares the latents after the shallow steps of the first interval and after the last step, for each branch. */
async function* deepCache(
  model: Model,
  { steps, interval, branches, latents }: DeepCacheGolden,
  conditioning: Conditioning,
  settings: SegmentSettings,
  noise: Float32Array,
) {
  for (const cacheBranch of branches) {
    const reference = await latents(cacheBranch);
    const length = reference.length / steps;
    const comparisons: Comparison[] = [];
    const onStep = ({ step, latents: after }: Step) => {
      if (step !== interval && step !== steps) return;
      const expected = reference.subarray((step - 1) * length, step * length);
      comparisons.push(compare(`deepcache_${cacheBranch}_step_${step - 1}`, after, expected));
    };
    await denoise(model, conditioning, { ...settings, steps, cacheInterval: interval, cacheBranch }, { noise, onStep });
    yield* comparisons;
  }
}

/**
 * Returns a function that estimates the rounding error of diffusers' float32 in the latents after each step. diffusers
 * computes a step as `x + (x − x0) / σ · (σ′ − σ)`. For a step from σ = 700 to 0 this is a difference of numbers near 3,000,
 * whose unit in the last place is 2e-4. Earlier errors are multiplied by `σ′/σ + (1 − σ′/σ) / (σ² + 1)`: the factor of x in
 * the Euler step, directly and through x0.
 */
function eulerRounding({ sigmas, initNoiseSigma }: Sampler, noise: Float32Array) {
  const ulp = (values: Float32Array, factor = 1) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * factor;
    return largest > 0 ? 2 ** (Math.floor(Math.log2(largest)) - 23) : 0;
  };
  let unit = ulp(noise, initNoiseSigma);
  let rounded = 0;
  return (step: number, after: Float32Array) => {
    const sigma = sigmas[step] ?? 0;
    const ratio = (sigmas[step + 1] ?? 0) / sigma;
    rounded = rounded * (ratio + (1 - ratio) / (sigma * sigma + 1)) + unit;
    unit = ulp(after);
    return rounded;
  };
}

/** Decodes as diffusers does: full chunks, and a shorter last one. */
async function* frames(model: Model, golden: Golden, latents: Float32Array, size: LatentSize, chunk: number) {
  const frame = size.channels * size.height * size.width;
  const pixels: number[] = [];
  const levels: number[] = [];
  for (let first = 0; first < latents.length; first += chunk * frame) {
    const part = latents.subarray(first, first + chunk * frame);
    const decoded = (await decodeTogether(model, part, size, 'pixels')) as Float32Array;
    for (const value of decoded) pixels.push(Math.min(1, Math.max(0, value / 2 + 0.5)));
    for (const level of (await decodeTogether(model, part, size, 'rgb8')) as Uint8Array) levels.push(level / 255);
  }
  const unit = (await golden.floats('frames')).map((value) => Math.min(1, Math.max(0, value / 2 + 0.5)));
  yield compare('frames', pixels, unit, FRAME_TOLERANCE);
  const eightBit = Array.from(await golden.bytes('frames_u8'), (level) => level / 255);
  yield compare('frames_u8', levels, eightBit, FRAME_TOLERANCE * (1 + 1e-6));
}
