import type { TensorEntry } from '../../safetensors/weights.ts';

/** Channels of an attention head of SVD's UNet. The tensors do not contain it. */
const UNET_HEAD = 64;
/** Channels of an attention head of open_clip's ViT-H/14, the image encoder of SVD. */
const CLIP_HEAD = 80;
/** `scaling_factor` of SVD's autoencoder. */
const SCALING_FACTOR = 0.18215;

/** The configs that diffusers has in files. They are validated by the same schemas. */
export interface InferredConfigs {
  readonly unet: Readonly<Record<string, unknown>>;
  readonly vae: Readonly<Record<string, unknown>>;
  readonly imageEncoder: Readonly<Record<string, unknown>>;
}

/** Looks up shapes in the tensors of one component. A missing tensor has the shape `[]`, and fails the check of the config. */
function createShapes(entries: readonly TensorEntry[]) {
  const shapes = new Map(entries.map(({ name, shape }) => [name, shape]));
  const size = (name: string, axis: number): number => shapes.get(name)?.[axis] ?? 0;
  const has = (name: string): boolean => shapes.has(name);
  /** Counts from 0 as long as there is a tensor. */
  const count = (nameOf: (index: number) => string): number => {
    let found = 0;
    while (has(nameOf(found))) found++;
    return found;
  };
  return { size, has, count };
}

/**
 * Infers what diffusers' `config.json`s contain from the names and shapes of the tensors, under diffusers' names. The widths of
 * the attention heads, which are not visible there, are those of SVD.
 */
export function inferConfigs(
  unet: readonly TensorEntry[],
  vae: readonly TensorEntry[],
  imageEncoder: readonly TensorEntry[],
): InferredConfigs {
  return { unet: unetConfig(unet), vae: vaeConfig(vae), imageEncoder: clipConfig(imageEncoder) };
}

function unetConfig(entries: readonly TensorEntry[]) {
  const { size, has, count } = createShapes(entries);
  const resnet = (block: string, index: number) => `${block}.resnets.${index}.spatial_res_block.conv1.weight`;
  const levels = count((i) => resnet(`down_blocks.${i}`, 0));
  const numbers = [...Array(levels).keys()];
  const channels = numbers.map((i) => size(resnet(`down_blocks.${i}`, 0), 0));
  const isCross = (path: string) => has(`${path}.attentions.0.norm.weight`);
  const layersOf = (attention: string) =>
    Math.max(
      1,
      count((i) => `${attention}.transformer_blocks.${i}.norm1.weight`),
    );
  const addition = size('add_embedding.linear_1.weight', 1);
  return {
    _class_name: 'UNetSpatioTemporalConditionModel',
    in_channels: size('conv_in.weight', 1),
    out_channels: size('conv_out.weight', 0),
    block_out_channels: channels,
    layers_per_block: numbers.map((i) => count((j) => resnet(`down_blocks.${i}`, j))),
    down_block_types: numbers.map((i) =>
      isCross(`down_blocks.${i}`) ? 'CrossAttnDownBlockSpatioTemporal' : 'DownBlockSpatioTemporal',
    ),
    up_block_types: numbers.map((i) =>
      isCross(`up_blocks.${i}`) ? 'CrossAttnUpBlockSpatioTemporal' : 'UpBlockSpatioTemporal',
    ),
    addition_time_embed_dim: addition / 3,
    projection_class_embeddings_input_dim: addition,
    cross_attention_dim: size('mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight', 1),
    transformer_layers_per_block: numbers.map((i) =>
      layersOf(isCross(`down_blocks.${i}`) ? `down_blocks.${i}.attentions.0` : 'mid_block.attentions.0'),
    ),
    num_attention_heads: channels.map((width) => width / UNET_HEAD),
  };
}

function vaeConfig(entries: readonly TensorEntry[]) {
  const { size, has, count } = createShapes(entries);
  const resnet = (level: number, index: number) => `encoder.down_blocks.${level}.resnets.${index}.conv1.weight`;
  const levels = [...Array(count((i) => resnet(i, 0))).keys()];
  return {
    _class_name: 'AutoencoderKLTemporalDecoder',
    block_out_channels: levels.map((i) => size(resnet(i, 0), 0)),
    layers_per_block: count((j) => resnet(0, j)),
    down_block_types: levels.map((i) =>
      has(`encoder.down_blocks.${i}.attentions.0.to_q.weight`) ? 'AttnDownEncoderBlock2D' : 'DownEncoderBlock2D',
    ),
    latent_channels: size('decoder.conv_in.weight', 1),
    scaling_factor: SCALING_FACTOR,
    use_quant_conv: has('quant_conv.weight'),
  };
}

function clipConfig(entries: readonly TensorEntry[]) {
  const { size, count } = createShapes(entries);
  const embeddings = 'vision_model.embeddings';
  const layer = (i: number) => `vision_model.encoder.layers.${i}`;
  const hidden = size(`${embeddings}.class_embedding`, 0);
  const patch = size(`${embeddings}.patch_embedding.weight`, 2);
  return {
    architectures: ['CLIPVisionModelWithProjection'],
    hidden_size: hidden,
    intermediate_size: size(`${layer(0)}.mlp.fc1.weight`, 0),
    projection_dim: size('visual_projection.weight', 0),
    num_hidden_layers: count((i) => `${layer(i)}.layer_norm1.weight`),
    num_attention_heads: hidden / CLIP_HEAD,
    image_size: Math.sqrt(size(`${embeddings}.position_embedding.weight`, 0) - 1) * patch,
    patch_size: patch,
    hidden_act: 'gelu',
  };
}
