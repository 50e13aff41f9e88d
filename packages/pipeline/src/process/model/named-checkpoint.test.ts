import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openNamedCheckpoint } from './named-checkpoint.ts';

const tiny = join(import.meta.dirname, '../../../../../test/golden/tiny/checkpoint');

test.each([
  [tiny, '/none/pan.safetensors', /^LORA: .*pan\.safetensors/],
  [tiny, 'pan.safetensors:strong', /^LORA: /],
  [tiny, join(tiny, 'unet/diffusion_pytorch_model.fp16.safetensors'), /^LORA: .* is no LoRA/],
  ['/none/model', '', /^MODEL_DIR=\/none\/model: /],
])('the error of a model %s with the LoRA %s names the variable', async (path, loras, message) => {
  await expect(openNamedCheckpoint(path, loras)).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(message) as string,
  });
});
