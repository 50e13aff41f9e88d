import { z } from 'zod';
import { NORM_GROUPS } from './norm-groups.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { count, perLevel, spread } from './read-config.ts';

/** Of a transformer: none is a projection in and out. */
const layers = z.int().nonnegative();

/** `unet/config.json`, with the defaults of diffusers' class. */
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

/** One level of the UNet. A layer of a plain block has no transformer: `null`. */
export interface UNetBlock {
  readonly channels: number;
  readonly heads: number;
  readonly contextDim: number;
  /** Transformer layers of each resnet's attention, one entry a resnet. */
  readonly transformerLayers: readonly (number | null)[];
  /** GroupNorm's epsilon in the resnets. */
  readonly eps: number;
}

/** The UNet's architecture, spelled out level by level. */
export interface UNetArchitecture {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Frames that the model was made for. */
  readonly frames: number;
  readonly additionTimeEmbedDim: number;
  readonly timeEmbedDim: number;
  readonly down: readonly UNetBlock[];
  readonly mid: UNetBlock;
  readonly up: readonly UNetBlock[];
}

/** The number of scalars in `added_time_ids`: fps − 1, motion bucket, noise augmentation. */
export const ADDED_TIME_IDS = 3;

const layersOf = (entry: number | number[], resnets: number, name: string): number[] => {
  if (typeof entry === 'number') return new Array<number>(resnets).fill(entry);
  if (entry.length < resnets) {
    throw new CheckpointError(
      `config: transformer_layers_per_block has ${entry.length} entries for ${name}'s ${resnets}`,
    );
  }
  return entry.slice(0, resnets);
};

/**
 * What a config says, level by level.
 * @throws CheckpointError where its fields don't go together.
 */
export function unetArchitecture(config: z.output<typeof unetConfigSchema>): UNetArchitecture {
  const channels = config.block_out_channels;
  const levels = channels.length;
  const downTypes = spread(config.down_block_types, levels, 'down_block_types');
  const upTypes = spread(config.up_block_types, levels, 'up_block_types');
  const layers = spread(config.layers_per_block, levels, 'layers_per_block');
  const heads = spread(config.num_attention_heads, levels, 'num_attention_heads');
  const contextDims = spread(config.cross_attention_dim, levels, 'cross_attention_dim');
  const transformer = config.transformer_layers_per_block;
  const transformers: (number | number[])[] =
    typeof transformer === 'number'
      ? new Array<number>(levels).fill(transformer)
      : spread<number | number[]>(transformer, levels, 'transformer_layers_per_block');
  for (const width of channels) {
    if (width % NORM_GROUPS) {
      throw new CheckpointError(`config: block_out_channels ${width} does not divide into ${NORM_GROUPS} groups`);
    }
  }
  if (config.projection_class_embeddings_input_dim !== ADDED_TIME_IDS * config.addition_time_embed_dim) {
    throw new CheckpointError(
      `config: projection_class_embeddings_input_dim ${config.projection_class_embeddings_input_dim} is not ` +
        `${ADDED_TIME_IDS} × addition_time_embed_dim ${config.addition_time_embed_dim}`,
    );
  }

  /** The level's values; `resnets` layers of which each has a transformer if `attention` is set. */
  const block = (level: number, resnets: number, attention: boolean, eps: number): UNetBlock => {
    const [width = 0, head = 1, contextDim = 0] = [channels[level], heads[level], contextDims[level]];
    if (attention && width % head) {
      throw new CheckpointError(
        `config: num_attention_heads ${head} does not divide the ${width} channels of its level`,
      );
    }
    const transformerLayers = attention
      ? layersOf(transformers[level] ?? 1, resnets, `level ${level}`)
      : new Array<null>(resnets).fill(null);
    return { channels: width, heads: head, contextDim, transformerLayers, eps };
  };
  // The epsilons differ by kind of block in diffusers, and the checkpoints are run with them (svd-spec, 3.4).
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
