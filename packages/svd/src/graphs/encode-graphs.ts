import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { clipVision } from '../models/clip-vision.ts';
import * as kl from '../models/autoencoder-kl-temporal-decoder.ts';
import * as tiny from '../models/autoencoder-tiny.ts';
import { beginGraph, outputSum } from './graph.ts';
import type { GraphDraft, GraphOptions } from './graph.ts';

/** The image encoder. Input `pixel_values` `[1, 3, image_size, image_size]`, output `image_embeds` `[1, projection_dim]`, and its `sum`. */
export function imageEncoderGraph(
  { imageEncoder }: Pick<Checkpoint, 'imageEncoder'>,
  options: GraphOptions,
): GraphDraft {
  const { config, weights } = imageEncoder;
  const draft = beginGraph('image_encoder', weights, options);
  const pixels = draft.builder.input('pixel_values', 'float32', [1, 3, config.image_size, config.image_size]);
  const embeds = clipVision(draft.emitter, draft.root, config, draft.emitter.fromNchw(pixels));
  draft.emitter.output('image_embeds', embeds);
  outputSum(draft, embeds);
  return draft;
}

/**
 * The encoder of the autoencoder. Input `sample` `[1, 3, height, width]` in −1…1, output `latents`
 * `[1, c, height / f, width / f]`, not multiplied by the scaling factor, and their `sum`. It computes in float32 on every provider, as
 * diffusers does (`force_upcast`); it runs only once per video.
 */
export function vaeEncodeGraph(
  { vae }: Pick<Checkpoint, 'vae'>,
  height: number,
  width: number,
  options: GraphOptions,
): GraphDraft {
  const { config, weights } = vae;
  const draft = beginGraph('vae_encoder', weights, options, { float32: true });
  const sample = draft.emitter.fromNchw(draft.builder.input('sample', 'float32', [1, 3, height, width]));
  const latents =
    config._class_name === 'AutoencoderTiny'
      ? tiny.encode(draft.emitter, draft.root, config, sample)
      : kl.encode(draft.emitter, draft.root, config, sample);
  draft.builder.output('latents', draft.emitter.toNchw(latents));
  outputSum(draft, latents.value);
  return draft;
}
