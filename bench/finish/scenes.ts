import { finishFrames } from '@cinematica/finish';
import { resizeLanczos, sampleBicubic } from '@cinematica/finish/internal';
import type { RgbImage } from '@cinematica/svd';
import { toAsync } from './interpolation.ts';
import { mean } from './likeness.ts';
import { toBytes } from './photo-video.ts';

/** Gains over enlargement with a Lanczos kernel, dB, where the photo showed the place and where it did not. */
export interface SceneResult {
  readonly shown: { readonly lanczos: number; readonly ours: number };
  readonly hidden: { readonly lanczos: number; readonly ours: number };
}

export interface SceneOptions {
  readonly width: number;
  readonly height: number;
  readonly outWidth: number;
  readonly outHeight: number;
  readonly frames: number;
  readonly threads: number;
  readonly degrade?: ((frame: RgbImage) => Promise<RgbImage>) | undefined;
}

/** A rendered frame, and for each pixel whether the first frame shows what is there. */
interface SceneFrame {
  readonly picture: RgbImage;
  readonly shown: Uint8Array;
}

/**
 * A scene with a known camera: a photo as a backdrop, and a round piece of it in front, which moves twice as far. The
 * camera goes sideways and pushes in. The frames are made small, put through `degrade`, finished, and compared.
 * @param photo at least as large as the output.
 */
export async function compareScene(photo: RgbImage, options: SceneOptions): Promise<SceneResult> {
  const { width, height, outWidth, outHeight, threads } = options;
  const scene = Array.from({ length: options.frames }, (_, i) => renderScene(photo, options, i / (options.frames - 1)));
  const small: RgbImage[] = [];
  for (const { picture } of scene) {
    const reduced = toBytes(resizeLanczos(picture, width, height), width, height);
    small.push(options.degrade ? await options.degrade(reduced) : reduced);
  }
  const sizes = { width, height, outWidth, outHeight, multiple: 1, threads };
  const source = toAsync(small.map(({ data }) => data));
  const figures: { shown: [number, number]; hidden: [number, number] }[] = [];
  let at = 0;
  for await (const finished of finishFrames(source, { ...sizes, photo: scene[0]!.picture })) {
    const { picture, shown } = scene[at]!;
    const enlarged = toBytes(resizeLanczos(small[at]!, outWidth, outHeight), outWidth, outHeight).data;
    const likeness = (wanted: number): [number, number] => [
      maskedPsnr(enlarged, picture.data, shown, wanted),
      maskedPsnr(finished, picture.data, shown, wanted),
    ];
    if (at++ > 0) figures.push({ shown: likeness(1), hidden: likeness(0) });
  }
  const average = (where: 'shown' | 'hidden') => {
    const known = figures.map((figure) => figure[where]).filter(([value]) => !Number.isNaN(value));
    return { lanczos: mean(known.map(([value]) => value)), ours: mean(known.map(([, value]) => value)) };
  };
  return { shown: average('shown'), hidden: average('hidden') };
}

/** How far the camera goes, in widths of the output, and how much nearer it comes. */
const SIDEWAYS = 0.06;
const PUSH = 0.08;
const NEARER = 2;

export function renderScene(photo: RgbImage, { outWidth, outHeight }: SceneOptions, time: number): SceneFrame {
  const scale = Math.min(photo.width / outWidth, photo.height / outHeight) * 0.8;
  const data = new Float32Array(3 * outWidth * outHeight);
  const shown = new Uint8Array(outWidth * outHeight);
  const radius = outHeight * 0.22;
  for (let y = 0, i = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++, i++) {
      const [fx, fy] = seen(x, y, time * NEARER, outWidth, outHeight);
      const front = inFront(fx, fy, outWidth, outHeight, radius);
      const [px, py] = front ? [fx, fy] : seen(x, y, time, outWidth, outHeight);
      // The piece in front shows another part of the photo, so that its border is seen.
      const shift = front ? 0.17 * outWidth : 0;
      const centreX = photo.width / 2 + (px - outWidth / 2 + shift) * scale;
      const centreY = photo.height / 2 + (py - outHeight / 2) * scale;
      sampleBicubic(photo, centreX, centreY, data, 3 * i);
      const inside = px >= 1 && py >= 1 && px <= outWidth - 2 && py <= outHeight - 2;
      shown[i] = inside && (front || !inFront(px, py, outWidth, outHeight, radius)) ? 1 : 0;
    }
  }
  return { picture: toBytes(data, outWidth, outHeight), shown };
}

/** The place in the first frame of what a pixel shows, for a plane of a given nearness. */
export function seen(x: number, y: number, amount: number, width: number, height: number): [number, number] {
  const zoom = 1 - PUSH * amount;
  return [width / 2 + (x - width / 2) * zoom + SIDEWAYS * width * amount, height / 2 + (y - height / 2) * zoom];
}

export const inFront = (x: number, y: number, width: number, height: number, radius: number): boolean =>
  (x - width * 0.4) ** 2 + (y - height * 0.55) ** 2 < radius ** 2;

/** NaN when there is nothing to compare. */
function maskedPsnr(a: Uint8Array, b: Uint8Array, mask: Uint8Array, wanted: number): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== wanted) continue;
    for (let k = 3 * i; k < 3 * i + 3; k++) sum += (a[k]! - b[k]!) ** 2;
    count += 3;
  }
  return count === 0 ? Number.NaN : 10 * Math.log10(255 ** 2 / Math.max(sum / count, 1e-3));
}
