import type { LatentSize } from './decode.ts';

/** Mean and standard deviation of each latent channel: what a decoder makes overall colour and contrast of. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What a later segment's colours are held to. */
export interface ColourReference {
  /** Of the last frame of the segment before, which this segment's first frame repeats. */
  readonly seam: ChannelStatistics;
  /** Of the whole first segment; not given, only the seam is held. */
  readonly whole?: ChannelStatistics | undefined;
}

/** Contrast is changed by no more than this factor: a frame that goes plain or gets busy is motion, not drift. */
const MOST_GAIN = 1.25;

/** Statistics of latents `[frames, channels, height, width]`, over frames and positions. */
export function channelStatistics(latents: Float32Array, { channels, height, width }: LatentSize): ChannelStatistics {
  const positions = height * width;
  const count = latents.length / channels;
  const sum = new Array<number>(channels).fill(0);
  const squares = new Array<number>(channels).fill(0);
  for (let at = 0; at < latents.length; at++) {
    const channel = Math.floor(at / positions) % channels;
    const value = latents[at]!;
    sum[channel]! += value;
    squares[channel]! += value * value;
  }
  const mean = sum.map((total) => total / count);
  const std = squares.map((total, c) => Math.sqrt(Math.max(0, total / count - mean[c]! ** 2)));
  return { mean, std };
}

/**
 * A later segment's latents with their colours held: each frame and channel gets a gain and an offset (AdaIN, Huang and
 * Belongie, arXiv 1703.06868) that go over linearly from one pair to another along the segment.
 *
 * - At its first frame, the pair that gives this frame the statistics of the frame that it repeats: no jump at the seam.
 *   Matching the segment's mean there would make one wherever the video changes by itself.
 * - At its last frame, the pair that gives the segment the statistics of the whole first one: what drifts along a segment
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
  const start = correction(channelStatistics(latents.subarray(0, frame), size), seam);
  const end = whole ? correction(channelStatistics(latents, size), whole) : start;
  const held = new Float32Array(latents.length);
  for (let at = 0; at < latents.length; at++) {
    const channel = Math.floor(at / positions) % channels;
    const along = frames > 1 ? Math.floor(at / frame) / (frames - 1) : 0;
    const [from, to] = [start[channel]!, end[channel]!];
    const gain = from.gain + along * (to.gain - from.gain);
    const offset = from.offset + along * (to.offset - from.offset);
    held[at] = gain * latents[at]! + offset;
  }
  return held;
}

/** For each channel, x ↦ gain · x + offset from one mean and deviation to another. */
function correction(from: ChannelStatistics, to: ChannelStatistics): { gain: number; offset: number }[] {
  return from.mean.map((mean, c) => {
    const [wanted = 1, have = 1] = [to.std[c], from.std[c]];
    const gain = have > 1e-6 ? Math.min(MOST_GAIN, Math.max(1 / MOST_GAIN, wanted / have)) : 1;
    return { gain, offset: to.mean[c]! - gain * mean };
  });
}
