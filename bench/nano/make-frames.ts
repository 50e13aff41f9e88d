import {
  channelStatistics,
  continueFrom,
  decode,
  denoise,
  encode,
  matchColorStatistics,
  planSegments,
  resolveSettings,
} from '@cinematica/svd';
import type {
  ChannelStatistics,
  Conditioning,
  LatentSize,
  Model,
  RgbImage,
  SegmentSettings,
  SettingsRequest,
} from '@cinematica/svd';
import { encodeImage, normals, vaeInput } from '@cinematica/svd/internal';

/** A video's frames, as the pipeline's stages make them. */
export interface MadeFrames {
  readonly frames: readonly RgbImage[];
  /** Number of the first frame of each segment but the first. */
  readonly seams: readonly number[];
}

/** How a longer video is put together; what is left out is what the pipeline does. */
export interface Joining {
  /** Frames of a segment, less the shared one; the model's own number unless given. */
  readonly window?: number | undefined;
  /** What a segment starts from: the last latents of the one before, or that frame decoded and encoded again. */
  readonly handOver?: 'latents' | 'pixels';
  /** Whether the colours of later segments are held. */
  readonly matchColors?: boolean;
}

/**
 * Makes a video of `count` frames in this process, segment after segment.
 * @param only numbers of the frames that are wanted, of a video of one segment; all unless given.
 */
export async function makeFrames(
  model: Model,
  photo: RgbImage,
  count: number,
  request: SettingsRequest,
  only?: readonly number[],
  { window = model.checkpoint.card.window, handOver = 'latents', matchColors = true }: Joining = {},
): Promise<MadeFrames> {
  const plan = planSegments(count, window);
  const settings = resolveSettings(model.checkpoint.card, { ...request, frames: plan.framesPerSegment });
  const first = await encode(model, photo, settings);
  const { channels, height, width } = first;
  const size = { channels, height, width };
  const frame = channels * height * width;
  const frames: RgbImage[] = [];
  const seams: number[] = [];
  let firstSegment: ChannelStatistics | undefined;
  let last: Float32Array | undefined;
  let conditioning = first;
  for (let segment = 0; segment < plan.segments; segment++) {
    let latents = await denoise(model, conditioning, { ...settings, segment });
    if (last && matchColors) {
      latents = matchColorStatistics(latents, size, { previousFrame: channelStatistics(last, size), firstSegment });
    }
    firstSegment ??= channelStatistics(latents, size);
    last = latents.slice(-frame);
    const shown = only ? pick(latents, only, frame) : latents;
    if (segment > 0) seams.push(frames.length);
    // A later segment's first frame is the one before's last.
    frames.push(...(await decodeFrames(model, shown, size, settings.decodeChunk)).slice(segment > 0 ? 1 : 0));
    if (segment + 1 === plan.segments) break;
    conditioning =
      handOver === 'latents'
        ? continueFrom(first, last, model.checkpoint.vae.config.scaling_factor)
        : await encodeAgain(model, first, frames.at(-1)!, settings);
  }
  return { frames: frames.slice(0, count), seams };
}

/** The conditioning of a segment that starts from a decoded frame, as if it were the photo; the embedding stays. */
async function encodeAgain(
  model: Model,
  first: Conditioning,
  picture: RgbImage,
  { width, height, noiseAugStrength, seed }: Pick<SegmentSettings, 'width' | 'height' | 'noiseAugStrength' | 'seed'>,
): Promise<Conditioning> {
  const noise = normals({ seed, segment: 0, step: 0, tensor: 'noise_aug' }, 3 * width * height);
  return {
    ...first,
    imageLatents: await encodeImage(model, vaeInput(picture, noise, noiseAugStrength), { width, height }),
  };
}

/** A picture through the autoencoder and back. */
export async function reconstruct(model: Model, picture: RgbImage): Promise<RgbImage> {
  const { width, height } = picture;
  const { config, scaleFactor } = model.checkpoint.vae;
  const sample = vaeInput(picture, new Float32Array(3 * width * height), 0);
  const latents = (await encodeImage(model, sample, picture)).map((value) => value * config.scaling_factor);
  const size = { channels: config.latent_channels, width: width / scaleFactor, height: height / scaleFactor };
  return (await decodeFrames(model, latents, size, 1))[0]!;
}

function pick(latents: Float32Array, numbers: readonly number[], frame: number): Float32Array {
  const picked = new Float32Array(numbers.length * frame);
  for (const [i, n] of numbers.entries()) picked.set(latents.subarray(n * frame, (n + 1) * frame), i * frame);
  return picked;
}

async function decodeFrames(model: Model, latents: Float32Array, size: LatentSize, chunk: number): Promise<RgbImage[]> {
  const frames: RgbImage[] = [];
  for await (const { width, height, count, data } of decode(model, latents, size, chunk)) {
    const bytes = width * height * 3;
    for (let i = 0; i < count; i++) frames.push({ width, height, data: data.slice(i * bytes, (i + 1) * bytes) });
  }
  return frames;
}
