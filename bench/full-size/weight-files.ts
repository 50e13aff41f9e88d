import type { TensorSpec } from '@cinematica/svd/internal';
import { clipTensors } from './clip-tensors.ts';
import { imageEncoder, tinyAutoencoder, unet, vae } from './configs.ts';
import { tinyTensors } from './tiny-tensors.ts';
import { unetTensors } from './unet-tensors.ts';
import { vaeTensors } from './vae-tensors.ts';

/** The tensors of each fp16 file of SVD-XT by path, in the order of the safetensors library. */
export const weightFiles: Readonly<Record<string, readonly TensorSpec[]>> = {
  'unet/diffusion_pytorch_model.fp16.safetensors': byName(unetTensors(unet)),
  'vae/diffusion_pytorch_model.fp16.safetensors': byName(vaeTensors(vae)),
  'image_encoder/model.fp16.safetensors': byName(clipTensors(imageEncoder)),
};

/** The file of TAESD in the quality `draft`, in half precision, too. */
export const draftWeightFiles: Readonly<Record<string, readonly TensorSpec[]>> = {
  'draft/vae/diffusion_pytorch_model.fp16.safetensors': byName(tinyTensors(tinyAutoencoder)),
};

function byName(tensors: readonly TensorSpec[]): readonly TensorSpec[] {
  return tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
