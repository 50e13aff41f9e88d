import type { TemporalDecoderConfig } from '../checkpoint/vae-config.ts';
import { attentionBlock } from '../nn/attention.ts';
import type { Emitter, FeatureMap } from '../nn/emitter.ts';
import { NORM_GROUPS } from '../checkpoint/norm-groups.ts';
import { resnetBlock2D, spatialResBlock, spatioTemporalResBlock, withTemporalResBlock } from '../nn/resnet.ts';
import { downsample2DRightBottom, upsample2D } from '../nn/sampling.ts';
import type { Scope } from '../nn/scope.ts';

const EPS = 1e-6;
const TEMPORAL_EPS = 1e-5;

/**
 * diffusers' `AutoencoderKLTemporalDecoder.encode(x).latent_dist.mode()`.
 * @param x pixels in −1…1, `[n, 3, H, W]`
 * @returns the mean of the posterior, not scaled, `[n, latent_channels, H / f, W / f]`
 */
export function encode(e: Emitter, root: Scope, config: TemporalDecoderConfig, x: FeatureMap): FeatureMap {
  const { block_out_channels: channels, layers_per_block: layers, latent_channels: latentChannels } = config;
  const scope = root.sub('encoder');
  const resnet = (at: Scope, h: FeatureMap, outChannels: number) =>
    resnetBlock2D(e, at, h, { outChannels, eps: EPS, temb: null });

  let h = e.conv2d(scope.sub('conv_in'), x, { outChannels: channels[0] ?? 0 });
  for (const [i, outChannels] of channels.entries()) {
    const block = scope.sub('down_blocks', i);
    for (let j = 0; j < layers; j++) {
      h = resnet(block.sub('resnets', j), h, outChannels);
      if (config.down_block_types[i] === 'AttnDownEncoderBlock2D') {
        h = attentionBlock(e, block.sub('attentions', j), h, EPS);
      }
    }
    if (i < channels.length - 1) h = downsample2DRightBottom(e, block.sub('downsamplers.0'), h);
  }
  const mid = scope.sub('mid_block');
  h = resnet(mid.sub('resnets.0'), h, h.c);
  h = attentionBlock(e, mid.sub('attentions.0'), h, EPS);
  h = resnet(mid.sub('resnets.1'), h, h.c);
  h = e.groupNorm(scope.sub('conv_norm_out'), h, { groups: NORM_GROUPS, eps: EPS, activation: 'silu' });
  h = e.conv2d(scope.sub('conv_out'), h, { outChannels: 2 * latentChannels });
  const moments = config.use_quant_conv
    ? e.conv2d(root.sub('quant_conv'), h, { outChannels: 2 * latentChannels, kernel: [1, 1] })
    : h;
  return e.channels(moments, latentChannels);
}

/**
 * diffusers' `TemporalDecoder`.
 * @param z latents of the frames to decode together, divided by the scaling factor, `[frames, latent_channels, h, w]`
 * @returns pixels in about −1…1, `[frames, 3, H, W]`
 */
export function decode(e: Emitter, root: Scope, config: TemporalDecoderConfig, z: FeatureMap): FeatureMap {
  const { block_out_channels: channels, layers_per_block: layers, out_channels: outChannels } = config;
  const frames = z.n;
  const scope = root.sub('decoder');
  const options = { eps: EPS, temporalEps: TEMPORAL_EPS, temb: null, frames, switchSpatialToTemporalMix: true };
  const resnet = (at: Scope, h: FeatureMap, width: number) =>
    spatioTemporalResBlock(e, at, h, { ...options, outChannels: width });

  /** The upsampler of a block and the first resnet of the next one. The maps between them are the largest of the decoder. */
  const upsampledResnet = (block: Scope, next: Scope, h: FeatureMap, width: number) => {
    const at = next.sub('resnets.0');
    const spatial = e.mapwise(h, 4 * h.c * h.h * h.w, (maps) =>
      spatialResBlock(e, at, upsample2D(e, block.sub('upsamplers.0'), maps), { ...options, outChannels: width }),
    );
    return withTemporalResBlock(e, at, spatial, { ...options, outChannels: width });
  };

  const deepest = channels.at(-1) ?? 0;
  let h = e.conv2d(scope.sub('conv_in'), z, { outChannels: deepest });
  h = midBlockTemporalDecoder(e, scope.sub('mid_block'), h, layers, resnet);
  for (const [i, width] of channels.toReversed().entries()) {
    const block = scope.sub('up_blocks', i);
    h =
      i === 0
        ? resnet(block.sub('resnets.0'), h, width)
        : upsampledResnet(scope.sub('up_blocks', i - 1), block, h, width);
    for (let j = 1; j <= layers; j++) h = resnet(block.sub('resnets', j), h, width);
  }
  h = e.groupNorm(scope.sub('conv_norm_out'), h, { groups: NORM_GROUPS, eps: EPS, activation: 'silu' });
  h = e.conv2d(scope.sub('conv_out'), h, { outChannels });
  const video = e.conv2d(scope.sub('time_conv_out'), e.framesTogether(h, frames), {
    outChannels,
    kernel: [3, 1],
    storedShape: [outChannels, outChannels, 3, 1, 1],
  });
  return e.framesApart(video, h.h, h.w);
}

/**
 * diffusers' `MidBlockTemporalDecoder`. It always has one attention, and runs pairs of an attention and a resnet after the
 * first resnet. So with one layer the attention is stored but never run, and with more than two layers the same holds for
 * the resnets after the second.
 */
function midBlockTemporalDecoder(
  e: Emitter,
  scope: Scope,
  x: FeatureMap,
  layers: number,
  resnet: (at: Scope, h: FeatureMap, width: number) => FeatureMap,
): FeatureMap {
  const first = resnet(scope.sub('resnets.0'), x, x.c);
  if (layers === 1) {
    scope.ignore('attentions.0');
    return first;
  }
  for (let j = 2; j < layers; j++) scope.ignore(`resnets.${j}`);
  return resnet(scope.sub('resnets.1'), attentionBlock(e, scope.sub('attentions.0'), first, EPS), x.c);
}
