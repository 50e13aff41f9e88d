import { createRename } from './rename.ts';

const BLOCK_LAYERS: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

/**
 * The map from the names of open_clip's vision tower (below `visual.`) to those of transformers' `CLIPVisionModelWithProjection`.
 * A fused `in_proj` has no name there: see `IN_PROJ`.
 */
export const clipNames = createRename([
  [/^class_embedding$/, 'vision_model.embeddings.class_embedding'],
  [/^positional_embedding$/, 'vision_model.embeddings.position_embedding.weight'],
  [/^conv1\.weight$/, 'vision_model.embeddings.patch_embedding.weight'],
  // "pre_layrnorm" is the spelling of transformers.
  [/^ln_pre\.(\w+)$/, 'vision_model.pre_layrnorm.$1'],
  [/^ln_post\.(\w+)$/, 'vision_model.post_layernorm.$1'],
  [/^proj$/, 'visual_projection.weight'],
  [
    /^transformer\.resblocks\.(\d+)\.(ln_1|ln_2|attn\.out_proj|mlp\.c_fc|mlp\.c_proj)\.(\w+)$/,
    (block, layer = '', leaf) => `vision_model.encoder.layers.${block}.${BLOCK_LAYERS[layer]}.${leaf}`,
  ],
]);

/** The fused projection of query, key and value: the rows of the query first, then those of the key, then the value's. */
export const IN_PROJ = /^transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)$/;

/** The names of the three parts of a fused projection, in their order. */
export const inProjParts = (block: string, leaf: string): string[] =>
  ['q_proj', 'k_proj', 'v_proj'].map((part) => `vision_model.encoder.layers.${block}.self_attn.${part}.${leaf}`);

/** The projection is stored as `[width, projection_dim]`: the transpose of the weight in transformers. */
export const TRANSPOSED = 'proj';
