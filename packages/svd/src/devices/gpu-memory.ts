import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { elements } from '../onnx/graph-builder.ts';

/**
 * What the encoder, the denoiser and the decoder take together of the GPU that they share, in weights of the UNet and the
 * image encoder in float16 (4.0 GiB for SVD-XT): as measured for SVD-XT with DeepCache (docs/performance.md: 27.3 GiB, and 14.2 GiB in
 * the low-memory mode).
 */
const FACTORS = { usual: 7, lowMemory: 3.6 } as const;

/** Bytes of a GPU that the stages of a model need for a video of the model's own size. */
export interface GpuMemoryNeeds {
  readonly usual: number;
  readonly lowMemory: number;
}

export function gpuMemoryNeeds({ unet, imageEncoder }: Pick<Checkpoint, 'unet' | 'imageEncoder'>): GpuMemoryNeeds {
  const parameters = [unet, imageEncoder].flatMap(({ weights }) => [...weights.tensors.values()]);
  const weights = 2 * parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
  return { usual: FACTORS.usual * weights, lowMemory: FACTORS.lowMemory * weights };
}
