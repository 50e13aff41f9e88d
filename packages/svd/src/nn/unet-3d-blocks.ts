import type { UNetBlock } from '../checkpoint/unet-config.ts';
import type { CrossAttention } from './attention.ts';
import type { Emitter, FeatureMap } from './emitter.ts';
import { spatioTemporalResBlock } from './resnet.ts';
import type { Temb } from './resnet.ts';
import { downsample2D, upsample2D } from './sampling.ts';
import type { Scope } from './scope.ts';
import { transformerSpatioTemporal } from './transformer-temporal.ts';

/** The inputs that all blocks of the UNet share. */
export interface UNetContext {
  readonly frames: number;
  readonly temb: Temb;
  readonly crossAttention: CrossAttention;
}

function layer(
  e: Emitter,
  scope: Scope,
  x: FeatureMap,
  index: number,
  block: UNetBlock,
  context: UNetContext,
): FeatureMap {
  const { channels, heads, contextDim, eps } = block;
  const resnet = scope.sub('resnets', index);
  const h = spatioTemporalResBlock(e, resnet, x, { ...context, outChannels: channels, eps });
  const layers = block.transformerLayers[index];
  if (layers === null || layers === undefined) return h;
  return transformerSpatioTemporal(e, scope.sub('attentions', index), h, { ...context, heads, layers, contextDim });
}

/**
 * diffusers' `DownBlockSpatioTemporal` and `CrossAttnDownBlockSpatioTemporal`.
 * @param most at most so many outputs are computed
 * @returns the output of each layer, followed by the downsampled one if `addDownsample` is set
 */
export function downBlock(
  e: Emitter,
  scope: Scope,
  x: FeatureMap,
  block: UNetBlock,
  context: UNetContext,
  addDownsample: boolean,
  most = Infinity,
): FeatureMap[] {
  const outputs: FeatureMap[] = [];
  let h = x;
  for (const index of block.transformerLayers.keys()) {
    if (index < most) outputs.push((h = layer(e, scope, h, index, block, context)));
  }
  if (addDownsample && block.transformerLayers.length < most)
    outputs.push(downsample2D(e, scope.sub('downsamplers.0'), h));
  return outputs;
}

/** diffusers' `UNetMidBlockSpatioTemporal`: resnet, transformer, resnet. */
export function midBlock(e: Emitter, scope: Scope, x: FeatureMap, block: UNetBlock, context: UNetContext): FeatureMap {
  const h = layer(e, scope, x, 0, block, context);
  return layer(e, scope, h, 1, block, context);
}

/**
 * diffusers' `UpBlockSpatioTemporal` and `CrossAttnUpBlockSpatioTemporal`.
 * @param skips the outputs of the down blocks; each layer removes the last one
 * @param from the first layer that is computed
 * @param onEnter is given the input of each layer, without the skip connection
 */
export function upBlock(
  e: Emitter,
  scope: Scope,
  x: FeatureMap,
  block: UNetBlock,
  context: UNetContext,
  skips: FeatureMap[],
  addUpsample: boolean,
  from = 0,
  onEnter: (index: number, h: FeatureMap) => void = () => undefined,
): FeatureMap {
  let h = x;
  for (const index of block.transformerLayers.keys()) {
    if (index < from) continue;
    onEnter(index, h);
    const skip = skips.pop();
    if (!skip) throw new RangeError(`${scope.path}: there is no skip connection left`);
    h = layer(e, scope, e.concat([h, skip]), index, block, context);
  }
  const next = skips.at(-1);
  return addUpsample ? upsample2D(e, scope.sub('upsamplers.0'), h, next?.h, next?.w) : h;
}
