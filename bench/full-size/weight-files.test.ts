import { expect, test } from 'vitest';
import { encodeHeader } from '@cinematica/svd/internal';
import { weightFiles } from './weight-files.ts';

// The sizes of the published files. The header contains every name, shape and offset, so a difference would show.
test.each([
  ['unet/diffusion_pytorch_model.fp16.safetensors', 1428, 3_049_435_868],
  ['vae/diffusion_pytorch_model.fp16.safetensors', 374, 195_531_910],
  ['image_encoder/model.fp16.safetensors', 520, 1_264_217_240],
])('%s has the published file’s tensors and size', (path, count, size) => {
  const tensors = weightFiles[path] ?? [];
  const data = tensors.reduce((sum, { shape }) => sum + 2 * shape.reduce((a, b) => a * b, 1), 0);
  expect(tensors).toHaveLength(count);
  expect(encodeHeader(tensors).length + data).toBe(size);
});
