import { blur, buildPyramid, computeFlow, lumaOf, resizeFlow, sampleBicubic } from '@cinematica/finish/internal';
import type { RgbImage } from '@cinematica/svd';
import { mean } from './likeness.ts';

/** Parts of the width that measures leave out at each border, where places come into view. */
const MARGIN = 1 / 12;

/**
 * The mean gradient of a frame in parts of that of the photo, moved to where the frame shows it. 1: as sharp as the photo.
 * @param photo at the frame's size.
 */
export function sharpnessOf(frame: RgbImage, photo: RgbImage): number {
  return (
    meanGradient(lumaOf(frame.data, frame.width, frame.height).data, frame) / meanGradient(moved(photo, frame), frame)
  );
}

/**
 * How much a video changes from frame to frame apart from its motion: the mean difference of brightness, 0 to 255, of each
 * frame and the one before, moved along dense motion of parts of a pixel. Differences finer than two pixels are blurred away
 * first: a sharp photo that is moved along an exact path shows them, too, as each sampling changes its finest structure.
 * @param frames at the size of the model's frames, so that those of finished and unfinished videos compare.
 * @param every compares each `every`-th pair of neighbours.
 */
export function flickerOf(frames: readonly RgbImage[], every = 1): number {
  return mean(
    frames.slice(1).flatMap((frame, i) => {
      if (i % every !== 0) return [];
      const change = lumaOf(frame.data, frame.width, frame.height);
      const before = moved(frames[i]!, frame);
      for (let at = 0; at < before.length; at++) change.data[at]! -= before[at]!;
      const { data } = blur(change, FINEST);
      let sum = 0;
      let count = 0;
      forInner(frame, (at) => {
        sum += Math.abs(data[at]!);
        count++;
      });
      return [sum / count];
    }),
  );
}

/** Standard deviation of the blur of differences, in pixels. */
const FINEST = 1.5;

/** The brightness of a picture, moved to where the frame shows it. */
function moved(picture: RgbImage, { width, height, data }: RgbImage): Float32Array {
  const [from, to] = [data, picture.data].map((rgb) => buildPyramid(lumaOf(rgb, width, height)));
  const { u, v } = resizeFlow(computeFlow(from!, to!), width, height);
  const target = new Float32Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) sampleBicubic(picture, x + u[i]!, y + v[i]!, target, 3 * i);
  }
  return lumaOf(target, width, height).data;
}

function meanGradient(data: Float32Array, size: { readonly width: number; readonly height: number }): number {
  let sum = 0;
  forInner(size, (i) => {
    sum += Math.hypot(data[i + 1]! - data[i]!, data[i + size.width]! - data[i]!);
  });
  return sum;
}

function forInner({ width, height }: { width: number; height: number }, visit: (index: number) => void): void {
  const margin = Math.round(width * MARGIN);
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) visit(y * width + x);
  }
}
