import type { Emitter, FeatureMap } from './emitter.ts';
import type { Scope } from './scope.ts';

/** diffusers' `Downsample2D` with `padding=1`, as in the UNet. */
export function downsample2D(e: Emitter, scope: Scope, x: FeatureMap): FeatureMap {
  return e.conv2d(scope.sub('conv'), x, { outChannels: x.c, stride: 2, padding: [1, 1, 1, 1] });
}

/** diffusers' `Downsample2D` with `padding=0`, as in the autoencoder: it pads with zeros at right and bottom only. */
export function downsample2DRightBottom(e: Emitter, scope: Scope, x: FeatureMap): FeatureMap {
  return e.conv2d(scope.sub('conv'), x, { outChannels: x.c, stride: 2, padding: [0, 0, 1, 1] });
}

/**
 * diffusers' `Upsample2D`: nearest-neighbour upsampling to `h × w`, then a convolution. If downsampling rounded up, from an
 * odd `h` to `ceil(h / 2)`, upsampling to `h` is doubling without the last row.
 */
export function upsample2D(e: Emitter, scope: Scope, x: FeatureMap, h = 2 * x.h, w = 2 * x.w): FeatureMap {
  return e.conv2d(scope.sub('conv'), e.upsample(x, 2, h, w), { outChannels: x.c });
}
