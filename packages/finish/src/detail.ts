import type { RgbPixels } from './image/bicubic.ts';
import { createFineGrid } from './image/fine-grid.ts';
import type { FineGrid } from './image/fine-grid.ts';
import { lumaOf } from './image/plane.ts';
import type { Plane } from './image/plane.ts';
import { gradients } from './flow/gradients.ts';
import { resizeLanczos } from './image/resize.ts';
import { enlargeSoft, soften } from './light.ts';
import type { SoftPicture } from './light.ts';
import { createReference } from './trust.ts';
import type { PhotoReference } from './trust.ts';
import { fidelityOf } from './fidelity.ts';

/** The photo as coarse as what frames keep of their own where the photo takes the place of their detail. */
export interface CoarsePhoto {
  /** The standard deviation of the blur that leaves it, in pixels of the frames. */
  readonly sigma: number;
  readonly picture: SoftPicture;
}

/** What the photo gives to every frame. */
export interface PhotoDetail {
  /** What the enlarged frames lack, at the output's size. */
  readonly detail: FineGrid;
  /** The photo's coarse structure, for frames that lost detail: finer structure is the photo's then, not the frame's. */
  readonly coarse: CoarsePhoto | null;
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
  const picture = { width, height, data: small };
  const coarse = sigma > 0 ? { sigma, picture: soften(picture, sigma) } : null;
  const kept = coarse ? interleave(enlargeSoft(coarse.picture, width, height)) : small;
  const enlarged = resizeLanczos({ width, height, data: kept }, outWidth, outHeight);
  const detail =
    photo.width === outWidth && photo.height === outHeight
      ? Float32Array.from(photo.data)
      : resizeLanczos(photo, outWidth, outHeight);
  for (let i = 0; i < detail.length; i++) detail[i]! -= enlarged[i]!;
  return {
    detail: createFineGrid({ width: outWidth, height: outHeight, data: detail }),
    coarse,
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

function interleave(planes: SoftPicture): Float32Array {
  const target = new Float32Array(3 * planes[0].data.length);
  for (const [channel, { data }] of planes.entries()) {
    for (let i = 0, j = channel; i < data.length; i++, j += 3) target[j] = data[i]!;
  }
  return target;
}
