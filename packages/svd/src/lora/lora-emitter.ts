import type { Emitter } from '../nn/emitter.ts';
import type { Scope } from '../nn/scope.ts';

/**
 * Adds the branches of LoRAs to the layers that an emitter writes: a layer's result y becomes y + scale · up(down(x)), where
 * `down` has as many outputs as the LoRA's rank. The layer itself stays as it is.
 */
export function withLoras(e: Emitter): Emitter {
  const scalar = (value: number) => e.graph.constant(Float32Array.of(value), [1]);
  const branches = (scope: Scope) =>
    scope.loras.map(({ name, rank, scale }) => ({
      down: scope.sub(name, 'down'),
      up: scope.sub(name, 'up'),
      rank,
      scale: scalar(scale),
    }));

  const linear: Emitter['linear'] = (scope, x, outFeatures, options) =>
    branches(scope).reduce(
      (sum, { down, up, rank, scale }) => {
        const inner = e.linear(down, x, rank, { bias: false });
        return e.addValues(sum, e.linear(up, inner, outFeatures, { bias: false, scale }));
      },
      e.linear(scope, x, outFeatures, options),
    );

  return {
    ...e,
    linear,
    geglu: (scope, x, features) =>
      scope.loras.length === 0 ? e.geglu(scope, x, features) : e.geluGate(linear(scope, x, 2 * features)),
    conv2d: (scope, x, options) =>
      branches(scope).reduce(
        (sum, { down, up, rank, scale }) => {
          const { outChannels, storedShape, scale: own } = options;
          const kernel = storedShape?.slice(2);
          const inner = e.conv2d(down, x, {
            ...options,
            outChannels: rank,
            bias: false,
            scale,
            ...(kernel && { storedShape: [rank, x.c, ...kernel] }),
          });
          const outer = e.conv2d(up, inner, {
            outChannels,
            kernel: [1, 1],
            bias: false,
            ...(own && { scale: own }),
            ...(kernel && { storedShape: [outChannels, rank, ...kernel.map(() => 1)] }),
          });
          return e.add(sum, outer);
        },
        e.conv2d(scope, x, options),
      ),
  };
}
