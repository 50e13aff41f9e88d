import { mkdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import sharp from 'sharp';
import { cropToAspect, loadImage, openModel } from '@cinematica/svd';
import type { Model, RgbImage } from '@cinematica/svd';
import { table } from '@cinematica/svd/parity';
import { reconstruct } from '../nano/make-frames.ts';
import { forEachFile } from './for-each-file.ts';
import { mean } from './likeness.ts';
import { finishPhotoVideo } from './photo-video.ts';
import type { PhotoVideoResult } from './photo-video.ts';
import { findPhotos, PHOTOS } from './photos.ts';
import { compareScene } from './scenes.ts';
import type { SceneResult } from './scenes.ts';
import { atLeast, atMost } from './targets.ts';
import type { Target } from './targets.ts';
import { writeSheet } from './write-sheet.ts';

export interface PhotosOptions {
  /** Folder of the model. */
  readonly model: string;
  /** Frames of the model's video. */
  readonly frames: number;
  readonly threads: number;
  /** Folder for pictures at full size; none without it. */
  readonly sheets: string | undefined;
  /** File for the figures; none without it. */
  readonly json: string | undefined;
}

type PhotoResult = { readonly photo: string; readonly scene: SceneResult | null } & Omit<PhotoVideoResult, 'pictures'>;

/** Photos from packages are unpacked here. */
const CACHE = '.cache/bench-photos';
/** Scenes are rendered of the first photos only. */
const SCENES = 3;
/** The model's frames of a scene. */
const SCENE_FRAMES = 13;
/** The gateway keeps this many pixels of a photo's long side. */
const LONGEST_SIDE = 2560;
/** Frames for each of the model's: 28 a second. */
const MULTIPLE = 4;
/** The model's sizes, for photos that are wider than high and for others, and the finished sizes. */
const WIDE = { size: { width: 512, height: 288 }, out: { outWidth: 1280, outHeight: 720 } };
const SQUARE = { size: { width: 384, height: 384 }, out: { outWidth: 720, outHeight: 720 } };

/** @param files photos; those of {@link PHOTOS} unless any are given. */
export async function photosPart(files: readonly string[], options: PhotosOptions): Promise<Target[]> {
  const { threads, json } = options;
  const photos = files.length > 0 ? files : await packagedPhotos();
  await using model = await openModel(options.model, { provider: 'cpu', threads });
  const results = await forEachFile(photos, json, (file) =>
    measurePhoto(model, file, photos.indexOf(file) < SCENES, options),
  );
  printScenes(results);
  printVideos(results);
  return targetsOf(results);
}

async function packagedPhotos(): Promise<string[]> {
  const found = await findPhotos(PHOTOS, CACHE);
  return found.flatMap((each) => {
    const { path, author, licence } = each.photo;
    if ('missing' in each) {
      console.log(`skipped: ${basename(path)}: ${each.missing}`);
      return [];
    }
    console.log(`${basename(path)}: by ${author}, ${licence}, from the Debian package ${each.photo.package}`);
    return [each.file];
  });
}

async function measurePhoto(model: Model, file: string, withScene: boolean, options: PhotosOptions) {
  const { frames, threads, sheets } = options;
  const loaded = await loadImage(file);
  const { size, out } = loaded.width > loaded.height ? WIDE : SQUARE;
  const photo = await limited(cropToAspect(loaded, size));
  const degrade = (frame: RgbImage) => reconstruct(model, frame);
  const scene = withScene
    ? await compareScene(photo, { ...size, ...out, frames: SCENE_FRAMES, threads, degrade })
    : null;
  const video = { ...out, frames, multiple: MULTIPLE, threads };
  const { pictures, ...figures } = await finishPhotoVideo(model, photo, size, video);
  if (sheets !== undefined) {
    await mkdir(sheets, { recursive: true });
    await writeSheet(pictures, join(sheets, `${basename(file, extname(file))}.png`));
  }
  return { photo: file, scene, ...figures };
}

async function limited(photo: RgbImage): Promise<RgbImage> {
  const scale = LONGEST_SIDE / Math.max(photo.width, photo.height);
  if (scale >= 1) return photo;
  const [width, height] = [Math.round(photo.width * scale), Math.round(photo.height * scale)];
  const data = await sharp(photo.data, { raw: { width: photo.width, height: photo.height, channels: 3 } })
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer();
  return { width, height, data };
}

function printScenes(results: readonly PhotoResult[]): void {
  const rows = results.flatMap(({ photo, scene }) => {
    if (!scene) return [];
    const { shown, hidden, between } = scene;
    const values = [shown.lanczos, shown.ours, hidden.lanczos, hidden.ours];
    const cells = values.flatMap((value) => [value?.psnr.toFixed(2) ?? '–', value?.ssim.toFixed(3) ?? '–']);
    return [[basename(photo), ...cells, between.minterpolate.toFixed(2), between.ours.toFixed(2)]];
  });
  const places = ['shown', 'hidden'].flatMap((place) => [`${place}: Lanczos dB`, 'SSIM', 'ours dB', 'SSIM']);
  console.log(`\n${table(['scene', ...places, 'between: minterpolate dB', 'ours dB'], rows)}`);
}

function printVideos(results: readonly PhotoResult[]): void {
  const rows = results.map(({ photo, sharpness, flicker, frames, seconds }) => [
    basename(photo),
    ...[sharpness.lanczos, sharpness.ours, flicker.lanczos, flicker.ours].map((value) => value.toFixed(2)),
    String(frames),
    seconds.toFixed(1),
  ]);
  const header = ['photo', 'sharpness: Lanczos', 'ours', 'flicker: Lanczos', 'ours', 'frames', 's'];
  console.log(`\n${table(header, rows)}`);
}

function targetsOf(results: readonly PhotoResult[]): Target[] {
  const gain = (place: 'shown' | 'hidden'): number[] =>
    results.flatMap(({ scene }) => {
      const { lanczos, ours } = scene?.[place] ?? {};
      return lanczos && ours ? [ours.psnr - lanczos.psnr] : [];
    });
  const between = results.flatMap(({ scene }) => (scene ? [scene.between.ours - scene.between.minterpolate] : []));
  return [
    atLeast('scenes, shown: least gain over Lanczos, dB', Math.min(...gain('shown')), 4),
    atLeast('scenes, hidden: least gain over Lanczos, dB', Math.min(...gain('hidden')), -0.1),
    atLeast('scenes, in between: least gain over minterpolate, dB', Math.min(...between), 1),
    atLeast('photos of 2 megapixels and more', results.length, 8),
    atLeast('sharpness of the last frame: mean', mean(results.map(({ sharpness }) => sharpness.ours)), 0.9),
    atLeast('sharpness of the last frame: least', Math.min(...results.map(({ sharpness }) => sharpness.ours)), 0.9),
    atMost(
      "flicker in parts of the unfinished video's: mean",
      mean(results.map(({ flicker }) => flicker.ours)) / mean(results.map(({ flicker }) => flicker.lanczos)),
      1,
    ),
    atMost(
      "flicker in parts of the unfinished video's: most",
      Math.max(...results.map(({ flicker }) => flicker.ours / flicker.lanczos)),
      1,
    ),
  ];
}
