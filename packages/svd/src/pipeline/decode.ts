import { vaeDecodeGraph } from '../graphs/decode-graph.ts';
import type { DraftOptions } from '../graphs/graph.ts';
import type { TensorData } from '../runtime/tensor.ts';
import { float32 } from './model.ts';
import type { Model } from './model.ts';

/** Where latents lie on the grid. */
export interface LatentSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Some frames of a video, in order. */
export interface FrameChunk {
  /** Number of the first one. */
  readonly first: number;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** RGB, `[count, height, width, 3]`. */
  readonly data: Uint8Array;
}

/**
 * Cuts `frames` into runs of at most `most`, as equal as can be: 26 by 9 is 9 + 9 + 8. The temporal decoder sees a chunk
 * alone, and a last one of a single frame would flicker.
 */
export function decodeChunks(frames: number, most: number): { readonly first: number; readonly count: number }[] {
  const chunks = Math.ceil(frames / most);
  const long = frames % chunks;
  const short = Math.floor(frames / chunks);
  return Array.from({ length: chunks }, (_, i) => ({
    first: i * short + Math.min(i, long),
    count: short + (i < long ? 1 : 0),
  }));
}

/** Decodes latents `[frames, channels, height, width]`, chunk by chunk. */
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
    const data = await decodeTogether(model, chunk, size, 'rgb8', signal);
    if (!(data instanceof Uint8Array)) throw new TypeError('the decoder gave no frames');
    yield { first, count, width: width * scaleFactor, height: height * scaleFactor, data };
  }
}

/** One chunk's frames: uint8 `[count, H, W, 3]`, or with `pixels`, float32 `[count, 3, H, W]` in about -1..1. */
export async function decodeTogether(
  model: Model,
  latents: Float32Array,
  { channels, height, width }: LatentSize,
  output: 'rgb8' | 'pixels',
  signal?: AbortSignal,
): Promise<TensorData | undefined> {
  const frames = latents.length / (channels * height * width);
  const feeds = { latents: float32(latents, [frames, channels, height, width]) };
  const build = (options: DraftOptions) => vaeDecodeGraph(model.checkpoint, { frames, height, width }, output, options);
  const outputs = await model.run('vae_decoder', `${frames}x${height}x${width} ${output}`, build, feeds, signal);
  return outputs.frames?.data;
}
