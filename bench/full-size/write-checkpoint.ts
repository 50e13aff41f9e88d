/**
 * Writes a checkpoint with the size of SVD-XT and seeded random weights (4.5 GB), for measurements without the real one:
 * `node bench/full-size/write-checkpoint.ts DIR [SEED]`. It has the components of the quality `draft`, too; that of AnimateLCM, which has the
 * architecture of SVD-XT's UNet, is the same file.
 */
import { createWriteStream } from 'node:fs';
import { link, mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { encodeHeader } from '@cinematica/svd/internal';
import { configFiles, draftConfigFiles } from './configs.ts';
import { createRandomWeights } from './random-weights.ts';
import { draftWeightFiles, weightFiles } from './weight-files.ts';

const GB = 1e9;

const [folder, seed = '0', ...rest] = process.argv.slice(2);
if (!folder || !/^\d+$/.test(seed) || rest.length > 0) {
  console.error('usage: node bench/full-size/write-checkpoint.ts DIR [SEED]');
  process.exit(2);
}

const started = performance.now();
await mkdir(folder, { recursive: true });
const { bavail, bsize } = await statfs(folder);
if (bavail * bsize < 4.6 * GB) {
  console.error(`${folder}: ${((bavail * bsize) / GB).toFixed(1)} GB free, 4.6 GB are required`);
  process.exit(1);
}

for (const [path, config] of Object.entries({ ...configFiles, ...draftConfigFiles })) {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), `${JSON.stringify(config, null, 2)}\n`);
}

const bytesOf = createRandomWeights(Number(seed));
let total = 0;
for (const [path, tensors] of Object.entries({ ...weightFiles, ...draftWeightFiles })) {
  const file = createWriteStream(join(folder, path), { highWaterMark: 2 ** 23 });
  await pipeline(function* () {
    yield encodeHeader(tensors);
    for (const tensor of tensors) yield* bytesOf(tensor);
  }, file);
  total += file.bytesWritten;
  console.log(`${path}: ${tensors.length} tensors, ${file.bytesWritten.toLocaleString('en')} bytes`);
}
const UNET = 'unet/diffusion_pytorch_model.fp16.safetensors';
await mkdir(join(folder, 'draft/unet'), { recursive: true });
await rm(join(folder, 'draft', UNET), { force: true });
await link(join(folder, UNET), join(folder, 'draft', UNET));

const seconds = (performance.now() - started) / 1000;
console.log(
  `${(total / GB).toFixed(2)} GB in ${seconds.toFixed(1)} s, peak ${Math.round(process.resourceUsage().maxRSS / 1e3)} MB`,
);
