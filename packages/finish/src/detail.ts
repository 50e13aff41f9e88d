import type { RgbPixels } from './image/bicubic.ts';
import { blurRgb } from './image/blur-rgb.ts';
import { lumaOf } from './image/plane.ts';
import type { Plane } from './image/plane.ts';
import { gradients } from './flow/gradients.ts';
import { resizeLanczos } from './image/resize.ts';
import { createReference } from './trust.ts';
import type { PhotoReference } from './trust.ts';
import { fidelityOf } from './fidelity.ts';

/** The detail of the photo that is added to every frame. */
export interface PhotoDetail {
  /** The detail that the enlarged frames lack, at the output's size, interleaved RGB. */
  readonly detail: RgbPixels;
  /**
   * How much of a frame's own fine structure the detail replaces: the frame is first blurred with this standard deviation, in
   * pixels of the frame. 0 replaces nothing.
   */
  readonly replaced: number;
  readonly reference: PhotoReference;
}

/**
 * Splits the photo into structure that the model's frames show themselves, and finer detail, which is moved along the motion.
 * The sharpness of the frames is measured by comparing the first one with the photo at the same size.
 */
export function splitPhoto(photo: RgbPixels, first: RgbPixels, outWidth: number, outHeight: number): PhotoDetail {
  const { width, height } = first;
  const small = resizeLanczos(photo, width, height);
  const firstLuma = lumaOf(first.data, width, height);
  const smallLuma = lumaOf(small, width, height);
  const sigma = fidelityOf(smallLuma, firstLuma);
  const kept = sigma > 0 ? blurRgb({ width, height, data: small }, sigma) : small;
  const enlarged = resizeLanczos({ width, height, data: kept }, outWidth, outHeight);
  const detail =
    photo.width === outWidth && photo.height === outHeight
      ? Float32Array.from(photo.data)
      : resizeLanczos(photo, outWidth, outHeight);
  for (let i = 0; i < detail.length; i++) detail[i]! -= enlarged[i]!;
  return {
    detail: { width: outWidth, height: outHeight, data: detail },
    replaced: sigma,
    reference: createReference(
      smallLuma,
      firstLuma,
      sigma,
      frequencyOf(lumaOf(detail, outWidth, outHeight)) * (outWidth / width),
    ),
  };
}

/** Root mean square of the angular frequency of a picture without a mean, per pixel: its gradient over itself. */
function frequencyOf(plane: Plane): number {
  const { x, y } = gradients(plane);
  let slope = 0;
  let energy = 1;
  for (let i = 0; i < plane.data.length; i++) {
    slope += x.data[i]! ** 2 + y.data[i]! ** 2;
    energy += plane.data[i]! ** 2;
  }
  return Math.sqrt(slope / energy);
}
