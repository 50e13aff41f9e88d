import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { alterCheckpoint } from '../checkpoint/test-altered.ts';
import { safeEmitterFor } from '../graphs/emitter-for.ts';
import { emulateCuda } from '../nn/cuda/test-runtime.ts';
import { createRuntime } from '../runtime/runtime.ts';
import type { Conditioning } from './conditioning.ts';
import { decode } from './decode.ts';
import { denoise } from './denoise.ts';
import type { Step } from './denoise.ts';
import { encode, encodeImage } from './encode.ts';
import { createModel } from './model.ts';
import type { ModelOptions } from './model.ts';
import { NotFiniteError } from './not-finite-error.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { resolveSettings } from './settings.ts';

const golden = (name: string) => fileURLToPath(new URL(`../../../../test/golden/${name}/checkpoint`, import.meta.url));
const UNET = 'unet/diffusion_pytorch_model.fp16.safetensors';
const VAE = 'vae/diffusion_pytorch_model.fp16.safetensors';
const CLIP = 'image_encoder/model.fp16.safetensors';
const size = { channels: 4, height: 8, width: 16 };
const frameLatents = new Float32Array(4 * 8 * 16).fill(0.5);

/** A model on the CPU with altered weights. With `cuda`, it computes the graphs for CUDA. */
async function openAltered(
  file: string,
  tensors: Readonly<Record<string, number>>,
  options: ModelOptions & { cuda?: true },
) {
  await using stack = new AsyncDisposableStack();
  const altered = stack.use(await alterCheckpoint(golden('tiny-xt'), file, tensors));
  const checkpoint = await openCheckpoint(altered.folder);
  const cpu = async () => createModel(checkpoint, await createRuntime({ provider: 'cpu', threads: 1 }), options);
  const model = stack.use(await (options.cuda ? emulateCuda(checkpoint, options) : cpu()));
  const settings = resolveSettings(checkpoint.card, { width: 128, height: 64, frames: 2, steps: 3, seed: 7 });
  const conditioning: Conditioning = {
    imageEmbedding: new Float32Array(checkpoint.imageEncoder.config.projection_dim).fill(0.1),
    imageLatents: frameLatents,
    previewMap: new Float32Array(15),
    ...size,
  };
  const kept = stack.move();
  return { model, settings, conditioning, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test.each([
  ['the image encoder', CLIP, 'visual_projection.weight', 'image_encoder'],
  ['the encoder', VAE, 'encoder.conv_in.bias', 'vae_encoder'],
])('NaN in the weights of %s is an error', async (_, file, tensor, part) => {
  await using altered = await openAltered(file, { [tensor]: NaN }, {});
  const photo = { width: 128, height: 64, data: new Uint8Array(128 * 64 * 3).fill(90) };
  const failed = encode(altered.model, photo, altered.settings);
  await expect(failed).rejects.toMatchObject({ name: 'NotFiniteError', part });
});

test('NaN in the encoder on a GPU is not computed again: its graph is in float32 already', async () => {
  const seen: unknown[] = [];
  const onNotFinite = (...what: unknown[]) => void seen.push(what);
  await using altered = await openAltered(VAE, { 'encoder.conv_in.bias': NaN }, { cuda: true, onNotFinite });
  const sample = new Float32Array(3 * 64 * 32);
  await expect(encodeImage(altered.model, sample, { width: 64, height: 32 })).rejects.toThrow(NotFiniteError);
  expect(seen).toEqual([['vae_encoder', false]]);
});

test('infinity in the weights of the UNet ends the denoising at its first step', async () => {
  const seen: unknown[] = [];
  const onNotFinite = (...what: unknown[]) => void seen.push(what);
  await using altered = await openAltered(UNET, { 'conv_in.bias': Infinity }, { onNotFinite });
  const steps: Step[] = [];
  const onStep = (step: Step) => void steps.push(step);
  const failed = denoise(altered.model, altered.conditioning, altered.settings, { onStep });
  await expect(failed).rejects.toThrow(NotFiniteError);
  expect(steps).toEqual([]);
  expect(seen).toEqual([['step', false]]);
});

test('NaN in the weights of the decoder is an error, although pixels are rounded to bytes', async () => {
  await using altered = await openAltered(VAE, { 'decoder.conv_in.bias': NaN }, {});
  await expect(collect(decode(altered.model, frameLatents, size, 1))).rejects.toMatchObject({ part: 'vae_decoder' });
});

test('steps that overflow float16 are computed in float32, also after the denoising was resumed', async () => {
  const seen: unknown[] = [];
  const onNotFinite = (...what: unknown[]) => void seen.push(what);
  await using altered = await openAltered(
    UNET,
    { 'conv_out.bias': 60_000, 'conv_out.weight': 30_000 },
    { cuda: true, onNotFinite },
  );
  const { model, conditioning, settings } = altered;
  const steps: Step[] = [];
  const latents = await denoise(model, conditioning, settings, { onStep: (step) => void steps.push(step) });
  expect(latents.every(Number.isFinite)).toBe(true);
  expect(steps.map(({ safe }) => safe)).toEqual([true, true, true]);
  expect(seen).toEqual([['step', true]]);

  const [first] = steps;
  const resumed = await denoise(model, conditioning, settings, { resumeFrom: first });
  expect(Buffer.compare(Buffer.from(resumed.buffer), Buffer.from(latents.buffer))).toBe(0);
  expect(seen).toHaveLength(1);

  await using inFloat32 = await emulateCuda(model.checkpoint, { createEmitter: safeEmitterFor('cuda')! });
  const whole = await denoise(inFloat32, conditioning, settings);
  expect(Buffer.compare(Buffer.from(whole.buffer), Buffer.from(latents.buffer))).toBe(0);
});

test('a chunk that overflows float16 is decoded in float32', async () => {
  const seen: unknown[] = [];
  const onNotFinite = (...what: unknown[]) => void seen.push(what);
  await using altered = await openAltered(VAE, { 'decoder.conv_out.weight': 60_000 }, { cuda: true, onNotFinite });
  const chunks = await collect(decode(altered.model, frameLatents, size, 1));
  expect(chunks.map(({ count, data }) => [count, data.length])).toEqual([[1, 128 * 64 * 3]]);
  expect(seen).toEqual([['vae_decoder', true]]);
});
