import type { AutoencoderTinyConfig } from '../checkpoint/vae-config.ts';
import type { Emitter, FeatureMap } from '../nn/emitter.ts';
import type { Scope } from '../nn/scope.ts';

/** diffusers' `AutoencoderTinyBlock`: three convolutions and a residual connection. */
function tinyBlock(e: Emitter, scope: Scope, x: FeatureMap, act: AutoencoderTinyConfig['act_fn']): FeatureMap {
  const conv = (index: number, h: FeatureMap) => e.conv2d(scope.sub('conv', index), h, { outChannels: x.c });
  let h = e.activation(conv(0, x), act);
  h = e.activation(conv(2, h), act);
  return e.activation(e.add(conv(4, h), x), 'relu');
}

/**
 * diffusers' `AutoencoderTiny.encode(x).latents`.
 * @param x pixels in −1…1, `[n, 3, H, W]`
 * @returns latents, not scaled, `[n, latent_channels, H / f, W / f]`
 */
export function encode(e: Emitter, root: Scope, config: AutoencoderTinyConfig, x: FeatureMap): FeatureMap {
  const scope = root.sub('encoder.layers');
  let index = 0;
  let h = e.affine(x, 0.5, 0.5);
  for (const [i, outChannels] of config.encoder_block_out_channels.entries()) {
    h =
      i === 0
        ? e.conv2d(scope.sub(index++), h, { outChannels })
        : e.conv2d(scope.sub(index++), h, { outChannels, stride: 2, bias: false });
    for (let j = 0; j < (config.num_encoder_blocks[i] ?? 0); j++)
      h = tinyBlock(e, scope.sub(index++), h, config.act_fn);
  }
  return e.conv2d(scope.sub(index), h, { outChannels: config.latent_channels });
}

/**
 * diffusers' `AutoencoderTiny.decode(z).sample`. It decodes each frame independently.
 * @param z latents divided by the scaling factor, `[n, latent_channels, h, w]`
 * @returns pixels in about −1…1, `[n, 3, H, W]`
 */
export function decode(e: Emitter, root: Scope, config: AutoencoderTinyConfig, z: FeatureMap): FeatureMap {
  const scope = root.sub('decoder.layers');
  const channels = config.decoder_block_out_channels;
  const clamped = e.affine(e.tanh(e.affine(z, 1 / 3, 0)), 3, 0);
  let h = e.activation(e.conv2d(scope.sub(0), clamped, { outChannels: channels[0] ?? 0 }), config.act_fn);
  let index = 2; // index 1 is the activation, which has no tensors
  for (const [i, width] of channels.entries()) {
    const last = i === channels.length - 1;
    for (let j = 0; j < (config.num_decoder_blocks[i] ?? 0); j++)
      h = tinyBlock(e, scope.sub(index++), h, config.act_fn);
    if (!last) {
      h = e.upsample(h, config.upsampling_scaling_factor);
      index++;
    }
    h = e.conv2d(scope.sub(index++), h, { outChannels: last ? config.out_channels : width, bias: last });
  }
  return e.affine(h, 2, -1);
}
