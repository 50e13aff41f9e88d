import { vaeDecodeGraph } from '../graphs/decode-graph.ts';
import type { GraphOptions } from '../graphs/graph.ts';
import type { TensorData } from '../runtime/tensor.ts';
import { float32 } from './model.ts';
import type { Model } from './model.ts';
import { computeFinite } from './not-finite.ts';

/** The size of the latents of one frame. */
export interface LatentSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Consecutive frames of a video. */
export interface FrameChunk {
  /** The number of the first frame in the chunk, from 0. */
  readonly first: number;
  /** The number of frames. */
  readonly count: number;
  /** Width and height in pixels. */
  readonly width: number;
  readonly height: number;
  /** RGB, `[count, height, width, 3]`. */
  readonly data: Uint8Array;
}

/**
 * Splits frames into chunks of nearly equal length: 26 frames with a maximum of 9 become 9 + 9 + 8. diffusers uses full
 * chunks and a shorter last one; but the temporal decoder sees each chunk alone, and a last chunk of a single frame flickers.
 * @param frames number of frames
 * @param maxFrames maximum length of a chunk (`decode_chunk_size`)
 */
export function decodeChunks(frames: number, maxFrames: number): { readonly first: number; readonly count: number }[] {
  const chunks = Math.ceil(frames / maxFrames);
  const longChunks = frames % chunks;
  const short = Math.floor(frames / chunks);
  return Array.from({ length: chunks }, (_, i) => ({
    first: i * short + Math.min(i, longChunks),
    count: short + (i < longChunks ? 1 : 0),
  }));
}

/**
 * Decodes latents chunk by chunk.
 * @param latents `[frames, channels, height, width]`, as `denoise` returns them
 * @param decodeChunk maximum number of frames that are decoded together (`decode_chunk_size`)
 */
export async function* decode(
  model: Model,
  latents: Float32Array,
  size: LatentSize,
  decodeChunk: number,
  signal?: AbortSignal,
): AsyncGenerator<FrameChunk, void, undefined> {
  const { channels, height, width } = size;
  const { scaleFactor } = model.checkpoint.vae;
  const frame = channels * height * width;
  for (const { first, count } of decodeChunks(latents.length / frame, decodeChunk)) {
    signal?.throwIfAborted();
    const chunk = latents.subarray(first * frame, (first + count) * frame);
    const data = await computeFinite(model, (variant) => decodeTogether(variant, chunk, size, 'rgb8', signal));
    if (!(data instanceof Uint8Array)) throw new TypeError('the decoder returned no frames');
    yield { first, count, width: width * scaleFactor, height: height * scaleFactor, data };
  }
}

/**
 * Decodes the latents of one chunk.
 * @returns with `rgb8`, uint8 RGB `[frames, H, W, 3]`; with `pixels`, float32 `[frames, 3, H, W]` in about −1…1
 */
export async function decodeTogether(
  model: Model,
  latents: Float32Array,
  { channels, height, width }: LatentSize,
  output: 'rgb8' | 'pixels',
  signal?: AbortSignal,
): Promise<TensorData | undefined> {
  const frames = latents.length / (channels * height * width);
  const feeds = { latents: float32(latents, [frames, channels, height, width]) };
  const build = (options: GraphOptions) => vaeDecodeGraph(model.checkpoint, { frames, height, width }, output, options);
  const outputs = await model.run('vae_decoder', `${frames}x${height}x${width} ${output}`, build, feeds, signal);
  return outputs.frames?.data;
}
