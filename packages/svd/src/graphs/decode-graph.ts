import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import * as kl from '../models/autoencoder-kl-temporal-decoder.ts';
import * as tiny from '../models/autoencoder-tiny.ts';
import { draft } from './graph.ts';
import type { Draft, DraftOptions } from './graph.ts';

export interface DecodeShape {
  /** Frames decoded together. */
  readonly frames: number;
  /** Of the latents. */
  readonly height: number;
  readonly width: number;
}

/**
 * `latents` `[frames, c, height, width]` as the denoiser leaves them → `frames`: `[frames, H, W, 3]` uint8 RGB, or with
 * `pixels` set, `[frames, 3, H, W]` float32 in about -1..1.
 */
export function vaeDecodeGraph(
  { vae }: Checkpoint,
  shape: DecodeShape,
  output: 'rgb8' | 'pixels',
  options: DraftOptions,
): Draft {
  const { config, weights } = vae;
  const d = draft('vae_decoder', weights, options);
  const { frames, height, width } = shape;
  const latents = d.builder.input('latents', 'float32', [frames, config.latent_channels, height, width]);
  const z = d.e.affine(d.e.fromNchw(latents), 1 / config.scaling_factor, 0);
  const pixels =
    config._class_name === 'AutoencoderTiny' ? tiny.decode(d.e, d.root, config, z) : kl.decode(d.e, d.root, config, z);
  d.builder.output('frames', output === 'rgb8' ? d.e.toRgb8(pixels) : d.e.toNchw(pixels));
  return d;
}
