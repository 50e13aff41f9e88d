import type { Checkpoint } from '../../packages/svd/src/checkpoint/checkpoint.ts';
import { clipConfigSchema } from '../../packages/svd/src/checkpoint/clip-config.ts';
import { unetArchitecture, unetConfigSchema } from '../../packages/svd/src/checkpoint/unet-config.ts';
import { vaeConfigSchema } from '../../packages/svd/src/checkpoint/vae-config.ts';
import { elements } from '../../packages/svd/src/onnx/graph-builder.ts';
import type { Weights } from '../../packages/svd/src/safetensors/weights.ts';
import { imageEncoder, unet, vae } from './configs.ts';
import { weightFiles } from './weight-files.ts';

/** Weights with the names and shapes of SVD-XT, without files. */
function weights(path: string): Weights {
  const tensors = new Map(
    (weightFiles[path] ?? []).map(({ name, shape }) => {
      return [name, { name, dtype: 'F16', shape, file: '/w', offset: 0, length: 2 * elements(shape) } as const];
    }),
  );
  return {
    folder: '/',
    files: ['/w'],
    tensors,
    read: () => Promise.reject(new Error('a virtual checkpoint has no files')),
  };
}

/** SVD-XT at full size without weights. Graphs can be built with it, but not run. */
export const virtualCheckpoint = {
  unet: {
    architecture: unetArchitecture(unetConfigSchema.parse(unet)),
    weights: weights('unet/diffusion_pytorch_model.fp16.safetensors'),
  },
  vae: {
    config: vaeConfigSchema.parse(vae),
    scaleFactor: 8,
    weights: weights('vae/diffusion_pytorch_model.fp16.safetensors'),
  },
  imageEncoder: {
    config: clipConfigSchema.parse(imageEncoder),
    weights: weights('image_encoder/model.fp16.safetensors'),
  },
} as const satisfies Partial<Checkpoint> as unknown as Checkpoint;
