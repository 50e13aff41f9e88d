import type { LatentSize } from './decode.ts';
import { smooth } from './smooth.ts';

/** Of each latent channel, over frames and positions: what a decoder makes overall colour, contrast and detail of. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  /** Standard deviation of the smoothed channel: contrast, from light to shade. */
  readonly std: readonly number[];
  /** Root mean square of what smoothing takes away: edges and textures, or grain. */
  readonly detail: readonly number[];
}

/** What a later segment's colours are held to. */
export interface ColourReference {
  /** Of the last frame of the segment before, which this segment's first frame repeats. */
  readonly seam: ChannelStatistics;
  /** Of the whole first segment; not given, only the seam is held. */
  readonly whole?: ChannelStatistics | undefined;
}

/** Contrast and detail are changed by no more than this factor: a frame that goes plain or gets busy is motion, not drift. */
const MOST_GAIN = 1.25;

/** Statistics of latents `[frames, channels, height, width]`. */
export function channelStatistics(latents: Float32Array, size: LatentSize): ChannelStatistics {
  return statisticsOf(latents, smooth(latents, size), size);
}

function statisticsOf(
  latents: Float32Array,
  smoothed: Float32Array,
  { channels, height, width }: LatentSize,
): ChannelStatistics {
  const positions = height * width;
  const count = latents.length / channels;
  const zeros = () => new Array<number>(channels).fill(0);
  const [sum, squares, fine] = [zeros(), zeros(), zeros()];
  for (let at = 0; at < latents.length; at++) {
    const channel = Math.floor(at / positions) % channels;
    const [value, low] = [latents[at]!, smoothed[at]!];
    sum[channel]! += value;
    squares[channel]! += low * low;
    fine[channel]! += (value - low) ** 2;
  }
  const mean = sum.map((total) => total / count);
  return {
    mean,
    std: squares.map((total, c) => Math.sqrt(Math.max(0, total / count - mean[c]! ** 2))),
    detail: fine.map((total) => Math.sqrt(total / count)),
  };
}

/**
 * A later segment's latents with their colours held: each frame and channel gets an offset and two gains, of what is
 * smooth in it and of what is fine (AdaIN, Huang and Belongie, arXiv 1703.06868, in two bands: one gain for both would
 * pay for lost detail with contrast, and for grain with dullness). They go over linearly along the segment:
 *
 * - At its first frame, to those that give this frame the statistics of the frame that it repeats: no jump at the seam.
 *   Matching the segment's mean there would make one wherever the video changes by itself.
 * - At its last frame, to those that give the segment the statistics of the whole first one: what drifts along a segment
 *   does not add up from one to the next, which starts from this very frame.
 *
 * @param latents `[frames, channels, height, width]`.
 * @returns new latents of that shape.
 */
export function holdColours(latents: Float32Array, size: LatentSize, { seam, whole }: ColourReference): Float32Array {
  const { channels, height, width } = size;
  const positions = height * width;
  const frame = channels * positions;
  const frames = latents.length / frame;
  const smoothed = smooth(latents, size);
  const begin = statisticsOf(latents.subarray(0, frame), smoothed.subarray(0, frame), size);
  const start = correction(begin, seam);
  const end = whole ? correction(statisticsOf(latents, smoothed, size), whole) : start;
  const held = new Float32Array(latents.length);
  for (let at = 0; at < latents.length; at++) {
    const channel = Math.floor(at / positions) % channels;
    const along = frames > 1 ? Math.floor(at / frame) / (frames - 1) : 0;
    const [from, to] = [start[channel]!, end[channel]!];
    const gain = from.gain + along * (to.gain - from.gain);
    const detail = from.detail + along * (to.detail - from.detail);
    const offset = from.offset + along * (to.offset - from.offset);
    held[at] = gain * smoothed[at]! + detail * (latents[at]! - smoothed[at]!) + offset;
  }
  return held;
}

/** For each channel, what takes one mean, contrast and detail to another. */
function correction(from: ChannelStatistics, to: ChannelStatistics) {
  return from.mean.map((mean, c) => {
    const gain = limitedRatio(to.std[c]!, from.std[c]!);
    return { gain, detail: limitedRatio(to.detail[c]!, from.detail[c]!), offset: to.mean[c]! - gain * mean };
  });
}

const limitedRatio = (wanted: number, have: number): number =>
  have > 1e-6 ? Math.min(MOST_GAIN, Math.max(1 / MOST_GAIN, wanted / have)) : 1;
