import type { Checkpoint } from '@cinematica/svd';
import {
  clipConfigSchema,
  elements,
  unetArchitecture,
  unetConfigSchema,
  vaeConfigSchema,
} from '@cinematica/svd/internal';
import type { Weights } from '@cinematica/svd/internal';
import { imageEncoder, tinyAutoencoder, unet, vae } from './configs.ts';
import { draftWeightFiles, weightFiles } from './weight-files.ts';

/** Weights with the names and shapes of SVD-XT, without files. */
function weights(path: string): Weights {
  const tensors = new Map(
    ({ ...weightFiles, ...draftWeightFiles }[path] ?? []).map(({ name, shape }) => {
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

const ownUNet = {
  architecture: unetArchitecture(unetConfigSchema.parse(unet)),
  weights: weights('unet/diffusion_pytorch_model.fp16.safetensors'),
};
const ownVae = {
  config: vaeConfigSchema.parse(vae),
  scaleFactor: 8,
  weights: weights('vae/diffusion_pytorch_model.fp16.safetensors'),
};
const tinyDecoder = {
  config: vaeConfigSchema.parse(tinyAutoencoder),
  weights: weights('draft/vae/diffusion_pytorch_model.fp16.safetensors'),
};

/** SVD-XT at full size without weights, with the components of the quality `draft`. Graphs can be built with it, but not run. */
export const virtualCheckpoint = {
  unet: ownUNet,
  vae: ownVae,
  decoder: ownVae,
  components: { draft: { unet: ownUNet, decoder: tinyDecoder } },
  imageEncoder: {
    config: clipConfigSchema.parse(imageEncoder),
    weights: weights('image_encoder/model.fp16.safetensors'),
  },
} as const satisfies Partial<Checkpoint> as unknown as Checkpoint;
