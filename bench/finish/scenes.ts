import { finishFrames } from '@cinematica/finish';
import { resizeLanczos, sampleBicubic } from '@cinematica/finish/internal';
import type { RgbImage } from '@cinematica/svd';
import { minterpolate, toAsync } from './interpolation.ts';
import { likenessWhere, mean, psnr } from './likeness.ts';
import type { Likeness } from './likeness.ts';
import { toBytes } from './photo-video.ts';

/** How like the rendered frames two ways of making them are; null where there was nothing to compare. */
export interface SceneLikeness {
  readonly lanczos: Likeness | null;
  readonly ours: Likeness | null;
}

export interface SceneResult {
  /** The model's frames, enlarged or finished, where the photo showed the place and where it did not. */
  readonly shown: SceneLikeness;
  readonly hidden: SceneLikeness;
  /** Frames in between, by `minterpolate` and then enlarged, or finished: dB over the whole picture. */
  readonly between: { readonly minterpolate: number; readonly ours: number };
}

export interface SceneOptions {
  readonly width: number;
  readonly height: number;
  readonly outWidth: number;
  readonly outHeight: number;
  /** Frames of the model; as many but one lie in between. */
  readonly frames: number;
  readonly threads: number;
  /** What a model would make of a small frame; nothing is changed without it. */
  readonly degrade?: ((frame: RgbImage) => Promise<RgbImage>) | undefined;
}

/** A rendered frame, and for each pixel whether the first frame shows what is there. */
interface SceneFrame {
  readonly picture: RgbImage;
  readonly shown: Uint8Array;
}

/**
 * A scene with a known camera: a photo as a backdrop, and a round piece of it in front, which moves twice as far. The
 * camera goes sideways and pushes in. Every second frame is made small, put through `degrade`, and finished; the other ones
 * are put in between.
 * @param photo at least as large as the output.
 */
export async function compareScene(photo: RgbImage, options: SceneOptions): Promise<SceneResult> {
  const { width, height, outWidth, outHeight, threads } = options;
  const count = 2 * options.frames - 1;
  const scene = Array.from({ length: count }, (_, i) => renderScene(photo, options, i / (count - 1)));
  const small: RgbImage[] = [];
  for (const { picture } of scene.filter((_, i) => i % 2 === 0)) {
    const reduced = toBytes(resizeLanczos(picture, width, height), width, height);
    small.push(options.degrade ? await options.degrade(reduced) : reduced);
  }
  const frames = small.map(({ data }) => data);
  const plain = await minterpolate({ width, height, frames });
  const sizes = { width, height, outWidth, outHeight, multiple: 2, threads };
  const figures: { shown: SceneLikeness; hidden: SceneLikeness }[] = [];
  const between: { minterpolate: number; ours: number }[] = [];
  let at = 0;
  for await (const data of finishFrames(toAsync(frames), { ...sizes, photo: scene[0]!.picture })) {
    const { picture, shown } = scene[at]!;
    const finished = { width: outWidth, height: outHeight, data };
    const frame = at % 2 === 0 ? small[at / 2]! : { width, height, data: plain[at]! };
    const enlarged = toBytes(resizeLanczos(frame, outWidth, outHeight), outWidth, outHeight);
    const likeness = (wanted: number): SceneLikeness => ({
      lanczos: likenessWhere(enlarged, picture, shown, wanted),
      ours: likenessWhere(finished, picture, shown, wanted),
    });
    if (at % 2 === 1) {
      between.push({ minterpolate: psnr(enlarged.data, picture.data), ours: psnr(data, picture.data) });
    } else if (at > 0) {
      figures.push({ shown: likeness(1), hidden: likeness(0) });
    }
    at++;
  }
  return {
    shown: average(figures.map(({ shown }) => shown)),
    hidden: average(figures.map(({ hidden }) => hidden)),
    between: {
      minterpolate: mean(between.map((each) => each.minterpolate)),
      ours: mean(between.map((each) => each.ours)),
    },
  };
}

function average(frames: readonly SceneLikeness[]): SceneLikeness {
  const over = (way: keyof SceneLikeness): Likeness | null => {
    const known = frames.flatMap((frame) => frame[way] ?? []);
    if (known.length === 0) return null;
    return { psnr: mean(known.map(({ psnr: value }) => value)), ssim: mean(known.map(({ ssim }) => ssim)) };
  };
  return { lanczos: over('lanczos'), ours: over('ours') };
}

/** How far the camera goes, in widths of the output, and how much nearer it comes. */
const SIDEWAYS = 0.06;
const PUSH = 0.08;
const NEARER = 2;

function renderScene(photo: RgbImage, { outWidth, outHeight }: SceneOptions, time: number): SceneFrame {
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
function seen(x: number, y: number, amount: number, width: number, height: number): [number, number] {
  const zoom = 1 - PUSH * amount;
  return [width / 2 + (x - width / 2) * zoom + SIDEWAYS * width * amount, height / 2 + (y - height / 2) * zoom];
}

const inFront = (x: number, y: number, width: number, height: number, radius: number): boolean =>
  (x - width * 0.4) ** 2 + (y - height * 0.55) ** 2 < radius ** 2;
