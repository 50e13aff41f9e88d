import type { UNetArchitecture } from '../checkpoint/unet-config.ts';
import { ADDED_TIME_IDS } from '../checkpoint/unet-config.ts';
import type { CrossAttention } from '../nn/attention.ts';
import { timestepEmbedding } from '../nn/embeddings.ts';
import type { CachePoint } from '../nn/deep-cache.ts';
import type { Emitter, FeatureMap } from '../nn/emitter.ts';
import { NORM_GROUPS } from '../checkpoint/norm-groups.ts';
import type { Scope } from '../nn/scope.ts';
import { downBlock, midBlock, upBlock } from '../nn/unet-3d-blocks.ts';
import type { Value } from '../onnx/graph-builder.ts';

export interface UNetInputs {
  /** The noisy latents and the latents of the photo, concatenated by channel: `[batch·frames, inChannels, h, w]`. */
  readonly sample: FeatureMap;
  /** Sinusoidal embedding of the timestep, `[1 or batch, block_out_channels[0]]`. */
  readonly timestep: Value;
  /** Sinusoidal embeddings of the added time ids, `[1 or batch, 3 · addition_time_embed_dim]`. */
  readonly addedTimeIds: Value;
  readonly crossAttention: CrossAttention;
  readonly frames: number;
  /** Default: a full pass. */
  readonly cache?: UNetCache;
}

/** DeepCache: a full pass that keeps what enters the up path's module at `point`, or a shallow pass that reads it. */
export type UNetCache =
  | { readonly point: CachePoint; readonly keep: (entering: FeatureMap) => void }
  | { readonly point: CachePoint; readonly cached: FeatureMap };

/**
 * diffusers' `UNetSpatioTemporalConditionModel`.
 * @returns the prediction, `[batch·frames, outChannels, h, w]`
 */
export function unetSpatioTemporalCondition(
  e: Emitter,
  scope: Scope,
  architecture: UNetArchitecture,
  inputs: UNetInputs,
): FeatureMap {
  const { down, mid, up, timeEmbedDim, outChannels } = architecture;
  const { frames, crossAttention, cache } = inputs;
  const shallow = cache && 'cached' in cache ? cache : null;
  const firstChannels = down[0]?.channels ?? 0;

  const time = timestepEmbedding(e, scope.sub('time_embedding'), inputs.timestep, timeEmbedDim);
  const added = timestepEmbedding(e, scope.sub('add_embedding'), inputs.addedTimeIds, timeEmbedDim);
  // Every resnet starts with the SiLU of this vector, so it is computed once for all.
  const temb = e.activate(e.addValues(time, added), 'silu');
  const context = { frames, temb, crossAttention };

  let h = e.conv2d(scope.sub('conv_in'), inputs.sample, { outChannels: firstChannels });
  const skips = [h];
  const most = (shallow?.point.downModules ?? Infinity) + 1;
  for (const [i, block] of down.entries()) {
    const left = most - skips.length;
    const outputs = downBlock(e, scope.sub('down_blocks', i), h, block, context, i < down.length - 1, left);
    skips.push(...outputs);
    h = outputs.at(-1) ?? h;
  }
  h = shallow?.cached ?? midBlock(e, scope.sub('mid_block'), h, mid, context);
  let first = 0;
  for (const [i, block] of up.entries()) {
    const count = block.transformerLayers.length;
    const from = Math.max(0, (shallow?.point.upFrom ?? 0) - first);
    const onEnter = (index: number, entering: FeatureMap) => {
      if (cache && 'keep' in cache && first + index === cache.point.upFrom) cache.keep(entering);
    };
    if (from < count) {
      h = upBlock(e, scope.sub('up_blocks', i), h, block, context, skips, i < up.length - 1, from, onEnter);
    }
    first += count;
  }
  h = e.groupNorm(scope.sub('conv_norm_out'), h, { groups: NORM_GROUPS, eps: 1e-5, activation: 'silu' });
  return e.conv2d(scope.sub('conv_out'), h, { outChannels });
}

/** The number of columns of {@link UNetInputs.timestep} and {@link UNetInputs.addedTimeIds}. */
export const sinusoidWidths = (architecture: UNetArchitecture) => ({
  timestep: architecture.down[0]?.channels ?? 0,
  addedTimeIds: ADDED_TIME_IDS * architecture.additionTimeEmbedDim,
});
