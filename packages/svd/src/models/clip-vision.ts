import type { ClipConfig } from '../checkpoint/clip-config.ts';
import type { Activation, Emitter, FeatureMap } from '../nn/emitter.ts';
import type { Scope } from '../nn/scope.ts';
import type { Value } from '../onnx/graph-builder.ts';

const ACTIVATIONS: Readonly<Record<ClipConfig['hidden_act'], Activation>> = {
  gelu: 'gelu',
  quick_gelu: 'quick_gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

/** transformers' `CLIPEncoderLayer` over tokens `[1, s, hidden_size]`. */
function encoderLayer(e: Emitter, scope: Scope, x: Value, config: ClipConfig): Value {
  const { hidden_size: size, layer_norm_eps: eps } = config;
  const attention = scope.sub('self_attn');
  const normed = e.layerNorm(scope.sub('layer_norm1'), x, eps);
  const [query, key, value] = ['q_proj', 'k_proj', 'v_proj'].map((name) =>
    e.linear(attention.sub(name), normed, size),
  ) as [Value, Value, Value];
  const attended = e.attention(query, key, value, config.num_attention_heads);
  const h = e.addValues(x, e.linear(attention.sub('out_proj'), attended, size));
  const inner = e.linear(scope.sub('mlp.fc1'), e.layerNorm(scope.sub('layer_norm2'), h, eps), config.intermediate_size);
  return e.addValues(h, e.linear(scope.sub('mlp.fc2'), e.activate(inner, ACTIVATIONS[config.hidden_act]), size));
}

/**
 * transformers' `CLIPVisionModelWithProjection(pixels).image_embeds`.
 * @param pixels normalised pixels, `[1, 3, image_size, image_size]`
 * @returns the embedding, not normalised to unit length, `[1, projection_dim]`
 */
export function clipVision(e: Emitter, root: Scope, config: ClipConfig, pixels: FeatureMap): Value {
  const { hidden_size: size, patch_size: patch, layer_norm_eps: eps } = config;
  const scope = root.sub('vision_model');
  const embeddings = scope.sub('embeddings');
  const patches = e.conv2d(embeddings.sub('patch_embedding'), pixels, {
    outChannels: size,
    kernel: [patch, patch],
    stride: patch,
    padding: [0, 0, 0, 0],
    bias: false,
  });
  const classToken = e.reshape(e.parameter(embeddings, 'class_embedding', [size]), [1, 1, size]);
  const tokens = e.concatValues([classToken, e.toTokens(patches)], 1);
  const positions = e.parameter(embeddings.sub('position_embedding'), 'weight', [patches.h * patches.w + 1, size]);
  // "pre_layrnorm" is the spelling of transformers and of the checkpoints.
  let h = e.layerNorm(scope.sub('pre_layrnorm'), e.addValues(tokens, positions), eps);
  for (let i = 0; i < config.num_hidden_layers; i++) h = encoderLayer(e, scope.sub('encoder.layers', i), h, config);
  const pooled = e.layerNorm(scope.sub('post_layernorm'), e.firstToken(h), eps);
  return e.linear(root.sub('visual_projection'), pooled, config.projection_dim, { bias: false });
}
