import { NORM_GROUPS } from '../checkpoint/norm-groups.ts';
import type { Value } from '../onnx/graph-builder.ts';
import type { Emitter, FeatureMap } from './emitter.ts';
import type { Scope } from './scope.ts';

/** SiLU of the time embedding, `[1 or batch, features]`; `null` in the autoencoder, which has no time embedding. */
export type Temb = Value | null;

export interface ResnetOptions {
  readonly outChannels: number;
  readonly eps: number;
  readonly temb: Temb;
}

/** diffusers' `ResnetBlock2D`. */
export function resnetBlock2D(e: Emitter, scope: Scope, x: FeatureMap, options: ResnetOptions): FeatureMap {
  const { outChannels, eps, temb } = options;
  const norm = { groups: NORM_GROUPS, eps, activation: 'silu' } as const;
  let h = e.conv2d(scope.sub('conv1'), e.groupNorm(scope.sub('norm1'), x, norm), { outChannels });
  if (temb) h = e.addVector(h, e.linear(scope.sub('time_emb_proj'), temb, outChannels));
  h = e.conv2d(scope.sub('conv2'), e.groupNorm(scope.sub('norm2'), h, norm), { outChannels });
  const shortcut = x.c === outChannels ? x : e.conv2d(scope.sub('conv_shortcut'), x, { outChannels, kernel: [1, 1] });
  return e.add(shortcut, h);
}

/**
 * diffusers' `TemporalResnetBlock` without its residual connection, on a video map. There, its (3,1,1) convolutions are
 * two-dimensional, and the statistics of GroupNorm cover all frames.
 * @param weight scalar that multiplies the result; it is folded into the last convolution
 */
function temporalResnetBranch(
  e: Emitter,
  scope: Scope,
  x: FeatureMap,
  weight: Value,
  options: ResnetOptions,
): FeatureMap {
  const { outChannels, eps, temb } = options;
  const norm = { groups: NORM_GROUPS, eps, activation: 'silu' } as const;
  const conv = { outChannels, kernel: [3, 1], storedShape: [outChannels, x.c, 3, 1, 1] } as const;
  let h = e.conv2d(scope.sub('conv1'), e.groupNorm(scope.sub('norm1'), x, norm), conv);
  if (temb) h = e.addVector(h, e.linear(scope.sub('time_emb_proj'), temb, outChannels));
  return e.conv2d(scope.sub('conv2'), e.groupNorm(scope.sub('norm2'), h, norm), { ...conv, scale: weight });
}

export interface SpatioTemporalOptions extends ResnetOptions {
  readonly frames: number;
  /** Epsilon of the temporal block; default `eps`. */
  readonly temporalEps?: number;
  /** Whether `sigmoid(mix_factor)` is the weight of the temporal block, as in the autoencoder. Default false. */
  readonly switchSpatialToTemporalMix?: boolean;
}

/**
 * diffusers' `SpatioTemporalResBlock`. Its `AlphaBlender` computes `α·s + (1 − α)·(s + h)` = `s + (1 − α)·h`. So the blend
 * is a factor of the temporal block's last convolution, and needs no separate operation.
 */
export function spatioTemporalResBlock(
  e: Emitter,
  scope: Scope,
  x: FeatureMap,
  options: SpatioTemporalOptions,
): FeatureMap {
  return withTemporalResBlock(e, scope, spatialResBlock(e, scope, x, options), options);
}

/** The first half of a `SpatioTemporalResBlock`, which computes each frame alone. */
export const spatialResBlock = (e: Emitter, scope: Scope, x: FeatureMap, options: ResnetOptions): FeatureMap =>
  resnetBlock2D(e, scope.sub('spatial_res_block'), x, options);

/** The second half of a `SpatioTemporalResBlock`, for the result of the first. */
export function withTemporalResBlock(
  e: Emitter,
  scope: Scope,
  spatial: FeatureMap,
  options: SpatioTemporalOptions,
): FeatureMap {
  const temporalWeight = e.sigmoid(scope.sub('time_mixer'), 'mix_factor', {
    negate: !options.switchSpatialToTemporalMix,
  });
  const video = e.framesTogether(spatial, options.frames);
  const temporal = temporalResnetBranch(e, scope.sub('temporal_res_block'), video, temporalWeight, {
    ...options,
    eps: options.temporalEps ?? options.eps,
  });
  return e.add(spatial, e.framesApart(temporal, spatial.h, spatial.w));
}
