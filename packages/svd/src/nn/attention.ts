import type { Value } from '../onnx/graph-builder.ts';
import type { Emitter, FeatureMap } from './emitter.ts';
import { NORM_GROUPS } from '../checkpoint/norm-groups.ts';
import type { Scope } from './scope.ts';

/** Of every LayerNorm in diffusers' transformer blocks. */
const LAYER_NORM_EPS = 1e-5;

/**
 * What cross-attention adds to each token, `[1 or batch, dim]`, for the block whose `attn2` lies at `scope`. The context
 * is a single token (the photo's CLIP embedding), so the softmax over keys is 1 and the result does not depend on the
 * query: `W_out · W_v · context + b_out`, one vector a layer.
 */
export type CrossAttention = (scope: Scope, dim: number) => Value;

/** The vector of {@link CrossAttention}, from the context `[batch, contextDim]` itself. */
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

/** `attn2` and the norm before it, with all but the constant vector left out. */
function constantCrossAttention(scope: Scope, { dim, contextDim, crossAttention }: BlockOptions): Value {
  scope.dead({
    'norm2.weight': [dim],
    'norm2.bias': [dim],
    'attn2.to_q.weight': [dim, dim],
    'attn2.to_k.weight': [dim, contextDim],
  });
  return crossAttention(scope.sub('attn2'), dim);
}

/** diffusers' `Attention` over the tokens themselves. `constant` is added behind the projection. */
function selfAttention(e: Emitter, scope: Scope, x: Value, options: BlockOptions, constant: Value): Value {
  const { dim, heads } = options;
  const [query, key, value] = ['to_q', 'to_k', 'to_v'].map((name) =>
    e.linear(scope.sub(name), x, dim, { bias: false }),
  ) as [Value, Value, Value];
  return e.linear(scope.sub('to_out.0'), e.attention(query, key, value, heads), dim, { extraBias: constant });
}

/** diffusers' `FeedForward` with GEGLU and four times the width inside. */
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
 * diffusers' `TemporalBasicTransformerBlock`. Everything but the attention works on each token alone, so the tokens stay
 * `[batch·frames, h·w, dim]` and only the attention sees them as `[batch·h·w, frames, dim]`.
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

/** diffusers' `Attention` as the autoencoders use it: over a map, one head, with a GroupNorm, biases and a residual. */
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
