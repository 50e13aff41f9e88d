import sharp from 'sharp';
import { finishFrames } from '@cinematica/finish';
import { resizeLanczos } from '@cinematica/finish/internal';
import type { RgbImage } from '@cinematica/svd';
import { readClip } from './clip.ts';
import { toAsync } from './interpolation.ts';
import { mean, psnr } from './likeness.ts';

/** A clip made small and finished, compared with its real frames: dB. */
export interface RealMotionResult {
  readonly clip: string;
  /** Means over the frames but the first, which is the photo. */
  readonly lanczos: number;
  readonly ours: number;
  /** The least that a frame gains over Lanczos. */
  readonly worstFrameGain: number;
}

export interface RealMotionOptions {
  readonly frames: number;
  readonly maxWidth: number;
  /** How many times smaller the frames are made that are finished. */
  readonly scale: number;
  readonly threads: number;
  /** Number of the clip's first frame. */
  readonly from: number;
  /** What a model would make of a small frame; nothing is changed without it. */
  readonly degrade?: ((frame: RgbImage) => Promise<RgbImage>) | undefined;
}

/** Makes a clip small, keeps its first frame as the photo, finishes it, and compares with the real frames. */
export async function compareRealMotion(file: string, options: RealMotionOptions): Promise<RealMotionResult> {
  const {
    width: outWidth,
    height: outHeight,
    frames,
  } = await readClip(file, options.frames, options.maxWidth, options.from);
  const [first] = frames;
  if (!first || frames.length < 2) throw new Error(`${file} has too few frames`);
  const [width, height] = [outWidth, outHeight].map((side) => 8 * Math.round(side / options.scale / 8)) as [
    number,
    number,
  ];
  const small: Uint8Array[] = [];
  for (const frame of frames) {
    const data = await resize(frame, outWidth, outHeight, width, height);
    small.push(options.degrade ? (await options.degrade({ width, height, data })).data : data);
  }
  const photo = { width: outWidth, height: outHeight, data: first };
  const sizes = { width, height, outWidth, outHeight, multiple: 1, threads: options.threads };
  const lanczos: number[] = [];
  const ours: number[] = [];
  let at = 0;
  for await (const finished of finishFrames(toAsync(small), { ...sizes, photo })) {
    if (at > 0) {
      lanczos.push(psnr(enlarge(small[at]!, width, height, outWidth, outHeight), frames[at]!));
      ours.push(psnr(finished, frames[at]!));
    }
    at++;
  }
  const worstFrameGain = Math.min(...ours.map((value, i) => value - lanczos[i]!));
  return { clip: file, lanczos: mean(lanczos), ours: mean(ours), worstFrameGain };
}

function resize(data: Uint8Array, width: number, height: number, toWidth: number, toHeight: number): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(toWidth, toHeight, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
}

/** The library's own enlargement is 3 dB further from the real frames, as it calculates in fewer bits. */
function enlarge(data: Uint8Array, width: number, height: number, toWidth: number, toHeight: number): Uint8Array {
  return new Uint8Array(Uint8ClampedArray.from(resizeLanczos({ width, height, data }, toWidth, toHeight)).buffer);
}
