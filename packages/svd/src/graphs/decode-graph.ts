import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import * as kl from '../models/autoencoder-kl-temporal-decoder.ts';
import * as tiny from '../models/autoencoder-tiny.ts';
import { beginGraph, outputSum } from './graph.ts';
import type { GraphDraft, GraphOptions } from './graph.ts';

export interface DecodeShape {
  /** Frames decoded together. */
  readonly frames: number;
  /** Height and width of the latents. */
  readonly height: number;
  readonly width: number;
}

/**
 * The decoder of the autoencoder. Input `latents` `[frames, c, height, width]`, as the denoiser returns them; the graph
 * divides them by the scaling factor. Output `frames`: with `rgb8`, uint8 RGB `[frames, H, W, 3]`; with `pixels`, float32
 * `[frames, 3, H, W]` in about −1…1. Output `sum`: that of the pixels before they are rounded.
 */
export function vaeDecodeGraph(
  { decoder }: Pick<Checkpoint, 'decoder'>,
  shape: DecodeShape,
  output: 'rgb8' | 'pixels',
  options: GraphOptions,
): GraphDraft {
  const { config, weights } = decoder;
  const draft = beginGraph('vae_decoder', weights, options);
  const { frames, height, width } = shape;
  const latents = draft.builder.input('latents', 'float32', [frames, config.latent_channels, height, width]);
  const z = draft.emitter.affine(draft.emitter.fromNchw(latents), 1 / config.scaling_factor, 0);
  const pixels =
    config._class_name === 'AutoencoderTiny'
      ? tiny.decode(draft.emitter, draft.root, config, z)
      : kl.decode(draft.emitter, draft.root, config, z);
  outputSum(draft, pixels.value);
  draft.builder.output('frames', output === 'rgb8' ? draft.emitter.toRgb8(pixels) : draft.emitter.toNchw(pixels));
  return draft;
}
