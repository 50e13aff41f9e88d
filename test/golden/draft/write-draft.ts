import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHeader } from '@cinematica/svd/internal';
import { tinyAutoencoder } from '../../../bench/full-size/configs.ts';
import { createRandomWeights } from '../../../bench/full-size/random-weights.ts';
import { tinyTensors } from '../../../bench/full-size/tiny-tensors.ts';

/** An autoencoder of the factor 4, as that of the fixture `tiny`, but narrower. */
const vaeConfig = {
  ...tinyAutoencoder,
  encoder_block_out_channels: [8, 8, 8],
  decoder_block_out_channels: [8, 8, 8],
  num_encoder_blocks: [1, 1, 1],
  num_decoder_blocks: [1, 1, 1],
};

/** Writes a UNet into a folder, under the name of AnimateLCM's and without a config: that of a file with some of its bytes changed. */
export async function writeOtherUNet(folder: string, file: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const bytes = await readFile(file);
  const data = 8 + Number(bytes.readBigUInt64LE());
  // The sign bits of some thousand float16 numbers.
  for (let at = data + 1; at < data + 20_000; at += 2) bytes[at]! ^= 0x80;
  await writeFile(join(folder, 'AnimateLCM-SVD-xt.safetensors'), bytes);
}

/** Writes an AutoencoderTiny for the latents of the fixture `tiny`, with random weights. */
export async function writeTinyAutoencoder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = tinyTensors(vaeConfig);
  const bytesOf = createRandomWeights(1);
  const data = tensors.flatMap((tensor) => [...bytesOf(tensor)].map((bytes) => Buffer.from(bytes)));
  await writeFile(join(folder, 'diffusion_pytorch_model.safetensors'), Buffer.concat([encodeHeader(tensors), ...data]));
  await writeFile(join(folder, 'config.json'), JSON.stringify(vaeConfig));
}
