import { interpolate, linspace } from './interpolate.ts';
import { karrasSigma } from './karras-sigma.ts';
import type { SchedulerConfig } from './scheduler-config.ts';
import { linspace32, trainingSigmas } from './training-sigmas.ts';

/** The noise levels of a sampler, and the corresponding timesteps. */
export interface Schedule {
  /** n + 1 noise levels, descending. Step i goes from level i to level i + 1; the last level is usually 0. */
  readonly sigmas: Float32Array;
  /** The timestep that the UNet receives in each of the n steps. */
  readonly timesteps: Float32Array;
}

/**
 * The schedule of diffusers' `EulerDiscreteScheduler.set_timesteps(steps)`.
 *
 * As in diffusers, `log_linear` interpolation with continuous timesteps and without Karras or exponential sigmas has one step
 * more than requested.
 *
 * @see Karras et al., arXiv 2206.00364, eq. 5 (`use_karras_sigmas`); arXiv 2305.08891, table 2 (`timestep_spacing`)
 */
export function eulerSchedule(config: SchedulerConfig, steps: number): Schedule {
  const training = trainingSigmas(config);
  const spaced = spacedTimesteps(config, steps);
  let sigmas =
    config.interpolation_type === 'linear'
      ? Array.from(spaced, (t) => interpolate(training, t))
      : Array.from(logLinear(training, steps + 1));

  const highest = config.sigma_max ?? sigmas[0]!;
  const lowest = config.sigma_min ?? sigmas.at(-1)!;
  const replaced = config.use_karras_sigmas === true || config.use_exponential_sigmas === true;
  if (config.use_karras_sigmas) sigmas = linspace(0, 1, steps).map((ramp) => karrasSigma(ramp, lowest, highest));
  else if (replaced) sigmas = linspace(Math.log(highest), Math.log(lowest), steps).map(Math.exp);

  const last = config.final_sigmas_type === 'zero' ? 0 : training[0]!;
  const levels = Float32Array.from([...sigmas, last]);
  const timesteps = isContinuous(config)
    ? continuousTimesteps(levels)
    : replaced
      ? discreteTimesteps(levels, training)
      : spaced;
  return { sigmas: levels.subarray(0, timesteps.length + 1), timesteps };
}

/**
 * The schedule of diffusers' `set_timesteps(sigmas=…)`.
 *
 * @param sigmas n + 1 noise levels, descending, including the final one
 */
export function explicitSchedule(config: SchedulerConfig, sigmas: readonly number[]): Schedule {
  const levels = Float32Array.from(sigmas);
  const timesteps = isContinuous(config)
    ? continuousTimesteps(levels)
    : discreteTimesteps(levels, trainingSigmas(config));
  return { sigmas: levels, timesteps };
}

/** Timesteps t = ¼ ln σ of every level but the last. */
export function continuousTimesteps(sigmas: Float32Array): Float32Array {
  return sigmas.subarray(0, -1).map((sigma) => 0.25 * Math.log(sigma));
}

/** Whether the timesteps are ¼ ln σ, and not training timesteps. */
function isContinuous({ timestep_type: type, prediction_type: prediction }: SchedulerConfig): boolean {
  return type === 'continuous' && prediction === 'v_prediction';
}

/** The (fractional) index of each level among the training levels, interpolated logarithmically. */
function discreteTimesteps(sigmas: Float32Array, training: Float32Array): Float32Array {
  const logs = training.map(Math.log);
  return sigmas.subarray(0, -1).map((sigma) => {
    const log = Math.log(Math.max(sigma, 1e-10));
    const low = Math.min(
      Math.max(
        logs.findLastIndex((value) => log >= value),
        0,
      ),
      logs.length - 2,
    );
    const [below, above] = [logs[low]!, logs[low + 1]!];
    return low + Math.min(Math.max((below - log) / (below - above), 0), 1);
  });
}

function spacedTimesteps(
  { timestep_spacing: spacing, num_train_timesteps: count, steps_offset }: SchedulerConfig,
  steps: number,
) {
  switch (spacing) {
    case 'linspace':
      return Float32Array.from(linspace(0, count - 1, steps)).reverse();
    case 'leading': {
      const ratio = Math.floor(count / steps);
      return Float32Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio + steps_offset);
    }
    case 'trailing':
      return Float32Array.from({ length: steps }, (_, i) => roundHalfToEven(count - i * (count / steps)) - 1);
  }
}

function logLinear(training: Float32Array, count: number): Float32Array {
  const logs = [Math.log(training.at(-1)!), Math.log(training[0]!)] as const;
  return linspace32(...logs, count).map(Math.exp);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}
