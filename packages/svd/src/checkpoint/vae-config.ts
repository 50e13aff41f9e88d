import { z } from 'zod';
import { NORM_GROUPS } from './norm-groups.ts';
import { count } from './read-config.ts';

const positive = z.number().positive();

/** Schema of `vae/config.json` of diffusers' `AutoencoderKLTemporalDecoder`, with its defaults. */
const temporalDecoderSchema = z
  .object({
    _class_name: z.literal('AutoencoderKLTemporalDecoder'),
    in_channels: z.literal(3).default(3),
    out_channels: z.literal(3).default(3),
    down_block_types: z
      .array(z.enum(['DownEncoderBlock2D', 'AttnDownEncoderBlock2D']))
      .nonempty()
      .default(['DownEncoderBlock2D']),
    block_out_channels: z.array(count.multipleOf(NORM_GROUPS)).nonempty().default([64]),
    layers_per_block: count.default(1),
    latent_channels: count.default(4),
    scaling_factor: positive.default(0.18215),
    /** As in diffusers' `AutoencoderKL`; the class of SVD always has this layer, a file in the original layout need not. */
    use_quant_conv: z.boolean().default(true),
  })
  .refine((config) => config.down_block_types.length === config.block_out_channels.length, {
    message: 'needs one entry for each of block_out_channels',
    path: ['down_block_types'],
  });

/** Schema of `vae/config.json` of diffusers' `AutoencoderTiny` (TAESD), with its defaults. */
const tinySchema = z
  .object({
    _class_name: z.literal('AutoencoderTiny'),
    in_channels: z.literal(3).default(3),
    out_channels: z.literal(3).default(3),
    encoder_block_out_channels: z.array(count).nonempty().default([64, 64, 64, 64]),
    decoder_block_out_channels: z.array(count).nonempty().default([64, 64, 64, 64]),
    act_fn: z.preprocess(
      (name) => (typeof name === 'string' ? name.toLowerCase().replace('swish', 'silu') : name),
      z.enum(['relu', 'silu', 'gelu', 'mish']).default('relu'),
    ),
    upsample_fn: z.literal('nearest').default('nearest'),
    latent_channels: count.default(4),
    upsampling_scaling_factor: count.default(2),
    num_encoder_blocks: z.array(z.int().nonnegative()).nonempty().default([1, 3, 3, 3]),
    num_decoder_blocks: z.array(z.int().nonnegative()).nonempty().default([3, 3, 3, 1]),
    scaling_factor: positive.default(1),
  })
  .refine((config) => config.encoder_block_out_channels.length === config.num_encoder_blocks.length, {
    message: 'needs one entry for each of encoder_block_out_channels',
    path: ['num_encoder_blocks'],
  })
  .refine((config) => config.decoder_block_out_channels.length === config.num_decoder_blocks.length, {
    message: 'needs one entry for each of decoder_block_out_channels',
    path: ['num_decoder_blocks'],
  })
  .refine((config) => new Set(config.encoder_block_out_channels).size === 1, {
    message: "has different widths, which diffusers' AutoencoderTiny does not support",
    path: ['encoder_block_out_channels'],
  })
  .refine((config) => new Set(config.decoder_block_out_channels).size === 1, {
    message: "has different widths, which diffusers' AutoencoderTiny does not support",
    path: ['decoder_block_out_channels'],
  })
  .refine(
    (config) =>
      config.upsampling_scaling_factor ** (config.decoder_block_out_channels.length - 1) ===
      2 ** (config.encoder_block_out_channels.length - 1),
    { message: 'does not match the downscaling of the encoder', path: ['upsampling_scaling_factor'] },
  );

/** Schema of `vae/config.json` of either class. */
export const vaeConfigSchema = z.discriminatedUnion('_class_name', [temporalDecoderSchema, tinySchema]);

export type VaeConfig = z.output<typeof vaeConfigSchema>;
export type TemporalDecoderConfig = z.output<typeof temporalDecoderSchema>;
export type AutoencoderTinyConfig = z.output<typeof tinySchema>;

/** The downscaling factor of the encoder: 2 for each level but the first. */
export function vaeScaleFactor(config: VaeConfig): number {
  const channels =
    config._class_name === 'AutoencoderTiny' ? config.encoder_block_out_channels : config.block_out_channels;
  return 2 ** (channels.length - 1);
}
