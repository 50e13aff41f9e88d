import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { cropToAspect, loadImage, openModel } from '@cinematica/svd';
import type { RgbImage } from '@cinematica/svd';
import { table } from '@cinematica/svd/parity';
import { compareInterpolation } from './finish/interpolation.ts';
import { compareRealMotion } from './finish/real-motion.ts';
import { finishPhotoVideo } from './finish/photo-video.ts';
import { compareScene } from './finish/scenes.ts';
import { contactSheet } from './nano/contact-sheet.ts';
import { reconstruct } from './nano/make-frames.ts';

const USAGE = `usage: npm run bench -- finish PHOTO... [--model models/nano] [--frames 50] [--sheet FILE.png] [--threads 2]
       npm run bench -- finish --clips CLIP... [--json FILE] [--frames 119] [--max-width 640] [--threads 2]
       npm run bench -- finish --against CLIP... [--json FILE] [--frames 25] [--from 0] [--max-width 1280] [--scale 2.5]
                                  [--autoencoder MODEL]

Of photos, best of 2 megapixels and more: how like the truth finished frames are for a scene with a known camera that is
made of the photo, reduced and put through the model's autoencoder, where the photo showed the place and where it did not;
how sharp and steady the model's own video of it is; and the time. --sheet: the last frame enlarged, finished, and the
photo, at full size. --clips: leaves out every second frame of real clips and puts it back, by the finisher and by ffmpeg's minterpolate: how
like the real ones they are (dB), and how long it takes. --against: makes real clips small, keeps their first frame as the
photo, finishes them, and compares with the real frames, beside plain enlargement with a Lanczos kernel; --autoencoder
puts the small frames through a model's autoencoder first. Clips are what ffmpeg reads. --json: writes the figures, a list of one object for each clip.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clips: { type: 'boolean', default: false },
    against: { type: 'boolean', default: false },
    json: { type: 'string' },
    frames: { type: 'string' },
    from: { type: 'string', default: '0' },
    'max-width': { type: 'string' },
    scale: { type: 'string', default: '2.5' },
    threads: { type: 'string', default: '2' },
    autoencoder: { type: 'string' },
    model: { type: 'string', default: 'models/nano' },
    sheet: { type: 'string' },
  },
});
if ((values.clips && values.against) || positionals.length === 0) {
  console.error(USAGE);
  process.exit(2);
}
const threads = Number(values.threads);

if (values.clips) {
  const options = { frames: Number(values.frames ?? 119), maxWidth: Number(values['max-width'] ?? 640), threads };
  const results = await forEachClip((clip) => compareInterpolation(clip, options));
  const rows = results.map(({ clip, ours, minterpolate }) => [
    basename(clip),
    ...[ours.psnr, minterpolate.psnr, ours.psnr - minterpolate.psnr].map((value) => value.toFixed(2)),
    ...[ours.seconds, minterpolate.seconds].map((value) => value.toFixed(1)),
  ]);
  console.log(table(['clip', 'ours dB', 'minterpolate dB', 'gain', 'ours s', 'minterpolate s'], rows));
} else if (values.against) {
  await using model = values.autoencoder ? await openModel(values.autoencoder, { provider: 'cpu', threads }) : null;
  const options = {
    degrade: model ? (frame: RgbImage) => reconstruct(model, frame) : undefined,
    frames: Number(values.frames ?? 25),
    maxWidth: Number(values['max-width'] ?? 1280),
    scale: Number(values.scale),
    from: Number(values.from),
    threads,
  };
  const results = await forEachClip((clip) => compareRealMotion(clip, options));
  const rows = results.map(({ clip, lanczos, ours, worstFrameGain }) => [
    basename(clip),
    ...[lanczos, ours, ours - lanczos, worstFrameGain].map((value) => value.toFixed(2)),
  ]);
  console.log(table(['clip', 'Lanczos dB', 'ours dB', 'gain', 'worst frame'], rows));
} else {
  await using model = await openModel(values.model, { provider: 'cpu', threads });
  const size = { width: 512, height: 288 };
  const out = { outWidth: 1280, outHeight: 720 };
  const sheet: RgbImage[][] = [];
  const results = await forEachClip(async (clip) => {
    const photo = cropToAspect(await loadImage(clip), size);
    const degrade = (frame: RgbImage) => reconstruct(model, frame);
    const scene = await compareScene(photo, { ...size, ...out, frames: 13, threads, degrade });
    const video = { ...out, frames: Number(values.frames ?? 50), multiple: 4, threads };
    const { pictures, ...figures } = await finishPhotoVideo(model, photo, size, video);
    sheet.push([...pictures]);
    return { clip, scene, ...figures };
  });
  const pair = (figures: { lanczos: number; ours: number }) => [figures.lanczos.toFixed(2), figures.ours.toFixed(2)];
  const rows = results.map(({ clip, scene, sharpness, flicker, seconds }) => [
    basename(clip),
    ...[...pair(scene.shown), ...pair(scene.hidden), ...pair(sharpness), ...pair(flicker)],
    seconds.toFixed(1),
  ]);
  const names = ['shown dB', 'hidden dB', 'sharpness', 'flicker'].flatMap((name) => [`${name}: Lanczos`, 'ours']);
  console.log(table(['photo', ...names, 's'], rows));
  if (values.sheet) await contactSheet(sheet, values.sheet, out.outWidth);
}

async function forEachClip<Result>(measure: (clip: string) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const clip of positionals) {
    results.push(await measure(clip));
    console.error(`› ${basename(clip)}`);
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`);
  return results;
}
