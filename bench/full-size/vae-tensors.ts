import type { TensorSpec } from '@cinematica/svd/internal';
import { createTensorList } from './tensor-list.ts';
import type { TensorList } from './tensor-list.ts';

/** The fields of an autoencoder's config that determine the shapes of its weights. */
export interface VaeShape {
  readonly block_out_channels: readonly number[];
  readonly in_channels: number;
  readonly latent_channels: number;
  readonly layers_per_block: number;
  readonly out_channels: number;
}

/** The tensors of an AutoencoderKLTemporalDecoder with diffusers' names. */
export function vaeTensors(config: VaeShape): readonly TensorSpec[] {
  const list = createTensorList();
  const { block_out_channels: channels, latent_channels: latent } = config;
  const first = channels[0] ?? 0;
  const last = channels.at(-1) ?? 0;

  list.layer('encoder.conv_in', first, config.in_channels, [3, 3]);
  channels.forEach((out, i) => {
    const block = `encoder.down_blocks.${i}`;
    for (let j = 0; j < config.layers_per_block; j++) {
      addResnet(list, `${block}.resnets.${j}`, j === 0 ? (channels[i - 1] ?? first) : out, out);
    }
    if (i < channels.length - 1) list.layer(`${block}.downsamplers.0.conv`, out, out, [3, 3]);
  });
  for (const j of [0, 1]) addResnet(list, `encoder.mid_block.resnets.${j}`, last, last);
  addAttention(list, 'encoder.mid_block.attentions.0', last);
  list.norm('encoder.conv_norm_out', last);
  list.layer('encoder.conv_out', 2 * latent, last, [3, 3]);
  list.layer('quant_conv', 2 * latent, 2 * latent, [1, 1]);

  list.layer('decoder.conv_in', last, latent, [3, 3]);
  for (const j of [0, 1]) addSpatioTemporalResnet(list, `decoder.mid_block.resnets.${j}`, last, last);
  addAttention(list, 'decoder.mid_block.attentions.0', last);
  const up = channels.toReversed();
  up.forEach((out, i) => {
    const block = `decoder.up_blocks.${i}`;
    for (let j = 0; j <= config.layers_per_block; j++) {
      addSpatioTemporalResnet(list, `${block}.resnets.${j}`, j === 0 ? (up[i - 1] ?? last) : out, out);
    }
    if (i < up.length - 1) list.layer(`${block}.upsamplers.0.conv`, out, out, [3, 3]);
  });
  list.norm('decoder.conv_norm_out', first);
  list.layer('decoder.conv_out', config.out_channels, first, [3, 3]);
  list.layer('decoder.time_conv_out', config.out_channels, config.out_channels, [3, 1, 1]);
  return list.tensors;
}

function addResnet(list: TensorList, name: string, input: number, out: number, kernel = [3, 3]): void {
  list.norm(`${name}.norm1`, input);
  list.layer(`${name}.conv1`, out, input, kernel);
  list.norm(`${name}.norm2`, out);
  list.layer(`${name}.conv2`, out, out, kernel);
  if (input !== out) list.layer(`${name}.conv_shortcut`, out, input, [1, 1]);
}

function addSpatioTemporalResnet(list: TensorList, name: string, input: number, out: number): void {
  addResnet(list, `${name}.spatial_res_block`, input, out);
  addResnet(list, `${name}.temporal_res_block`, out, out, [3, 1, 1]);
  list.add(`${name}.time_mixer.mix_factor`, [1]);
}

function addAttention(list: TensorList, name: string, width: number): void {
  list.norm(`${name}.group_norm`, width);
  for (const part of ['to_q', 'to_k', 'to_v', 'to_out.0']) list.layer(`${name}.${part}`, width, width);
}
