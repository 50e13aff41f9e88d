import type { RgbImage } from '@cinematica/svd';
import { mean, psnr } from '../nano/likeness.ts';
import { luma } from '../nano/luma.ts';
import type { MadeFrames } from '../nano/make-frames.ts';
import { sharpnessKept, warpedDifference } from '../nano/motion-measures.ts';

/** The quality of a video of several segments. */
export interface Joined {
  /** The warped difference across its seams, relative to that between other frames; NaN without seams. */
  readonly seam: number;
  /** The largest deviation of a color channel's mean from that of the first segment, 0…255. */
  readonly meanDrift: number;
  /** The largest relative deviation of a color channel's standard deviation. */
  readonly stdDrift: number;
  /** The sharpness of the last frame, relative to the first frame moved there. */
  readonly sharpness: number;
  /** PSNR against the video in one segment, in dB; NaN without one. */
  readonly likeness: number;
}

/** @param whole the same video in one segment */
export function measureJoinedVideo({ frames, seams }: MadeFrames, whole: MadeFrames | null): Joined {
  const grey = frames.map(luma);
  const differences = grey.slice(1).map((frame, i) => warpedDifference(grey[i]!, frame));
  const ordinary = mean(differences.filter((_, i) => !seams.includes(i + 1)));
  const segments = [0, ...seams].map((begin, i) => colorStatistics(frames.slice(begin, seams[i] ?? frames.length)));
  const [first, ...later] = segments;
  const drift = (of: (segment: ColorStatistics, channel: number) => number) =>
    Math.max(0, ...later.flatMap((segment) => [0, 1, 2].map((channel) => Math.abs(of(segment, channel)))));
  return {
    seam: mean(seams.map((at) => differences[at - 1]! / ordinary)),
    meanDrift: drift((segment, c) => segment.mean[c]! - first!.mean[c]!),
    stdDrift: drift((segment, c) => segment.std[c]! / first!.std[c]! - 1),
    sharpness: sharpnessKept(grey[0]!, grey.at(-1)!),
    likeness: whole ? mean(frames.map((frame, i) => psnr(frame, whole.frames[i]!))) : NaN,
  };
}

interface ColorStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Mean and standard deviation of each color channel over all pixels of all frames. */
function colorStatistics(frames: readonly RgbImage[]): ColorStatistics {
  const [sum, squares] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  let count = 0;
  for (const { data } of frames) {
    count += data.length / 3;
    for (let i = 0; i < data.length; i++) {
      sum[i % 3]! += data[i]!;
      squares[i % 3]! += data[i]! ** 2;
    }
  }
  const average = sum.map((total) => total / count);
  return { mean: average, std: squares.map((total, c) => Math.sqrt(total / count - average[c]! ** 2)) };
}
