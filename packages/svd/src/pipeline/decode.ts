import type { VaeConfig } from '../checkpoint/vae-config.ts';
import { vaeDecodeGraph } from '../graphs/decode-graph.ts';
import type { GraphOptions } from '../graphs/graph.ts';
import { onGpu } from '../runtime/execution-provider.ts';
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
  const chunks = decodeChunks(latents.length / (size.channels * size.height * size.width), decodeChunk);
  const longest = Math.max(...chunks.map(({ count }) => count));
  for (const chunk of chunks) yield await decodeOneChunk(model, latents, size, { ...chunk, longest }, signal);
}

/** A chunk of frames to decode. */
export interface ChunkToDecode {
  /** The number of its first frame within the latents, from 0. */
  readonly first: number;
  readonly count: number;
  /** The length of the longest chunk of the video. */
  readonly longest: number;
}

/**
 * Decodes one chunk of a video. On a GPU, a shorter chunk is decoded together with the frames before it, which are decoded once
 * more, so that all chunks have the same length: a graph for another length would need as much memory again, and seconds to load.
 * On a device with little memory, a chunk is decoded in parts.
 * @param latents `[frames, channels, height, width]` of the chunk, and of at least `longest` − `count` frames before it, if there
 * are so many
 */
export async function decodeOneChunk(
  model: Model,
  latents: Float32Array,
  size: LatentSize,
  { first, count, longest }: ChunkToDecode,
  signal?: AbortSignal,
): Promise<FrameChunk> {
  signal?.throwIfAborted();
  const { scaleFactor } = model.checkpoint.vae;
  const [width, height] = [size.width * scaleFactor, size.height * scaleFactor];
  const most = model.lowMemory ? fewFrames(model.checkpoint.decoder.config, width * height) : longest;
  if (longest > most) {
    const data = new Uint8Array(count * width * height * 3);
    const longestPart = Math.max(...decodeChunks(longest, most).map((part) => part.count));
    for (const part of decodeChunks(count, longestPart)) {
      const chunk = { first: first + part.first, count: part.count, longest: longestPart };
      const decoded = await decodeOneChunk(model, latents, size, chunk, signal);
      data.set(decoded.data, part.first * width * height * 3);
    }
    return { first, count, width, height, data };
  }
  const frame = size.channels * size.height * size.width;
  const end = first + count;
  const from = onGpu(model.runtime.provider) ? Math.max(0, end - longest) : first;
  const together = latents.subarray(from * frame, end * frame);
  const data = await computeFinite(model, (variant) => decodeTogether(variant, together, size, 'rgb8', signal));
  if (!(data instanceof Uint8Array)) throw new TypeError('the decoder returned no frames');
  return { first, count, width, height, data: data.subarray((first - from) * width * height * 3) };
}

/**
 * The largest map of a device with little memory, in elements. ONNX Runtime takes memory in blocks of up to 1 GiB, and much larger
 * ones for results that do not fit.
 */
const MAX_ELEMENTS = 2 ** 29;

/** The number of frames that are decoded together on a device with little memory: the largest map has so many channels. */
function fewFrames(config: VaeConfig, pixels: number): number {
  const channels =
    config._class_name === 'AutoencoderTiny' ? config.decoder_block_out_channels : config.block_out_channels;
  return Math.max(1, Math.floor(MAX_ELEMENTS / (Math.max(...channels.slice(0, 2)) * pixels)));
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
