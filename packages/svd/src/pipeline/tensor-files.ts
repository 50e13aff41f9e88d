import { packTensors, unpackTensors } from '../safetensors/pack-tensors.ts';
import type { PackedTensor } from '../safetensors/pack-tensors.ts';
import { SafetensorsError } from '../safetensors/safetensors-error.ts';
import type { Conditioning } from './conditioning.ts';
import type { LatentSize } from './decode.ts';

/**
 * Encodes a conditioning as a .safetensors file with three F32 tensors: `image_embedding` `[projection_dim]`,
 * `image_latents` `[channels, height, width]`, `preview_map` `[channels + 1, 3]`.
 */
export function packConditioning(conditioning: Conditioning): Uint8Array {
  const { imageEmbedding, imageLatents, previewMap, channels, height, width } = conditioning;
  return packTensors({
    image_embedding: { shape: [imageEmbedding.length], data: imageEmbedding },
    image_latents: { shape: [channels, height, width], data: imageLatents },
    preview_map: { shape: [channels + 1, 3], data: previewMap },
  });
}

/**
 * Decodes the bytes of {@link packConditioning}.
 * @throws SafetensorsError when they are invalid
 */
export function unpackConditioning(bytes: Uint8Array): Conditioning {
  const what = 'the conditioning';
  const tensors = unpackTensors(bytes, what);
  const { data: imageEmbedding } = get(tensors, what, 'image_embedding', 1);
  const { data: imageLatents, shape } = get(tensors, what, 'image_latents', 3);
  const { data: previewMap } = get(tensors, what, 'preview_map', 2);
  const [channels = 0, height = 0, width = 0] = shape;
  return { imageEmbedding, imageLatents, previewMap, channels, height, width };
}

/** Latents and their size. */
export interface Latents extends LatentSize {
  readonly frames: number;
  /** `[frames, channels, height, width]`. */
  readonly data: Float32Array;
}

/** Encodes latents as a .safetensors file with one F32 tensor `latents` `[frames, channels, height, width]`. */
export function packLatents(data: Float32Array, { channels, height, width }: LatentSize): Uint8Array {
  return packTensors({
    latents: { shape: [data.length / (channels * height * width), channels, height, width], data },
  });
}

/**
 * Decodes the bytes of {@link packLatents}.
 * @throws SafetensorsError when they are invalid
 */
export function unpackLatents(bytes: Uint8Array): Latents {
  const { data, shape } = get(unpackTensors(bytes, 'the latents'), 'the latents', 'latents', 4);
  const [frames = 0, channels = 0, height = 0, width = 0] = shape;
  return { frames, channels, height, width, data };
}

function get(tensors: ReadonlyMap<string, PackedTensor>, what: string, name: string, rank: number): PackedTensor {
  const tensor = tensors.get(name);
  if (tensor?.shape.length !== rank) throw new SafetensorsError(what, `there is no tensor "${name}" of rank ${rank}`);
  return tensor;
}
