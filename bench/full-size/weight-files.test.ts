import { expect, test } from 'vitest';
import { encodeHeader } from '@cinematica/svd/internal';
import { draftWeightFiles, weightFiles } from './weight-files.ts';

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

test('TAESD has the size of the published file, which is in float32', () => {
  const [tensors = []] = Object.values(draftWeightFiles);
  const published = tensors.map((tensor) => ({ ...tensor, dtype: 'F32' as const }));
  const data = tensors.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  expect(encodeHeader(published).length + data).toBe(9_793_292);
});
