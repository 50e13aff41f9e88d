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

/** The frames of a video. */
export interface MadeFrames {
  readonly frames: readonly RgbImage[];
  /** The number of the first new frame of each later segment. */
  readonly seams: readonly number[];
}

/** How the segments of a video are joined. The defaults are those of the pipeline. */
export interface JoinOptions {
  /** Frames of a segment without the shared one; default: the window of the model. */
  readonly window?: number | undefined;
  /** A segment starts from the last latents of the previous one, or from that frame, decoded and encoded again. */
  readonly handOver?: 'latents' | 'pixels';
  /** Whether the color statistics of later segments are matched. Default true. */
  readonly matchColors?: boolean;
}

/**
 * Makes a video of `count` frames in this process, segment after segment.
 * @param only numbers of the frames to decode, for a video of one segment; default all
 */
export async function makeFrames(
  model: Model,
  photo: RgbImage,
  count: number,
  request: SettingsRequest,
  only?: readonly number[],
  { window = model.checkpoint.card.window, handOver = 'latents', matchColors = true }: JoinOptions = {},
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
    // The first frame of a later segment repeats the last frame of the previous one.
    frames.push(...(await decodeFrames(model, shown, size, settings.decodeChunk)).slice(segment > 0 ? 1 : 0));
    if (segment + 1 === plan.segments) break;
    conditioning =
      handOver === 'latents'
        ? continueFrom(first, last, model.checkpoint.vae.config.scaling_factor)
        : await encodeAgain(model, first, frames.at(-1)!, settings);
  }
  return { frames: frames.slice(0, count), seams };
}

/** The conditioning of a segment that starts from a decoded frame. The embedding is still that of the photo. */
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

/** Encodes and decodes a picture with the autoencoder. */
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
