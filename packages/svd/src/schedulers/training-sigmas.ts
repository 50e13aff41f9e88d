import type { SchedulerConfig } from './scheduler-config.ts';

/**
 * The noise levels of all training timesteps, √((1 − ᾱ)/ᾱ), rounded to float32 where diffusers has a float32 tensor.
 *
 * @returns `num_train_timesteps` levels, or one for each of `trained_betas`, ascending
 * @see diffusers `EulerDiscreteScheduler.__init__`
 */
export function trainingSigmas(config: SchedulerConfig): Float32Array {
  const betas = config.rescale_betas_zero_snr ? withZeroTerminalSnr(trainingBetas(config)) : trainingBetas(config);
  const products = cumulativeProducts(betas.map((beta) => 1 - beta));
  // With zero, the highest sigma would be infinite. diffusers uses the smallest float16 number instead.
  if (config.rescale_betas_zero_snr) products[products.length - 1] = 2 ** -24;
  return products.map((product) => Math.sqrt(Math.fround(Math.fround(1 - product) / product)));
}

function trainingBetas(config: SchedulerConfig): Float32Array {
  const { num_train_timesteps: count, beta_start: start, beta_end: end } = config;
  if (config.trained_betas) return Float32Array.from(config.trained_betas);
  switch (config.beta_schedule) {
    case 'linear':
      return linspace32(start, end, count);
    case 'scaled_linear':
      return linspace32(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
    case 'squaredcos_cap_v2': {
      const alphaBar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;
      return Float32Array.from({ length: count }, (_, i) =>
        Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999),
      );
    }
  }
}

/** Algorithm 1 of Lin et al., arXiv 2305.08891: shifts and scales √ᾱ so that it ends at zero and its start is unchanged. */
function withZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeProducts(betas.map((beta) => 1 - beta)).map(Math.sqrt);
  const first = roots[0]!;
  const last = roots[roots.length - 1]!;
  const scale = Math.fround(first / Math.fround(first - last));
  const products = roots.map((root) => Math.fround(root - last) * scale).map((root) => root * root);
  return products.map((product, i) => 1 - (i === 0 ? product : Math.fround(product / products[i - 1]!)));
}

/** PyTorch's `cumprod` of float32 on the CPU: accumulated in float64, stored in float32. */
function cumulativeProducts(values: Float32Array): Float32Array {
  let product = 1;
  return values.map((value) => (product *= value));
}

/** PyTorch's `linspace` in float32, which computes from both ends to the middle. */
export function linspace32(start: number, end: number, count: number): Float32Array {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  if (count === 1) return Float32Array.of(first);
  const step = Math.fround(Math.fround(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < Math.floor(count / 2) ? first + Math.fround(step * i) : last - Math.fround(step * (count - 1 - i)),
  );
}
