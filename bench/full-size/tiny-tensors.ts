import type { TensorSpec } from '@cinematica/svd/internal';
import { createTensorList } from './tensor-list.ts';

/** The fields of a config that determine the shapes of the weights. */
export interface TinyShape {
  readonly encoder_block_out_channels: readonly number[];
  readonly decoder_block_out_channels: readonly number[];
  readonly num_encoder_blocks: readonly number[];
  readonly num_decoder_blocks: readonly number[];
  readonly in_channels: number;
  readonly out_channels: number;
  readonly latent_channels: number;
}

/** The tensors of an AutoencoderTiny with diffusers' names. Layers are numbered; activations and upsamplings have no tensors. */
export function tinyTensors(config: TinyShape): readonly TensorSpec[] {
  const list = createTensorList();
  const { encoder_block_out_channels: down, decoder_block_out_channels: up, latent_channels: latent } = config;
  const block = (name: string, width: number): void => {
    for (const i of [0, 2, 4]) list.layer(`${name}.conv.${i}`, width, width, [3, 3]);
  };
  let index = 0;
  const encoder = () => `encoder.layers.${index++}`;
  down.forEach((width, level) => {
    list.layer(encoder(), width, level === 0 ? config.in_channels : width, [3, 3], level === 0);
    for (let i = 0; i < (config.num_encoder_blocks[level] ?? 0); i++) block(encoder(), width);
  });
  list.layer(encoder(), latent, down.at(-1) ?? 0, [3, 3]);

  list.layer('decoder.layers.0', up[0] ?? 0, latent, [3, 3]);
  index = 2;
  const decoder = () => `decoder.layers.${index++}`;
  up.forEach((width, level) => {
    for (let i = 0; i < (config.num_decoder_blocks[level] ?? 0); i++) block(decoder(), width);
    const isLast = level === up.length - 1;
    if (!isLast) index++;
    list.layer(decoder(), isLast ? config.out_channels : width, width, [3, 3], isLast);
  });
  return list.tensors;
}
