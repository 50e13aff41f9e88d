import { createWriteStream } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { clipTensors } from '../../../bench/full-size/clip-tensors.ts';
import { unetTensors } from '../../../bench/full-size/unet-tensors.ts';
import { vaeTensors } from '../../../bench/full-size/vae-tensors.ts';
import { encodeHeader } from '@cinematica/svd/internal';
import { createCounterWeights } from './counter-weights.ts';

/** The parts of the checkpoint, each with a function that lists its tensors for its config. */
const parts = [
  { part: 'image_encoder', stem: 'model', tensors: clipTensors },
  { part: 'unet', stem: 'diffusion_pytorch_model', tensors: unetTensors },
  { part: 'vae', stem: 'diffusion_pytorch_model', tensors: vaeTensors },
] as const;

/** Writes the golden folder `wide` to another folder, together with its weights (1.3 GB), which are not stored in it. */
export async function writeWideCheckpoint(source: string, folder: string): Promise<void> {
  await cp(source, folder, { recursive: true });
  const bytesOf = createCounterWeights();
  for (const { part, stem, tensors } of parts) {
    const config = JSON.parse(await readFile(join(source, 'checkpoint', part, 'config.json'), 'utf8')) as never;
    const list = tensors(config);
    const file = createWriteStream(join(folder, 'checkpoint', part, `${stem}.fp16.safetensors`), {
      highWaterMark: 2 ** 23,
    });
    await pipeline(function* () {
      yield encodeHeader(list);
      for (const tensor of list) yield* bytesOf(part, tensor);
    }, file);
  }
}
