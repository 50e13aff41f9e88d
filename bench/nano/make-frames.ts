import type { LatentSize, Model, RgbImage, SettingsRequest } from '../../packages/svd/src/index.ts';
import {
  channelStatistics,
  continueFrom,
  decode,
  denoise,
  encode,
  holdColours,
  planSegments,
  resolveSettings,
} from '../../packages/svd/src/index.ts';
import { vaeInput } from '../../packages/svd/src/image/vae-input.ts';
import { encodeImage } from '../../packages/svd/src/pipeline/encode.ts';

/** A video's frames, as the pipeline's stages make them. */
export interface MadeFrames {
  readonly frames: readonly RgbImage[];
  /** Number of the first frame of each segment but the first. */
  readonly seams: readonly number[];
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
): Promise<MadeFrames> {
  const { checkpoint } = model;
  const plan = planSegments(count, checkpoint.card.window);
  const settings = resolveSettings(checkpoint.card, { ...request, frames: plan.framesPerSegment });
  let conditioning = await encode(model, photo, settings);
  const { channels, height, width } = conditioning;
  const size = { channels, height, width };
  const frames: RgbImage[] = [];
  const seams: number[] = [];
  let whole: ReturnType<typeof channelStatistics> | undefined;
  let last: Float32Array | undefined;
  for (let segment = 0; segment < plan.segments; segment++) {
    let latents = await denoise(model, conditioning, { ...settings, segment });
    if (last) latents = holdColours(latents, size, { seam: channelStatistics(last, size), whole });
    whole ??= channelStatistics(latents, size);
    const frame = channels * height * width;
    last = latents.slice(-frame);
    conditioning = continueFrom(conditioning, last, checkpoint.vae.config.scaling_factor);
    // A later segment's first frame is the one before's last.
    const fresh = segment === 0 ? latents : latents.subarray(frame);
    if (segment > 0) seams.push(frames.length);
    frames.push(...(await decodeFrames(model, only ? pick(latents, only, frame) : fresh, size, settings.decodeChunk)));
  }
  return { frames: frames.slice(0, count), seams };
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
