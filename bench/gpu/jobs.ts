import { decode, decodeChunks, denoise, resolveSettings } from '@cinematica/svd';
import type { LatentSize, Model, SamplerKind } from '@cinematica/svd';
import { decodeTogether, embedImage, encodeImage, normals } from '@cinematica/svd/internal';

/** The size of the video in all jobs. */
export interface JobShape {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly chunk: number;
}

/** A sampler and its settings. */
export interface JobKind {
  readonly name: string;
  readonly steps: number;
  readonly maxGuidance: number;
  readonly sampler: SamplerKind;
}

export const JOBS: readonly JobKind[] = [
  { name: '25 steps, guided', steps: 25, maxGuidance: 3, sampler: 'euler' },
  { name: 'AYS 10 steps, guided', steps: 10, maxGuidance: 3, sampler: 'ays' },
  { name: '4 steps, unguided', steps: 4, maxGuidance: 1, sampler: 'animatelcm' },
];

/** The times of a job in seconds. */
export interface JobTimes {
  readonly encode: number;
  readonly steps: readonly number[];
  readonly decode: number;
  readonly total: number;
  /** The denoised latents, `[frames, channels, height, width]`. */
  readonly latents: Float32Array;
}

const seconds = (since: number): number => (performance.now() - since) / 1000;

/** Computes one video from a random picture, without reading or writing files. */
export async function runJob(model: Model, shape: JobShape, kind: JobKind): Promise<JobTimes> {
  const { checkpoint } = model;
  const { width, height, frames, chunk } = shape;
  const random = (length: number, tensor: string) => normals({ seed: 1, segment: 0, step: 0, tensor }, length);
  const side = checkpoint.imageEncoder.config.image_size;
  const [small, pixels] = [random(3 * side * side, 'clip'), random(3 * width * height, 'pixels')];
  const size = latentSize(model, shape);
  const noise = random(frames * frameLength(size), 'noise');

  const start = performance.now();
  const imageEmbedding = await embedImage(model, small);
  const imageLatents = await encodeImage(model, pixels, { width, height });
  const encode = seconds(start);

  const settings = resolveSettings(checkpoint.card, { ...kind, width, height, frames, seed: 1, minGuidance: 1 });
  const conditioning = { ...size, imageEmbedding, imageLatents, previewMap: new Float32Array() };
  const steps: number[] = [];
  let last = performance.now();
  const onStep = () => {
    steps.push(seconds(last));
    last = performance.now();
  };
  const latents = await denoise(model, conditioning, settings, { onStep, noise });

  const decodeStart = performance.now();
  let decoded = 0;
  for await (const { count } of decode(model, latents, size, chunk)) decoded += count;
  if (decoded !== frames) throw new Error(`${decoded} of ${frames} frames were decoded`);
  return { encode, steps, latents, decode: seconds(decodeStart), total: seconds(start) };
}

const frameLength = ({ channels, height, width }: LatentSize): number => channels * height * width;

/** Whether all latents, and the pixels of the first chunk before rounding, are finite. */
export async function staysFinite(
  model: Model,
  latents: Float32Array,
  { frames, ...shape }: JobShape,
): Promise<boolean> {
  const size = latentSize(model, shape);
  const [first] = decodeChunks(frames, shape.chunk);
  const pixels = await decodeTogether(
    model,
    latents.subarray(0, (first?.count ?? 0) * frameLength(size)),
    size,
    'pixels',
  );
  return latents.every(Number.isFinite) && pixels instanceof Float32Array && pixels.every(Number.isFinite);
}

function latentSize({ checkpoint }: Model, { width, height }: Pick<JobShape, 'width' | 'height'>): LatentSize {
  const { scaleFactor, config } = checkpoint.vae;
  return { channels: config.latent_channels, height: height / scaleFactor, width: width / scaleFactor };
}
