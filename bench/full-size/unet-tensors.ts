import type { TensorSpec } from '@cinematica/svd/internal';
import { createTensorList } from './tensor-list.ts';
import type { TensorList } from './tensor-list.ts';

/** The fields of a UNet's config that determine the shapes of its weights. */
export interface UnetShape {
  readonly block_out_channels: readonly number[];
  readonly cross_attention_dim: number;
  readonly down_block_types: readonly string[];
  readonly in_channels: number;
  readonly layers_per_block: number;
  readonly out_channels: number;
  readonly projection_class_embeddings_input_dim: number;
  readonly transformer_layers_per_block: number;
  readonly up_block_types: readonly string[];
}

/** The tensors of a UNetSpatioTemporalConditionModel with diffusers' names. */
export function unetTensors(config: UnetShape): readonly TensorSpec[] {
  const list = createTensorList();
  const channels = config.block_out_channels;
  const first = channels[0] ?? 0;
  const last = channels.at(-1) ?? 0;
  const time = 4 * first;

  list.layer('conv_in', first, config.in_channels, [3, 3]);
  list.layer('time_embedding.linear_1', time, first);
  list.layer('time_embedding.linear_2', time, time);
  list.layer('add_embedding.linear_1', time, config.projection_class_embeddings_input_dim);
  list.layer('add_embedding.linear_2', time, time);
  list.norm('conv_norm_out', first);
  list.layer('conv_out', config.out_channels, first, [3, 3]);

  const transformer = (name: string, width: number): void => addTransformer(list, name, width, config);

  channels.forEach((out, i) => {
    const block = `down_blocks.${i}`;
    for (let j = 0; j < config.layers_per_block; j++) {
      addResnet(list, `${block}.resnets.${j}`, j === 0 ? (channels[i - 1] ?? first) : out, out, time);
      if (config.down_block_types[i]?.startsWith('CrossAttn')) transformer(`${block}.attentions.${j}`, out);
    }
    if (i < channels.length - 1) list.layer(`${block}.downsamplers.0.conv`, out, out, [3, 3]);
  });

  addResnet(list, 'mid_block.resnets.0', last, last, time);
  addResnet(list, 'mid_block.resnets.1', last, last, time);
  transformer('mid_block.attentions.0', last);

  const up = channels.toReversed();
  up.forEach((out, i) => {
    const block = `up_blocks.${i}`;
    for (let j = 0; j <= config.layers_per_block; j++) {
      const before = j === 0 ? (up[i - 1] ?? last) : out;
      const skipped = j === config.layers_per_block ? (up[i + 1] ?? out) : out;
      addResnet(list, `${block}.resnets.${j}`, before + skipped, out, time);
      if (config.up_block_types[i]?.startsWith('CrossAttn')) transformer(`${block}.attentions.${j}`, out);
    }
    if (i < up.length - 1) list.layer(`${block}.upsamplers.0.conv`, out, out, [3, 3]);
  });
  return list.tensors;
}

function addResnet(list: TensorList, name: string, input: number, out: number, time: number): void {
  const spatial = `${name}.spatial_res_block`;
  list.norm(`${spatial}.norm1`, input);
  list.layer(`${spatial}.conv1`, out, input, [3, 3]);
  list.layer(`${spatial}.time_emb_proj`, out, time);
  list.norm(`${spatial}.norm2`, out);
  list.layer(`${spatial}.conv2`, out, out, [3, 3]);
  if (input !== out) list.layer(`${spatial}.conv_shortcut`, out, input, [1, 1]);
  const temporal = `${name}.temporal_res_block`;
  list.norm(`${temporal}.norm1`, out);
  list.layer(`${temporal}.conv1`, out, out, [3, 1, 1]);
  list.layer(`${temporal}.time_emb_proj`, out, time);
  list.norm(`${temporal}.norm2`, out);
  list.layer(`${temporal}.conv2`, out, out, [3, 1, 1]);
  list.add(`${name}.time_mixer.mix_factor`, [1]);
}

function addTransformer(list: TensorList, name: string, width: number, config: UnetShape): void {
  list.norm(`${name}.norm`, width);
  list.layer(`${name}.proj_in`, width, width);
  list.layer(`${name}.proj_out`, width, width);
  list.layer(`${name}.time_pos_embed.linear_1`, 4 * width, width);
  list.layer(`${name}.time_pos_embed.linear_2`, width, 4 * width);
  list.add(`${name}.time_mixer.mix_factor`, [1]);
  for (let i = 0; i < config.transformer_layers_per_block; i++) {
    addBlock(list, `${name}.transformer_blocks.${i}`, width, config.cross_attention_dim);
    const temporal = `${name}.temporal_transformer_blocks.${i}`;
    addBlock(list, temporal, width, config.cross_attention_dim);
    list.norm(`${temporal}.norm_in`, width);
    addFeedForward(list, `${temporal}.ff_in`, width);
  }
}

function addBlock(list: TensorList, name: string, width: number, context: number): void {
  for (const norm of ['norm1', 'norm2', 'norm3']) list.norm(`${name}.${norm}`, width);
  addAttention(list, `${name}.attn1`, width, width);
  addAttention(list, `${name}.attn2`, width, context);
  addFeedForward(list, `${name}.ff`, width);
}

function addAttention(list: TensorList, name: string, width: number, context: number): void {
  list.layer(`${name}.to_q`, width, width, [], false);
  list.layer(`${name}.to_k`, width, context, [], false);
  list.layer(`${name}.to_v`, width, context, [], false);
  list.layer(`${name}.to_out.0`, width, width);
}

function addFeedForward(list: TensorList, name: string, width: number): void {
  list.layer(`${name}.net.0.proj`, 8 * width, width);
  list.layer(`${name}.net.2`, width, 4 * width);
}
