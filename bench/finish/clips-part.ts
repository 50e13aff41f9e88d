import { basename } from 'node:path';
import { table } from '@cinematica/svd/parity';
import { forEachFile } from './for-each-file.ts';
import { compareInterpolation } from './interpolation.ts';
import type { InterpolationOptions } from './interpolation.ts';
import { atLeast, atMost } from './targets.ts';
import type { Target } from './targets.ts';

/** Prints how well frames that were left out of clips are put back, and how long it takes. */
export async function clipsPart(
  clips: readonly string[],
  options: InterpolationOptions,
  json: string | undefined,
): Promise<Target[]> {
  const results = await forEachFile(clips, json, (clip) => compareInterpolation(clip, options));
  const rows = results.map(({ clip, ours, minterpolate }) => [
    basename(clip),
    ...[ours.psnr, minterpolate.psnr, ours.psnr - minterpolate.psnr].map((value) => value.toFixed(2)),
    ...[ours.seconds, minterpolate.seconds].map((value) => value.toFixed(1)),
  ]);
  console.log(table(['clip', 'ours dB', 'minterpolate dB', 'gain', 'ours s', 'minterpolate s'], rows));
  return results.flatMap(({ clip, ours, minterpolate }) => [
    atLeast(`${basename(clip)}: dB over minterpolate`, ours.psnr - minterpolate.psnr, 1),
    atMost(`${basename(clip)}: time in parts of minterpolate's`, ours.seconds / minterpolate.seconds, 1),
  ]);
}
