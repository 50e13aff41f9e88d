import { basicTransformerBlock, temporalBasicTransformerBlock } from './attention.ts';
import type { CrossAttention } from './attention.ts';
import { sinusoid, timestepEmbedding } from './embeddings.ts';
import type { Emitter, FeatureMap } from './emitter.ts';
import { NORM_GROUPS } from '../checkpoint/norm-groups.ts';
import type { Scope } from './scope.ts';

export interface TransformerOptions {
  readonly frames: number;
  readonly heads: number;
  readonly layers: number;
  readonly contextDim: number;
  readonly crossAttention: CrossAttention;
}

/** diffusers' `TransformerSpatioTemporalModel`: each layer blends a spatial and a temporal block by a learned scalar. */
export function transformerSpatioTemporal(
  e: Emitter,
  scope: Scope,
  x: FeatureMap,
  options: TransformerOptions,
): FeatureMap {
  const { frames, heads, layers } = options;
  const dim = heads * Math.floor(x.c / heads);
  const batch = x.n / frames;
  const block = { ...options, dim, batch };

  const positions = e.graph.constant(sinusoid([...Array(frames).keys()], x.c), [frames, x.c]);
  const embedded = timestepEmbedding(e, scope.sub('time_pos_embed'), positions, 4 * x.c, x.c);
  const frameEmbedding = e.reshape(embedded, [frames, 1, x.c]);
  const alpha = e.sigmoid(scope.sub('time_mixer'), 'mix_factor');

  let h = e.toTokens(e.groupNorm(scope.sub('norm'), x, { groups: NORM_GROUPS, eps: 1e-6 }));
  h = e.linear(scope.sub('proj_in'), h, dim);
  for (let layer = 0; layer < layers; layer++) {
    h = basicTransformerBlock(e, scope.sub('transformer_blocks', layer), h, block);
    const perFrame = e.reshape(h, [batch, frames, x.h * x.w, dim]);
    const placed = e.reshape(e.addValues(perFrame, frameEmbedding), h.shape);
    const mixed = temporalBasicTransformerBlock(e, scope.sub('temporal_transformer_blocks', layer), placed, block);
    h = e.blend(h, mixed, alpha);
  }
  return e.add(x, e.toMap(e.linear(scope.sub('proj_out'), h, x.c), x.h, x.w));
}
