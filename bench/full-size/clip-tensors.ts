import type { TensorSpec } from '@cinematica/svd/internal';
import { createTensorList } from './tensor-list.ts';

/** The fields of an image encoder's config that determine the shapes of its weights. */
export interface ClipShape {
  readonly hidden_size: number;
  readonly image_size: number;
  readonly intermediate_size: number;
  readonly num_channels: number;
  readonly num_hidden_layers: number;
  readonly patch_size: number;
  readonly projection_dim: number;
}

/** The tensors of a CLIPVisionModelWithProjection with transformers' names ("pre_layrnorm" is its spelling). */
export function clipTensors(config: ClipShape): readonly TensorSpec[] {
  const list = createTensorList();
  const { hidden_size: width, intermediate_size: inner, patch_size: patch } = config;
  const tokens = (config.image_size / patch) ** 2 + 1;

  list.add('vision_model.embeddings.class_embedding', [width]);
  list.layer('vision_model.embeddings.patch_embedding', width, config.num_channels, [patch, patch], false);
  list.add('vision_model.embeddings.position_embedding.weight', [tokens, width]);
  list.norm('vision_model.pre_layrnorm', width);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `vision_model.encoder.layers.${i}`;
    list.norm(`${layer}.layer_norm1`, width);
    list.norm(`${layer}.layer_norm2`, width);
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) {
      list.layer(`${layer}.self_attn.${part}`, width, width);
    }
    list.layer(`${layer}.mlp.fc1`, inner, width);
    list.layer(`${layer}.mlp.fc2`, width, inner);
  }
  list.norm('vision_model.post_layernorm', width);
  list.layer('visual_projection', config.projection_dim, width, [], false);
  return list.tensors;
}
