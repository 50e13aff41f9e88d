import { basename } from 'node:path';
import { openModel } from '@cinematica/svd';
import type { RgbImage } from '@cinematica/svd';
import { table } from '@cinematica/svd/parity';
import { reconstruct } from '../nano/make-frames.ts';
import { forEachFile } from './for-each-file.ts';
import { mean } from './likeness.ts';
import { compareRealMotion } from './real-motion.ts';
import type { RealMotionOptions } from './real-motion.ts';
import { atLeast } from './targets.ts';
import type { Target } from './targets.ts';

/**
 * Prints how like the real frames of clips finished ones are, beside enlarged ones.
 * @param autoencoder folder of the model whose autoencoder the small frames go through; none without it.
 */
export async function againstPart(
  clips: readonly string[],
  autoencoder: string | undefined,
  options: Omit<RealMotionOptions, 'degrade'>,
  json: string | undefined,
): Promise<Target[]> {
  const { threads } = options;
  await using model = autoencoder === undefined ? null : await openModel(autoencoder, { provider: 'cpu', threads });
  const degrade = model ? (frame: RgbImage) => reconstruct(model, frame) : undefined;
  const results = await forEachFile(clips, json, (clip) => compareRealMotion(clip, { ...options, degrade }));
  const rows = results.map(({ clip, lanczos, ours, worstFrameGain }) => [
    basename(clip),
    ...[lanczos, ours, ours - lanczos, worstFrameGain].map((value) => value.toFixed(2)),
  ]);
  console.log(table(['clip', 'Lanczos dB', 'ours dB', 'gain', 'worst frame'], rows));
  const gains = results.map(({ lanczos, ours }) => ours - lanczos);
  return [
    atLeast('mean gain over Lanczos, dB', mean(gains), 1),
    atLeast('gain on the worst clip, dB', Math.min(...gains), 0),
    atLeast('gain on the worst frame, dB', Math.min(...results.map(({ worstFrameGain }) => worstFrameGain)), -0.3),
  ];
}
