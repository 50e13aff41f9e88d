import { clipConfigSchema } from '../checkpoint/clip-config.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { unetArchitecture, unetConfigSchema } from '../checkpoint/unet-config.ts';
import { vaeConfigSchema, vaeScaleFactor } from '../checkpoint/vae-config.ts';
import { vaeDecodeGraph } from '../graphs/decode-graph.ts';
import { denoiseGraphs } from '../graphs/denoise-graphs.ts';
import { imageEncoderGraph, vaeEncodeGraph } from '../graphs/encode-graphs.ts';
import type { GraphDraft, GraphOptions } from '../graphs/graph.ts';
import type { Weights } from '../safetensors/weights.ts';
import { attentionGraph, operatorsGraph } from './operator-graphs.ts';

/** Small graphs of every kind, by the name of the part. Those that take the least time are first. */
export const PROOF_PARTS = [
  'attention',
  'operators',
  'CLIP',
  'VAE encode',
  'cross-attention',
  'UNet step',
  'UNet step with guidance',
  'VAE decode',
] as const;

export type ProofPart = (typeof PROOF_PARTS)[number];

/** The head sizes are those of SVD: 64 in the UNet, 80 in CLIP, and 512 in the autoencoder. */
const UNET = {
  _class_name: 'UNetSpatioTemporalConditionModel',
  block_out_channels: [64, 320],
  down_block_types: ['CrossAttnDownBlockSpatioTemporal', 'DownBlockSpatioTemporal'],
  up_block_types: ['UpBlockSpatioTemporal', 'CrossAttnUpBlockSpatioTemporal'],
  layers_per_block: 1,
  num_attention_heads: [1, 5],
  cross_attention_dim: 64,
  addition_time_embed_dim: 32,
  projection_class_embeddings_input_dim: 96,
};
const VAE = {
  _class_name: 'AutoencoderKLTemporalDecoder',
  block_out_channels: [64, 512],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  layers_per_block: 2,
};
const CLIP = {
  hidden_size: 160,
  intermediate_size: 640,
  projection_dim: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  image_size: 56,
  patch_size: 14,
  hidden_act: 'gelu',
};

/** The size of the latents, and the number of frames. */
const SHAPE = { frames: 3, height: 4, width: 8 } as const;

/** The functions that write the graph of each part. */
export function createProofGraphs(
  weights: Weights,
): Readonly<Record<ProofPart, (options: GraphOptions) => GraphDraft>> {
  const vaeConfig = vaeConfigSchema.parse(VAE);
  const vae = { config: vaeConfig, scaleFactor: vaeScaleFactor(vaeConfig), weights };
  const checkpoint = {
    unet: { architecture: unetArchitecture(unetConfigSchema.parse(UNET)), weights },
    vae,
    decoder: vae,
    imageEncoder: { config: clipConfigSchema.parse(CLIP), weights },
  } satisfies Pick<Checkpoint, 'unet' | 'vae' | 'decoder' | 'imageEncoder'>;
  const denoise = (options: GraphOptions, guidance: boolean) =>
    denoiseGraphs(checkpoint, { ...SHAPE, guidance }, options);
  return {
    CLIP: (options) => imageEncoderGraph(checkpoint, options),
    'VAE encode': (options) =>
      vaeEncodeGraph(checkpoint, SHAPE.height * vae.scaleFactor, SHAPE.width * vae.scaleFactor, options),
    'cross-attention': (options) => denoise(options, false).condition,
    'UNet step': (options) => denoise(options, false).step,
    'UNet step with guidance': (options) => denoise(options, true).step,
    'VAE decode': (options) => vaeDecodeGraph(checkpoint, SHAPE, 'pixels', options),
    attention: (options) => attentionGraph(weights, options),
    operators: (options) => operatorsGraph(weights, options),
  };
}
