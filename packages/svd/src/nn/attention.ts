import type { Value } from '../onnx/graph-builder.ts';
import type { Emitter, FeatureMap } from './emitter.ts';
import { NORM_GROUPS } from '../checkpoint/norm-groups.ts';
import type { Scope } from './scope.ts';

/** Epsilon of every LayerNorm in diffusers' transformer blocks. */
const LAYER_NORM_EPS = 1e-5;

/**
 * Returns the vector that a cross-attention layer adds to each token, `[1 or batch, dim]`. `scope` is the layer's `attn2`.
 * The context is a single token (the CLIP embedding of the photo). So the softmax over the keys is 1, and the result
 * `W_out · W_v · context + b_out` does not depend on the query.
 */
export type CrossAttention = (scope: Scope, dim: number) => Value;

/** Computes the vector of a {@link CrossAttention} from the context `[batch, contextDim]`. */
export function crossAttentionVector(e: Emitter, scope: Scope, context: Value, dim: number): Value {
  return e.linear(scope.sub('to_out.0'), e.linear(scope.sub('to_v'), context, dim, { bias: false }), dim);
}

export interface BlockOptions {
  readonly dim: number;
  readonly heads: number;
  readonly contextDim: number;
  readonly crossAttention: CrossAttention;
  readonly batch: number;
}

/** `attn2` and the norm before it. Only the constant vector is computed; the other tensors have no effect. */
function constantCrossAttention(scope: Scope, { dim, contextDim, crossAttention }: BlockOptions): Value {
  scope.markUnused({
    'norm2.weight': [dim],
    'norm2.bias': [dim],
    'attn2.to_q.weight': [dim, dim],
    'attn2.to_k.weight': [dim, contextDim],
  });
  return crossAttention(scope.sub('attn2'), dim);
}

/** diffusers' `Attention` as self-attention. `constant` is added to the result of the output projection. */
function selfAttention(e: Emitter, scope: Scope, x: Value, options: BlockOptions, constant: Value): Value {
  const { dim, heads } = options;
  const [query, key, value] = ['to_q', 'to_k', 'to_v'].map((name) =>
    e.linear(scope.sub(name), x, dim, { bias: false }),
  ) as [Value, Value, Value];
  return e.linear(scope.sub('to_out.0'), e.attention(query, key, value, heads), dim, { extraBias: constant });
}

/** diffusers' `FeedForward` with GEGLU and an inner width of 4 · dim. */
function feedForward(e: Emitter, scope: Scope, x: Value, dim: number): Value {
  return e.linear(scope.sub('net.2'), e.geglu(scope.sub('net.0.proj'), x, 4 * dim), dim);
}

/** diffusers' `BasicTransformerBlock` over spatial tokens `[batch·frames, h·w, dim]`. */
export function basicTransformerBlock(e: Emitter, scope: Scope, x: Value, options: BlockOptions): Value {
  const norm = (name: string, h: Value) => e.layerNorm(scope.sub(name), h, LAYER_NORM_EPS);
  const cross = constantCrossAttention(scope, options);
  let h = e.addValues(x, selfAttention(e, scope.sub('attn1'), norm('norm1', x), options, cross));
  h = e.addValues(h, feedForward(e, scope.sub('ff'), norm('norm3', h), options.dim));
  return h;
}

/**
 * diffusers' `TemporalBasicTransformerBlock`. Only the attention mixes tokens, so only the attention needs the layout
 * `[batch·h·w, frames, dim]`; everything else works on `[batch·frames, h·w, dim]`.
 */
export function temporalBasicTransformerBlock(e: Emitter, scope: Scope, x: Value, options: BlockOptions): Value {
  const { dim, batch } = options;
  const norm = (name: string, h: Value) => e.layerNorm(scope.sub(name), h, LAYER_NORM_EPS);
  const cross = constantCrossAttention(scope, options);
  let h = e.addValues(x, feedForward(e, scope.sub('ff_in'), norm('norm_in', x), dim));
  const overTime = e.swapTokens(norm('norm1', h), batch);
  h = e.addValues(h, e.swapTokens(selfAttention(e, scope.sub('attn1'), overTime, options, cross), batch));
  h = e.addValues(h, feedForward(e, scope.sub('ff'), norm('norm3', h), dim));
  return h;
}

/** diffusers' `Attention` of the autoencoders: one head, over the positions of a map, with GroupNorm, biases and residual. */
export function attentionBlock(e: Emitter, scope: Scope, x: FeatureMap, eps: number): FeatureMap {
  const tokens = e.toTokens(e.groupNorm(scope.sub('group_norm'), x, { groups: NORM_GROUPS, eps }));
  const [query, key, value] = ['to_q', 'to_k', 'to_v'].map((name) => e.linear(scope.sub(name), tokens, x.c)) as [
    Value,
    Value,
    Value,
  ];
  const out = e.linear(scope.sub('to_out.0'), e.attention(query, key, value, 1), x.c);
  return e.add(x, e.toMap(out, x.h, x.w));
}
