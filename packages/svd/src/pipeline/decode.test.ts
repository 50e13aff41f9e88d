import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createCudaEmitter } from '../nn/cuda/cuda-emitter.ts';
import { emulateCuda } from '../nn/cuda/test-runtime.ts';
import { normals } from '../random/philox.ts';
import { decode, decodeTogether } from './decode.ts';
import { openCheckpoint } from './open-checkpoint.ts';

const golden = fileURLToPath(new URL('../../../../test/golden/tiny-xt/checkpoint', import.meta.url));

test('on a GPU, a shorter chunk is decoded together with the frames before it, and one graph suffices', async () => {
  const checkpoint = await openCheckpoint(golden);
  await using model = await emulateCuda(checkpoint, {
    createEmitter: (graph) => createCudaEmitter(graph, { precision: 'float32' }),
  });
  const size = { channels: 4, height: 4, width: 8 };
  const frame = 4 * 4 * 8;
  const latents = normals({ seed: 1, segment: 0, step: 0, tensor: 'latents' }, 5 * frame);
  const chunks = [];
  for await (const chunk of decode(model, latents, size, 3)) chunks.push(chunk);
  expect(chunks.map(({ first, count }) => [first, count])).toEqual([
    [0, 3],
    [3, 2],
  ]);
  const last = (await decodeTogether(model, latents.subarray(2 * frame), size, 'rgb8')) as Uint8Array;
  expect(chunks[1]?.data).toEqual(last.subarray(32 * 64 * 3));
  expect(Object.keys(model.runtime.stats().graphs)).toEqual(['vae_decoder 3x4x8 rgb8']);
});
