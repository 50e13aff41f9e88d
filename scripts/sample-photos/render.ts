/**
 * Renders the web app's sample photos: `node scripts/sample-photos/render.ts [NAME…] [--scale 0.25] [--out DIR]`.
 *
 * NAME is `lake`, `lighthouse` or `still-life`; all by default. `--scale` is a factor on the width and the height.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { develop } from './develop.ts';
import { createRandom } from './noise.ts';
import type { Scene } from './scene.ts';
import { lake } from './scenes/lake.ts';
import { lighthouse } from './scenes/lighthouse.ts';
import { stillLife } from './scenes/still-life.ts';

const SCENES: Readonly<Record<string, Scene>> = { lake, lighthouse, 'still-life': stillLife };

const SMALL_SIDE = 360;

interface Job {
  readonly name: string;
  readonly scale: number;
  readonly row: number;
  readonly stride: number;
}

interface Row {
  readonly y: number;
  readonly pixels: Float32Array;
}

const sizeOf = (scene: Scene, scale: number) => ({
  width: Math.round(scene.width * scale),
  height: Math.round(scene.height * scale),
});

function sceneOf(name: string): Scene {
  const scene = SCENES[name];
  if (!scene) throw new RangeError(`there is no sample "${name}", only ${Object.keys(SCENES).join(', ')}`);
  return scene;
}

function* renderRows({ name, scale, row, stride }: Job): Generator<Row> {
  const scene = sceneOf(name);
  const { width, height } = sizeOf(scene, scale);
  const half = Math.max(width, height) / 2;
  for (let y = row; y < height; y += stride) {
    const random = createRandom(y * 7919 + 1);
    const pixels = new Float32Array(width * 3);
    for (let x = 0; x < width; x++) {
      for (let s = 0; s < scene.samples; s++) {
        const sample = { x: (x + random() - width / 2) / half, y: (height / 2 - y - random()) / half };
        const light = scene.radiance(sample, random);
        // Clamped, because a single very bright ray would leave a white pixel.
        const limit = 8 / Math.max(8, light.x, light.y, light.z) / scene.samples;
        pixels[x * 3]! += light.x * limit;
        pixels[x * 3 + 1]! += light.y * limit;
        pixels[x * 3 + 2]! += light.z * limit;
      }
    }
    yield { y, pixels };
  }
}

async function render(name: string, scale: number, out: string): Promise<void> {
  const scene = sceneOf(name);
  const { width, height } = sizeOf(scene, scale);
  const light = new Float32Array(width * height * 3);
  const stride = availableParallelism();
  const work = Array.from({ length: stride }, (_, row) => {
    const job: Job = { name, scale, row, stride };
    const worker = new Worker(new URL(import.meta.url), { workerData: job });
    worker.on('message', ({ y, pixels }: Row) => light.set(pixels, y * width * 3));
    return new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    });
  });
  await Promise.all(work);
  const path = join(out, `${name}.jpg`);
  const photo = await develop({ width, height, light }, scene.exposure);
  await writeFile(path, photo);
  // The thumbnail on the start page.
  const small = sharp(photo).resize(SMALL_SIDE, SMALL_SIDE, { fit: 'cover' });
  await small
    .clone()
    .avif({ quality: 50, effort: 6 })
    .toFile(join(out, `${name}-small.avif`));
  await small
    .clone()
    .webp({ quality: 70 })
    .toFile(join(out, `${name}-small.webp`));
  console.log(`${path}: ${width}×${height}`);
}

if (isMainThread) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { scale: { type: 'string', default: '1' }, out: { type: 'string' } },
  });
  const out = values.out ?? join(import.meta.dirname, '../../web/src/lib/create/samples');
  await mkdir(out, { recursive: true });
  for (const name of positionals.length > 0 ? positionals : Object.keys(SCENES)) {
    await render(name, Number(values.scale), out);
  }
} else {
  for (const row of renderRows(workerData as Job)) parentPort?.postMessage(row);
}
