import { finishFrames } from '@cinematica/finish';
import { readClip, runTool } from './clip.ts';
import type { Clip } from './clip.ts';
import { mean, psnr } from './likeness.ts';

/** How well a way of making frames in between finds the ones that were left out. */
export interface Interpolated {
  /** Mean over the frames, dB. */
  readonly psnr: number;
  readonly seconds: number;
}

export interface InterpolationResult {
  readonly clip: string;
  readonly ours: Interpolated;
  readonly minterpolate: Interpolated;
}

export interface InterpolationOptions {
  /** The most frames of a clip, of which every second one is left out. */
  readonly frames: number;
  readonly maxWidth: number;
  readonly threads: number;
}

/** Leaves out every second frame of a clip and puts it back: by the finisher, and by ffmpeg's `minterpolate`. */
export async function compareInterpolation(file: string, options: InterpolationOptions): Promise<InterpolationResult> {
  const read = await readClip(file, options.frames, options.maxWidth);
  const odd = read.frames.length - ((read.frames.length + 1) % 2);
  if (odd < 3) throw new Error(`${file} has too few frames`);
  const clip = { ...read, frames: read.frames.slice(0, odd) };
  const kept = { ...clip, frames: clip.frames.filter((_, i) => i % 2 === 0) };
  // The muxer keeps the finisher's threads from video to video, so they are started before the clock is.
  await interpolate({ ...kept, frames: kept.frames.slice(0, 3) }, options.threads);
  const ours = await timed(() => interpolate(kept, options.threads));
  const theirs = await timed(() => minterpolate(kept));
  return {
    clip: file,
    ours: { psnr: likeness(ours.frames, clip), seconds: ours.seconds },
    minterpolate: { psnr: likeness(theirs.frames, clip), seconds: theirs.seconds },
  };
}

async function timed(make: () => Promise<Uint8Array[]>): Promise<{ frames: Uint8Array[]; seconds: number }> {
  const begun = performance.now();
  const frames = await make();
  return { frames, seconds: (performance.now() - begun) / 1000 };
}

async function interpolate({ width, height, frames }: Clip, threads: number): Promise<Uint8Array[]> {
  const sizes = { width, height, outWidth: width, outHeight: height };
  const made: Uint8Array[] = [];
  for await (const frame of finishFrames(toAsync(frames), { ...sizes, multiple: 2, threads })) made.push(frame);
  return made;
}

/** Puts one frame in between each two with ffmpeg's `minterpolate`. */
export async function minterpolate({ width, height, frames }: Clip): Promise<Uint8Array[]> {
  // It drops the last interval unless one more frame follows. Full chroma, so that it loses no colour by the way.
  const mode = 'mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none';
  const filter = `format=yuv444p,tpad=stop_mode=clone:stop=1,minterpolate=fps=20:${mode}`;
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', `${width}x${height}`, '-framerate', '10'];
  const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const raw = await runTool('ffmpeg', ['-v', 'error', ...input, '-i', '-', '-vf', filter, ...output], {
    input: frames,
  });
  const size = 3 * width * height;
  return Array.from({ length: 2 * frames.length - 1 }, (_, i) => raw.subarray(i * size, (i + 1) * size));
}

function likeness(made: readonly Uint8Array[], clip: Clip): number {
  return mean(clip.frames.flatMap((frame, i) => (i % 2 === 1 ? [psnr(made[i]!, frame)] : [])));
}

export async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}
