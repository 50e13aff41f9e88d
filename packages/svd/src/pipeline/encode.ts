import { imageEncoderGraph, vaeEncodeGraph } from '../graphs/encode-graphs.ts';
import type { GraphOptions } from '../graphs/graph.ts';
import { clipPixelValues } from '../image/clip-pixel-values.ts';
import { cropToAspect, resizeImage } from '../image/fit-image.ts';
import type { Focus } from '../image/fit-image.ts';
import type { RgbImage } from '../image/image.ts';
import { vaeInput } from '../image/vae-input.ts';
import { normals } from '../random/philox.ts';
import type { Conditioning } from './conditioning.ts';
import { float32, floats } from './model.ts';
import type { Model } from './model.ts';
import { computeFinite } from './not-finite.ts';
import { fitPreviewMap } from './preview.ts';
import type { SegmentSettings } from './settings.ts';

export type EncodeSettings = Pick<SegmentSettings, 'width' | 'height' | 'noiseAugStrength' | 'seed'> & {
  /** The point that a crop keeps centred when the aspect ratios of photo and video differ. Default: the centre. */
  readonly focus?: Focus | undefined;
};

/**
 * Computes the conditioning of a photo: crops and resizes it, adds noise, and encodes it with CLIP and the autoencoder.
 * @param photo upright, of any size
 */
export async function encode(
  model: Model,
  photo: RgbImage,
  settings: EncodeSettings,
  signal?: AbortSignal,
): Promise<Conditioning> {
  const { width, height, noiseAugStrength, seed } = settings;
  const cropped = cropToAspect(photo, { width, height }, settings.focus);
  const clip = clipInput(model, cropped);
  const imageEmbedding = await computeFinite(model, (variant) => embedImage(variant, clip, signal));

  const pixels = await resizeImage(cropped, { width, height });
  const noise = normals({ seed, segment: 0, step: 0, tensor: 'noise_aug' }, 3 * width * height);
  const sample = vaeInput(pixels, noise, noiseAugStrength);
  const imageLatents = await encodeImage(model, sample, { width, height }, signal);

  const { config, scaleFactor } = model.checkpoint.vae;
  const size = { width: width / scaleFactor, height: height / scaleFactor };
  const scaled = imageLatents.map((value) => value * config.scaling_factor);
  const channels = config.latent_channels;
  const previewMap = fitPreviewMap(scaled, channels, await resizeImage(pixels, size));
  return { imageEmbedding, imageLatents, channels, ...size, previewMap };
}

/** The input of the image encoder for a photo, `[1, 3, image_size, image_size]`. */
export function clipInput({ checkpoint }: Model, photo: RgbImage): Float32Array {
  const { imageEncoder, preprocessor } = checkpoint;
  return clipPixelValues(photo, imageEncoder.config.image_size, preprocessor);
}

/** Computes the CLIP embedding, `[projection_dim]`, of pixels from {@link clipInput}. */
export async function embedImage(model: Model, pixelValues: Float32Array, signal?: AbortSignal): Promise<Float32Array> {
  const side = model.checkpoint.imageEncoder.config.image_size;
  const feeds = { pixel_values: float32(pixelValues, [1, 3, side, side]) };
  const build = (options: GraphOptions) => imageEncoderGraph(model.checkpoint, options);
  return floats(await model.run('image_encoder', '', build, feeds, signal), 'image_embeds');
}

/**
 * Encodes pixels with the autoencoder. Its graph is in float32 on every provider, so no variant of the model is safer.
 * @param sample `[1, 3, height, width]` in −1…1
 * @returns latents, not scaled, `[channels, height / f, width / f]`
 */
export async function encodeImage(
  model: Model,
  sample: Float32Array,
  { width, height }: { readonly width: number; readonly height: number },
  signal?: AbortSignal,
): Promise<Float32Array> {
  const build = (options: GraphOptions) => vaeEncodeGraph(model.checkpoint, height, width, options);
  const feeds = { sample: float32(sample, [1, 3, height, width]) };
  const variant = model.safe ?? model;
  return floats(await variant.run('vae_encoder', `${width}x${height}`, build, feeds, signal), 'latents');
}
