import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { clipVision } from '../models/clip-vision.ts';
import * as kl from '../models/autoencoder-kl-temporal-decoder.ts';
import * as tiny from '../models/autoencoder-tiny.ts';
import { draft } from './graph.ts';
import type { Draft, DraftOptions } from './graph.ts';

/** `pixel_values` `[1, 3, image_size, image_size]` → `image_embeds` `[1, projection_dim]`. */
export function imageEncoderGraph({ imageEncoder }: Checkpoint, options: DraftOptions): Draft {
  const { config, weights } = imageEncoder;
  const d = draft('image_encoder', weights, options);
  const pixels = d.builder.input('pixel_values', 'float32', [1, 3, config.image_size, config.image_size]);
  d.e.output('image_embeds', clipVision(d.e, d.root, config, d.e.fromNchw(pixels)));
  return d;
}

/**
 * `sample` `[1, 3, height, width]` in -1..1 → `latents` `[1, c, height / f, width / f]`, not scaled. In float32 wherever
 * it runs: diffusers encodes so (`force_upcast`), and it is one picture a video.
 */
export function vaeEncodeGraph({ vae }: Checkpoint, height: number, width: number, options: DraftOptions): Draft {
  const { config, weights } = vae;
  const d = draft('vae_encoder', weights, options, { float32: true });
  const sample = d.e.fromNchw(d.builder.input('sample', 'float32', [1, 3, height, width]));
  const latents =
    config._class_name === 'AutoencoderTiny'
      ? tiny.encode(d.e, d.root, config, sample)
      : kl.encode(d.e, d.root, config, sample);
  d.builder.output('latents', d.e.toNchw(latents));
  return d;
}
