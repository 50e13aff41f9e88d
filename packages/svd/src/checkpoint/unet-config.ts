import { z } from 'zod';
import { NORM_GROUPS } from './norm-groups.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { count, perLevel, expandPerLevel } from './read-config.ts';

/** Number of layers of a transformer. A transformer without layers is only its two projections. */
const layers = z.int().nonnegative();

/** Schema of `unet/config.json`, with the defaults of diffusers' `UNetSpatioTemporalConditionModel`. */
export const unetConfigSchema = z.object({
  _class_name: z.literal('UNetSpatioTemporalConditionModel'),
  sample_size: z.union([count, z.tuple([count, count])]).nullish(),
  in_channels: count.default(8),
  out_channels: count.default(4),
  down_block_types: z
    .array(z.enum(['CrossAttnDownBlockSpatioTemporal', 'DownBlockSpatioTemporal']))
    .default([
      'CrossAttnDownBlockSpatioTemporal',
      'CrossAttnDownBlockSpatioTemporal',
      'CrossAttnDownBlockSpatioTemporal',
      'DownBlockSpatioTemporal',
    ]),
  up_block_types: z
    .array(z.enum(['CrossAttnUpBlockSpatioTemporal', 'UpBlockSpatioTemporal']))
    .default([
      'UpBlockSpatioTemporal',
      'CrossAttnUpBlockSpatioTemporal',
      'CrossAttnUpBlockSpatioTemporal',
      'CrossAttnUpBlockSpatioTemporal',
    ]),
  block_out_channels: z.array(count).nonempty().default([320, 640, 1280, 1280]),
  addition_time_embed_dim: count.default(256),
  projection_class_embeddings_input_dim: count.default(768),
  layers_per_block: perLevel(count).default(2),
  cross_attention_dim: perLevel(count).default(1024),
  transformer_layers_per_block: z.union([layers, z.array(z.union([layers, z.array(layers)]))]).default(1),
  num_attention_heads: perLevel(count).default([5, 10, 20, 20]),
  num_frames: count.default(25),
});

/** One block of the UNet. */
export interface UNetBlock {
  readonly channels: number;
  readonly heads: number;
  readonly contextDim: number;
  /** For each resnet, the number of layers of the transformer that follows it, or null without a transformer. */
  readonly transformerLayers: readonly (number | null)[];
  /** Epsilon of the GroupNorms in the resnets. */
  readonly eps: number;
}

/** The architecture of the UNet, with all values resolved for each block. */
export interface UNetArchitecture {
  readonly inChannels: number;
  readonly outChannels: number;
  /** `num_frames` of the config. */
  readonly frames: number;
  readonly additionTimeEmbedDim: number;
  readonly timeEmbedDim: number;
  readonly down: readonly UNetBlock[];
  readonly mid: UNetBlock;
  readonly up: readonly UNetBlock[];
}

/** The number of scalars in `added_time_ids`: fps − 1, `motion_bucket_id`, `noise_aug_strength`. */
export const ADDED_TIME_IDS = 3;

const transformerLayersOf = (entry: number | number[], resnets: number, name: string): number[] => {
  if (typeof entry === 'number') return new Array<number>(resnets).fill(entry);
  if (entry.length < resnets) {
    throw new CheckpointError(
      `config: transformer_layers_per_block has ${entry.length} entries for the ${resnets} resnets of ${name}`,
    );
  }
  return entry.slice(0, resnets);
};

/**
 * Resolves the values of a config for each block.
 * @throws CheckpointError when fields contradict each other
 */
export function unetArchitecture(config: z.output<typeof unetConfigSchema>): UNetArchitecture {
  const channels = config.block_out_channels;
  const levels = channels.length;
  const downTypes = expandPerLevel(config.down_block_types, levels, 'down_block_types');
  const upTypes = expandPerLevel(config.up_block_types, levels, 'up_block_types');
  const layers = expandPerLevel(config.layers_per_block, levels, 'layers_per_block');
  const heads = expandPerLevel(config.num_attention_heads, levels, 'num_attention_heads');
  const contextDims = expandPerLevel(config.cross_attention_dim, levels, 'cross_attention_dim');
  const transformer = config.transformer_layers_per_block;
  const transformers: (number | number[])[] =
    typeof transformer === 'number'
      ? new Array<number>(levels).fill(transformer)
      : expandPerLevel<number | number[]>(transformer, levels, 'transformer_layers_per_block');
  for (const width of channels) {
    if (width % NORM_GROUPS) {
      throw new CheckpointError(`config: block_out_channels ${width} is not divisible into ${NORM_GROUPS} groups`);
    }
  }
  if (config.projection_class_embeddings_input_dim !== ADDED_TIME_IDS * config.addition_time_embed_dim) {
    throw new CheckpointError(
      `config: projection_class_embeddings_input_dim ${config.projection_class_embeddings_input_dim} is not ` +
        `${ADDED_TIME_IDS} × addition_time_embed_dim ${config.addition_time_embed_dim}`,
    );
  }

  /** @param attention whether a transformer follows each resnet */
  const block = (level: number, resnets: number, attention: boolean, eps: number): UNetBlock => {
    const [width = 0, head = 1, contextDim = 0] = [channels[level], heads[level], contextDims[level]];
    if (attention && width % head) {
      throw new CheckpointError(
        `config: num_attention_heads ${head} does not divide the ${width} channels of its level`,
      );
    }
    const transformerLayers = attention
      ? transformerLayersOf(transformers[level] ?? 1, resnets, `level ${level}`)
      : new Array<null>(resnets).fill(null);
    return { channels: width, heads: head, contextDim, transformerLayers, eps };
  };
  // In diffusers the epsilon depends on the class of the block: see docs/svd.md, "Resnet block".
  const down = downTypes.map((type, i) =>
    type === 'CrossAttnDownBlockSpatioTemporal'
      ? block(i, layers[i] ?? 0, true, 1e-6)
      : block(i, layers[i] ?? 0, false, 1e-5),
  );
  const up = upTypes.map((type, i) => {
    const level = levels - 1 - i;
    return block(level, (layers[level] ?? 0) + 1, type === 'CrossAttnUpBlockSpatioTemporal', 1e-6);
  });
  const last = block(levels - 1, 1, true, 1e-5);
  return {
    inChannels: config.in_channels,
    outChannels: config.out_channels,
    frames: config.num_frames,
    additionTimeEmbedDim: config.addition_time_embed_dim,
    timeEmbedDim: 4 * (channels[0] ?? 0),
    down,
    mid: { ...last, transformerLayers: [last.transformerLayers[0] ?? 1, null] },
    up,
  };
}
