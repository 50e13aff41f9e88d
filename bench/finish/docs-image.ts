import { finishFrames } from '@cinematica/finish';
import { resizeLanczos } from '@cinematica/finish/internal';
import { cropToAspect, loadImage, openModel } from '@cinematica/svd';
import type { Model, RgbImage } from '@cinematica/svd';
import sharp from 'sharp';
import { makeFrames } from '../nano/make-frames.ts';
import { toAsync } from './interpolation.ts';
import { toBytes } from './photo-video.ts';

/**
 * `node bench/finish/docs-image.ts docs/images/finishing.webp`: makes the picture of the README that shows finishing. Of three
 * sample photos, `models/nano` makes a video; a detail of its last frame is shown enlarged, and finished.
 */
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node bench/finish/docs-image.ts FILE.webp');

const SAMPLES = 'web/src/lib/create/samples';
/** Where the details are in the last frame, of 1280×720 pixels. */
const DETAILS = [
  { photo: 'lake', left: 780, top: 165 },
  { photo: 'lighthouse', left: 560, top: 30 },
  { photo: 'still-life', left: 190, top: 170 },
] as const;
const [size, out] = [
  { width: 512, height: 288 },
  { width: 1280, height: 720 },
] as const;
const detail = { width: 480, height: 300 } as const;
const GAP = 20;

/** The last frame of a photo's video, enlarged and finished. */
async function lastFrames(model: Model, path: string): Promise<readonly RgbImage[]> {
  const photo = cropToAspect(await loadImage(path), size);
  const { frames } = await makeFrames(model, photo, 50, { ...size, seed: 1 });
  const { onlyCameraMoves } = model.checkpoint.card;
  const sizes = { ...size, outWidth: out.width, outHeight: out.height, onlyCameraMoves };
  const source = toAsync(frames.map(({ data }) => data));
  let finished: Uint8Array | undefined;
  for await (const frame of finishFrames(source, { ...sizes, multiple: 1, photo, threads: 2 })) finished = frame;
  return [
    toBytes(resizeLanczos(frames.at(-1)!, out.width, out.height), out.width, out.height),
    { ...out, data: finished! },
  ];
}

await using model = await openModel('models/nano', { provider: 'cpu', threads: 2 });
const cells = [];
for (const [row, { photo, left, top }] of DETAILS.entries()) {
  for (const [column, { width, height, data }] of (await lastFrames(model, `${SAMPLES}/${photo}.jpg`)).entries()) {
    const input = await sharp(data, { raw: { width, height, channels: 3 } })
      .extract({ left, top, ...detail })
      .png()
      .toBuffer();
    cells.push({ input, left: column * (detail.width + GAP), top: row * (detail.height + GAP) });
  }
}
const [width, height] = [2 * detail.width + GAP, DETAILS.length * (detail.height + GAP) - GAP];
await sharp({ create: { width, height, channels: 4, background: '#00000000' } })
  .composite(cells)
  .webp({ quality: 86 })
  .toFile(file);
