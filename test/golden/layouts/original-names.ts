/** A rule from a name of diffusers or transformers to the original name. Groups are `$1`, `$2` … */
type Rule = readonly [RegExp, string];

const RESNET: readonly Rule[] = [
  [/spatial_res_block\.norm1/, 'in_layers.0'],
  [/spatial_res_block\.conv1/, 'in_layers.2'],
  [/spatial_res_block\.time_emb_proj/, 'emb_layers.1'],
  [/spatial_res_block\.norm2/, 'out_layers.0'],
  [/spatial_res_block\.conv2/, 'out_layers.3'],
  [/spatial_res_block\.conv_shortcut/, 'skip_connection'],
  [/temporal_res_block\.norm1/, 'time_stack.in_layers.0'],
  [/temporal_res_block\.conv1/, 'time_stack.in_layers.2'],
  [/temporal_res_block\.time_emb_proj/, 'time_stack.emb_layers.1'],
  [/temporal_res_block\.norm2/, 'time_stack.out_layers.0'],
  [/temporal_res_block\.conv2/, 'time_stack.out_layers.3'],
];

const TRANSFORMER: readonly Rule[] = [
  [/temporal_transformer_blocks/, 'time_stack'],
  [/time_pos_embed\.linear_1/, 'time_pos_embed.0'],
  [/time_pos_embed\.linear_2/, 'time_pos_embed.2'],
];

const UNET: readonly Rule[] = [
  [/^conv_in/, 'input_blocks.0.0'],
  [/^time_embedding\.linear_1/, 'time_embed.0'],
  [/^time_embedding\.linear_2/, 'time_embed.2'],
  [/^add_embedding\.linear_1/, 'label_emb.0.0'],
  [/^add_embedding\.linear_2/, 'label_emb.0.2'],
  [/^conv_norm_out/, 'out.0'],
  [/^conv_out/, 'out.2'],
  [/^mid_block\.resnets\.0/, 'middle_block.0'],
  [/^mid_block\.attentions\.0/, 'middle_block.1'],
  [/^mid_block\.resnets\.1/, 'middle_block.2'],
];

/** With one layer in each block: SVD has `layers` 2. `hasAttention` tells whether the layer of an up block has a transformer. */
export function originalUnetName(name: string, layers: number, hasAttention: (upBlock: number) => boolean): string {
  const place = name
    .replace(/^down_blocks\.(\d+)\.(resnets|attentions)\.(\d+)/, (_, block, kind, index) => {
      return `input_blocks.${1 + Number(block) * (layers + 1) + Number(index)}.${kind === 'resnets' ? 0 : 1}`;
    })
    .replace(/^down_blocks\.(\d+)\.downsamplers\.0\.conv/, (_, block) => {
      return `input_blocks.${(Number(block) + 1) * (layers + 1)}.0.op`;
    })
    .replace(/^up_blocks\.(\d+)\.(resnets|attentions)\.(\d+)/, (_, block, kind, index) => {
      return `output_blocks.${Number(block) * (layers + 1) + Number(index)}.${kind === 'resnets' ? 0 : 1}`;
    })
    .replace(/^up_blocks\.(\d+)\.upsamplers\.0\.conv/, (_, block) => {
      const last = Number(block) * (layers + 1) + layers;
      return `output_blocks.${last}.${hasAttention(Number(block)) ? 2 : 1}.conv`;
    });
  return apply([...UNET, ...RESNET, ...TRANSFORMER], place);
}

const VAE: readonly Rule[] = [
  [/conv_norm_out/, 'norm_out'],
  [/^decoder\.time_conv_out/, 'decoder.conv_out.time_mix_conv'],
  [/mid_block\.resnets\.0/, 'mid.block_1'],
  [/mid_block\.resnets\.1/, 'mid.block_2'],
  [/mid_block\.attentions\.0/, 'mid.attn_1'],
  [/attn_1\.group_norm/, 'attn_1.norm'],
  [/attn_1\.to_q/, 'attn_1.q'],
  [/attn_1\.to_k/, 'attn_1.k'],
  [/attn_1\.to_v/, 'attn_1.v'],
  [/attn_1\.to_out\.0/, 'attn_1.proj_out'],
  [/^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)/, 'encoder.down.$1.block.$2'],
  [/^encoder\.down_blocks\.(\d+)\.downsamplers\.0/, 'encoder.down.$1.downsample'],
  [/time_mixer\.mix_factor/, 'mix_factor'],
  [/temporal_res_block\.norm1/, 'time_stack.in_layers.0'],
  [/temporal_res_block\.conv1/, 'time_stack.in_layers.2'],
  [/temporal_res_block\.norm2/, 'time_stack.out_layers.0'],
  [/temporal_res_block\.conv2/, 'time_stack.out_layers.3'],
  [/spatial_res_block\./, ''],
  [/conv_shortcut/, 'nin_shortcut'],
];

export function originalVaeName(name: string, levels: number): string {
  const place = name
    .replace(/^decoder\.up_blocks\.(\d+)\.resnets/, (_, i) => `decoder.up.${levels - 1 - Number(i)}.block`)
    .replace(/^decoder\.up_blocks\.(\d+)\.upsamplers\.0/, (_, i) => `decoder.up.${levels - 1 - Number(i)}.upsample`);
  return apply(VAE, place);
}

const CLIP: readonly Rule[] = [
  [/^vision_model\.embeddings\.class_embedding/, 'class_embedding'],
  [/^vision_model\.embeddings\.position_embedding\.weight/, 'positional_embedding'],
  [/^vision_model\.embeddings\.patch_embedding/, 'conv1'],
  [/^vision_model\.pre_layrnorm/, 'ln_pre'],
  [/^vision_model\.post_layernorm/, 'ln_post'],
  [/^vision_model\.encoder\.layers\.(\d+)/, 'transformer.resblocks.$1'],
  [/layer_norm1/, 'ln_1'],
  [/layer_norm2/, 'ln_2'],
  [/self_attn\.out_proj/, 'attn.out_proj'],
  [/mlp\.fc1/, 'mlp.c_fc'],
  [/mlp\.fc2/, 'mlp.c_proj'],
  [/^visual_projection\.weight/, 'proj'],
];

export const originalClipName = (name: string): string => apply(CLIP, name);

const apply = (rules: readonly Rule[], name: string): string =>
  rules.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), name);
