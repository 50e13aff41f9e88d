import type { LatentSize } from './decode.ts';
import { smooth } from './smooth.ts';

/** Statistics of each latent channel over all frames and positions. They determine overall color, contrast and detail. */
export interface ChannelStatistics {
  /** Mean: the overall color. */
  readonly mean: readonly number[];
  /** Standard deviation of the smoothed channel: the contrast. */
  readonly std: readonly number[];
  /** Root mean square of the difference between the channel and the smoothed channel: edges, textures and grain. */
  readonly detail: readonly number[];
}

/** The statistics that a later segment is matched to. */
export interface ColorReference {
  /** Statistics of the previous segment's last frame, which the first frame of this segment repeats. */
  readonly previousFrame: ChannelStatistics;
  /** Statistics of the whole first segment. Without them, only the first frame is matched. */
  readonly firstSegment?: ChannelStatistics | undefined;
}

/** Maximum factor by which contrast and detail change. A larger difference is motion in the video, not drift. */
const MAX_GAIN = 1.25;

/** Computes the statistics of latents `[frames, channels, height, width]`. */
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
 * Matches the color statistics of a later segment to those of the segments before it, so that colors, contrast and detail
 * do not drift. Each frame and channel gets an offset and two gains: one for the smoothed channel and one for the
 * difference to it. This is AdaIN (Huang and Belongie, arXiv 1703.06868) in two bands. With a single gain, lost detail would
 * raise the contrast, and grain would reduce it. Offset and gains are interpolated linearly along the segment:
 *
 * - At the first frame, they give this frame the statistics of the frame that it repeats, so there is no visible jump. The
 *   statistics of the whole segment would cause a jump when the content of the video changes.
 * - At the last frame, they give the segment the statistics of the first segment. So the drift within a segment does not
 *   accumulate: the next segment starts from this frame.
 *
 * @param latents `[frames, channels, height, width]`
 * @returns new latents with the same shape
 */
export function matchColorStatistics(
  latents: Float32Array,
  size: LatentSize,
  { previousFrame, firstSegment }: ColorReference,
): Float32Array {
  const { channels, height, width } = size;
  const positions = height * width;
  const frame = channels * positions;
  const frames = latents.length / frame;
  const smoothed = smooth(latents, size);
  const begin = statisticsOf(latents.subarray(0, frame), smoothed.subarray(0, frame), size);
  const start = correction(begin, previousFrame);
  const end = firstSegment ? correction(statisticsOf(latents, smoothed, size), firstSegment) : start;
  const matched = new Float32Array(latents.length);
  for (let at = 0; at < latents.length; at++) {
    const channel = Math.floor(at / positions) % channels;
    const along = frames > 1 ? Math.floor(at / frame) / (frames - 1) : 0;
    const [from, to] = [start[channel]!, end[channel]!];
    const gain = from.gain + along * (to.gain - from.gain);
    const detail = from.detail + along * (to.detail - from.detail);
    const offset = from.offset + along * (to.offset - from.offset);
    matched[at] = gain * smoothed[at]! + detail * (latents[at]! - smoothed[at]!) + offset;
  }
  return matched;
}

/** For each channel, the gains and the offset that change the statistics `from` to the statistics `to`. */
function correction(from: ChannelStatistics, to: ChannelStatistics) {
  return from.mean.map((mean, c) => {
    const gain = limitedRatio(to.std[c]!, from.std[c]!);
    return { gain, detail: limitedRatio(to.detail[c]!, from.detail[c]!), offset: to.mean[c]! - gain * mean };
  });
}

const limitedRatio = (wanted: number, have: number): number =>
  have > 1e-6 ? Math.min(MAX_GAIN, Math.max(1 / MAX_GAIN, wanted / have)) : 1;
