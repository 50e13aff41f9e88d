import type { Emitter, FeatureMap } from './emitter.ts';
import type { Scope } from './scope.ts';

/** diffusers' `Downsample2D` with a padding of 1, as in the UNet. */
export function downsample2D(e: Emitter, scope: Scope, x: FeatureMap): FeatureMap {
  return e.conv2d(scope.sub('conv'), x, { outChannels: x.c, stride: 2, padding: [1, 1, 1, 1] });
}

/** diffusers' `Downsample2D` with a padding of 0, as in the autoencoder: zeros at right and bottom alone. */
export function downsample2DRightBottom(e: Emitter, scope: Scope, x: FeatureMap): FeatureMap {
  return e.conv2d(scope.sub('conv'), x, { outChannels: x.c, stride: 2, padding: [0, 0, 1, 1] });
}

/**
 * diffusers' `Upsample2D`: nearest neighbour, then a convolution. To a size given, where halving had rounded up: from
 * `ceil(h / 2)` to `h`, nearest neighbour is doubling and leaving the last row out.
 */
export function upsample2D(e: Emitter, scope: Scope, x: FeatureMap, h = 2 * x.h, w = 2 * x.w): FeatureMap {
  return e.conv2d(scope.sub('conv'), e.upsample(x, 2, h, w), { outChannels: x.c });
}
