import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createPlan } from '@cinematica/pipeline/plan';
import { stageName } from '@cinematica/pipeline';
import { cameraMovesOf, cropToAspect, loadImage, openCheckpoint, openModel, resizeImage } from '@cinematica/svd';
import type { Checkpoint, Model, RgbImage } from '@cinematica/svd';
import { table } from '@cinematica/svd/parity';
import { cameraMove, meanMotion, parallax } from './nano/camera-move.ts';
import { contactSheet } from './nano/contact-sheet.ts';
import { mean, psnr, ssim } from './nano/likeness.ts';
import { luma } from './nano/luma.ts';
import { makeFrames, reconstruct } from './nano/make-frames.ts';
import { makeMove, MOVE_SIZES, problemOf } from './nano/named-moves.ts';
import { rankCorrelation, sharpnessKept, warpedDifference } from './nano/motion-measures.ts';
import { openInProcess } from './support/in-process.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench:nano -- PHOTO... [--model models/nano] [--size 512x288] [--frames 50] [--threads 2]
                       [--parts likeness,motion,seeds,moves,seam,time] [--sheet FILE.jpg]

Measures videos of photos, or of the photos in folders. likeness: for each photo, the PSNR of the autoencoder and of the
first frame, the sharpness of the last frame, flicker and parallax; motion: how the motion depends on motion_bucket_id;
seeds: how the motion varies with the seed; moves: whether each named camera move goes where it says, with three seeds and in
two shapes, in short videos of a small size with much motion; seam: the difference across the seam of a video twice as long;
time: the time of each stage up to the mp4. motion, seeds, moves, seam and time use the first photo. All but the PSNR use only brightness.
--sheet: an image with a row of frames for each photo.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/nano' },
    size: { type: 'string', default: '512x288' },
    frames: { type: 'string', default: '50' },
    threads: { type: 'string', default: '2' },
    parts: { type: 'string', default: 'likeness,motion,seeds,moves,seam,time' },
    sheet: { type: 'string' },
  },
});
const [width = 0, height = 0] = values.size.split('x').map(Number);
const [frames, threads] = [Number(values.frames), Number(values.threads)];
if (positionals.length === 0 || ![width, height, frames, threads].every((value) => value > 0)) {
  console.error(USAGE);
  process.exit(2);
}

interface Photo {
  readonly name: string;
  readonly file: string;
  readonly image: RgbImage;
  /** Cropped and resized to the size of the video. */
  readonly shown: RgbImage;
}

async function readPhotos(): Promise<Photo[]> {
  const lists = await Promise.all(
    positionals.map(async (path) => {
      const inside = await readdir(path).catch(() => null);
      return inside
        ? inside.filter((name) => /\.(jpe?g|png|webp)$/.test(name)).map((name) => join(path, name))
        : [path];
    }),
  );
  return Promise.all(
    lists.flat().map(async (file) => {
      const image = await loadImage(file);
      const shown = await resizeImage(cropToAspect(image, { width, height }), { width, height });
      return { name: basename(file).replace(/\.\w+$/, ''), file, image, shown };
    }),
  );
}

const folder = resolve(values.model);
const photos = await readPhotos();
const [first] = photos;
if (!first) throw new Error('no photo was found');
const size = { width, height };
const number = (value: number, digits = 1): string => value.toFixed(digits);

/** Measures the video of each photo. */
async function likeness(model: Model): Promise<void> {
  const rows: string[][] = [];
  const measured: number[][] = [];
  const sheet: RgbImage[][] = [];
  for (const { name, image, shown } of photos) {
    const known = await reconstruct(model, shown);
    const made = (await makeFrames(model, image, frames, { ...size, seed: 1 })).frames;
    const grey = made.map(luma);
    const values = [
      psnr(shown, known),
      ssim(shown, known),
      psnr(shown, made[0]!),
      sharpnessKept(grey[0]!, grey.at(-1)!),
      mean(grey.slice(1).map((frame, i) => warpedDifference(grey[i]!, frame))),
      meanMotion(cameraMove(grey[0]!, grey.at(-1)!), grey[0]!),
      parallax(grey[0]!, grey.at(-1)!),
    ];
    measured.push(values);
    rows.push([name, ...values.map((value, i) => number(value, [1, 3, 1, 2, 2, 1, 1][i]))]);
    sheet.push([shown, ...[0, 0.25, 0.5, 0.75, 1].map((part) => made[Math.round(part * (made.length - 1))]!)]);
  }
  const means = measured[0]!.map((_, i) => mean(measured.map((values) => values[i]!)));
  rows.push(['mean', ...means.map((value, i) => number(value, [1, 3, 1, 2, 2, 1, 1][i]))]);
  const heads = ['photo', 'autoencoder dB', 'SSIM', 'first frame dB', 'sharpness kept', 'flicker of 255'];
  console.log(table([...heads, 'motion px', 'parallax px'], rows));
  if (values.sheet) await contactSheet(sheet, values.sheet);
}

/** The motion from the first to the last frame. */
async function moveOf(
  model: Model,
  photo: Photo,
  request: { readonly seed: number; readonly motionBucketId?: number },
) {
  const { frames: made } = await makeFrames(model, photo.image, frames, { ...size, ...request }, [0, frames - 1]);
  const [begin, end] = made.map(luma);
  const move = cameraMove(begin!, end!);
  return { move, pixels: meanMotion(move, begin!) };
}

async function motion(model: Model, photo: Photo): Promise<void> {
  const ids = Array.from({ length: 12 }, (_, i) => 20 * (i + 1));
  const pixels: number[] = [];
  for (const id of ids) pixels.push((await moveOf(model, photo, { seed: 1, motionBucketId: id })).pixels);
  console.log(`motion: ${ids.map((id, i) => `${id}: ${number(pixels[i]!)}`).join(', ')} px`);
  console.log(`motion: rank correlation ${number(rankCorrelation(ids, pixels), 3)} (goal: at least 0.9)`);
}

async function seeds(model: Model, photo: Photo): Promise<void> {
  const rows: string[][] = [];
  const moves: (readonly [number, number, number])[] = [];
  for (let seed = 1; seed <= 16; seed++) {
    const { move, pixels } = await moveOf(model, photo, { seed });
    const [right, down, zoom] = [move.x[0], move.y[0], -50 * (move.x[1] + move.y[2])];
    moves.push([right, down, zoom]);
    rows.push([String(seed), number(right), number(down), number(zoom), number(pixels)]);
  }
  const spread = [0, 1, 2].map((i) => {
    const middle = mean(moves.map((move) => move[i]!));
    return number(Math.sqrt(mean(moves.map((move) => (move[i]! - middle) ** 2))));
  });
  console.log(table(['seed', 'right px', 'down px', 'push-in %', 'motion px'], [...rows, ['spread', ...spread, '']]));
}

/** The motion of each named camera move. */
async function moves(model: Model, photo: Photo): Promise<void> {
  const rows: string[][] = [];
  let right = 0;
  for (const shape of MOVE_SIZES) {
    for (const camera of cameraMovesOf(model.checkpoint.card)) {
      for (const seed of [1, 2, 3]) {
        const move = await makeMove(model, photo.image, { ...shape, camera, seed });
        const problem = problemOf(camera, move);
        if (problem === null) right++;
        const numbers = [move.right, move.down, move.nearer, move.pixels, move.parallax].map((value) => number(value));
        rows.push([camera, `${shape.width}×${shape.height}`, String(seed), ...numbers, problem ?? '']);
      }
    }
  }
  const heads = ['camera', 'size', 'seed', 'right px', 'down px', 'nearer px', 'motion px', 'parallax px', 'wrong'];
  console.log(table(heads, rows));
  console.log(`moves: ${right} of ${rows.length} go where they say`);
}

async function seam(model: Model, photo: Photo): Promise<void> {
  const { frames: made, seams } = await makeFrames(model, photo.image, 2 * frames, { ...size, seed: 1 });
  const grey = made.map(luma);
  const differences = grey.slice(1).map((frame, i) => warpedDifference(grey[i]!, frame));
  const ordinary = mean(differences.filter((_, i) => !seams.includes(i + 1)));
  const across = seams.map((at) => number(differences[at - 1]! / ordinary, 2)).join(', ');
  console.log(
    `seam: ${across || 'none'} × the ordinary warped difference of ${number(ordinary, 2)} (goal: at most 1.5)`,
  );
}

async function time({ card }: Checkpoint, { file }: Photo): Promise<void> {
  await using pipeline = await openInProcess(folder, threads, threads);
  const plan = createPlan(card, '', { ...size, seed: 1, frames });
  const { stages, mp4 } = await pipeline.make(plan, await readFile(file));
  const seconds = [...stages].map(([stage, ms]) => `${stageName(stage)} ${number(ms / 1000)} s`);
  const whole = [...stages.values()].reduce((sum, ms) => sum + ms, 0) / 1000;
  const bytes = `mp4 of ${Math.ceil(mp4.length / 1000)} kB`;
  console.log(`time: ${seconds.join(', ')}: ${number(whole)} s for ${frames} frames, ${bytes} (goal: at most 120 s)`);
}

const parts = values.parts.split(',');
{
  await using model = await openModel(folder, { provider: 'cpu', threads });
  console.log(`${folder}: ${width}×${height}, ${frames} frames, ${threads} threads`);
  if (parts.includes('likeness')) await likeness(model);
  if (parts.includes('motion')) await motion(model, first);
  if (parts.includes('seeds')) await seeds(model, first);
  if (parts.includes('moves')) await moves(model, first);
  if (parts.includes('seam')) await seam(model, first);
}
if (parts.includes('time')) await time(await openCheckpoint(folder), first);
