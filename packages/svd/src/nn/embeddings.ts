import type { Value } from '../onnx/graph-builder.ts';
import type { Emitter } from './emitter.ts';
import type { Scope } from './scope.ts';

const LOG_MAX_PERIOD = Math.fround(-Math.log(10000));

/**
 * Sinusoidal embeddings of scalars, as diffusers' `Timesteps(dim, flip_sin_to_cos=True, downscale_freq_shift=0)`:
 * `[cos(t·f) | sin(t·f)]` with `f_i = 10000^(−i / half)`, followed by a zero if `dim` is odd. It rounds to float32 where
 * PyTorch does, because a timestep of 999 amplifies the differences.
 * @returns `[values.length, dim]`, row-major
 */
export function sinusoid(values: ArrayLike<number>, dim: number): Float32Array {
  const half = Math.floor(dim / 2);
  const out = new Float32Array(values.length * dim);
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(Math.exp(Math.fround(Math.fround(LOG_MAX_PERIOD * i) / half)));
    for (let row = 0; row < values.length; row++) {
      const angle = Math.fround(Math.fround(values[row] ?? 0) * frequency);
      out[row * dim + i] = Math.cos(angle);
      out[row * dim + half + i] = Math.sin(angle);
    }
  }
  return out;
}

/** diffusers' `TimestepEmbedding`: linear, SiLU, linear. */
export function timestepEmbedding(e: Emitter, scope: Scope, x: Value, hidden: number, out = hidden): Value {
  return e.linear(scope.sub('linear_2'), e.activate(e.linear(scope.sub('linear_1'), x, hidden), 'silu'), out);
}
