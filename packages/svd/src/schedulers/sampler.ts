import { alignYourSteps } from './align-your-steps.ts';
import { ANIMATE_LCM_LEVELS, animateLcmSigmas } from './animate-lcm.ts';
import { continuousTimesteps, eulerSchedule, explicitSchedule } from './euler-schedule.ts';
import type { Schedule } from './euler-schedule.ts';
import type { SchedulerConfig } from './scheduler-config.ts';
import { SchedulerError } from './scheduler-error.ts';

/** The samplers: Euler with the checkpoint's own schedule, Euler with *Align Your Steps* levels, and AnimateLCM's sampler. */
export const SAMPLER_KINDS = ['euler', 'ays', 'animatelcm'] as const;
export type SamplerKind = (typeof SAMPLER_KINDS)[number];

/**
 * The meaning of the UNet's output `u`. It determines the estimate x0 of the clean latents from the noisy latents x at level
 * σ. The input of the UNet is x / √(σ² + 1).
 *
 * - `v_prediction`: x0 = x / (σ² + 1) − u · σ / √(σ² + 1)
 * - `epsilon`: x0 = x − σ · u
 * - `sample`: x0 = u
 */
export type PredictionType = 'v_prediction' | 'epsilon' | 'sample';

/**
 * A sampler. Step i goes from the latents x at σ = `sigmas[i]` to x′ at σ′ = `sigmas[i + 1]`:
 *
 * - deterministic (Euler): x′ = x0 + (σ′/σ) · (x − x0)
 * - stochastic (AnimateLCM): x′ = x0 + σ′ · z, where z is new standard normal noise
 */
export interface Sampler extends Schedule {
  readonly name: SamplerKind;
  /** The factor of the initial standard normal noise: `init_noise_sigma` in diffusers. */
  readonly initNoiseSigma: number;
  /** Whether each step adds new noise. */
  readonly stochastic: boolean;
  readonly predictionType: PredictionType;
}

/** The kind and the number of steps of a sampler. */
export interface SamplerOptions {
  readonly kind: SamplerKind;
  /** `num_inference_steps`, 1…1000; ignored if `sigmas` is given. */
  readonly steps: number;
  /** Noise levels that replace those of the sampler: descending, including the final one, which is usually 0. */
  readonly sigmas?: readonly number[] | undefined;
}

/**
 * Creates a sampler for the scheduler config of a checkpoint.
 *
 * @throws {@link SchedulerError} when steps or sigmas are out of range, or the checkpoint does not support the sampler
 */
export function createSampler(config: SchedulerConfig, options: SamplerOptions): Sampler {
  const { kind, sigmas } = options;
  const schedule = sigmas
    ? fromList(config, kind, checked(sigmas))
    : fromSteps(config, kind, checkedSteps(options.steps));
  if (!schedule.sigmas.every(Number.isFinite) || !schedule.timesteps.every(Number.isFinite)) {
    throw new SchedulerError('scheduler_config.json: the betas and sigmas lead to noise levels that are not finite');
  }
  const first = Math.max(...schedule.sigmas);
  const scaled = kind === 'animatelcm' || config.timestep_spacing === 'leading';
  return {
    name: kind,
    ...schedule,
    initNoiseSigma: Math.fround(scaled ? Math.sqrt(Math.fround(Math.fround(first * first) + 1)) : first),
    stochastic: kind === 'animatelcm',
    predictionType: config.prediction_type === 'original_sample' ? 'sample' : config.prediction_type,
  };
}

function fromSteps(config: SchedulerConfig, kind: SamplerKind, steps: number): Schedule {
  const { sigma_min: lowest, sigma_max: highest } = config;
  switch (kind) {
    case 'euler':
      return eulerSchedule(config, steps);
    case 'ays':
      if (highest !== null && highest < 700) {
        throw new SchedulerError(
          `sampler ays requires a sigma_max of at least 700, but that of the model is ${highest}`,
        );
      }
      return explicitSchedule(config, alignYourSteps(steps));
    case 'animatelcm':
      if (steps > ANIMATE_LCM_LEVELS) {
        throw new SchedulerError(`sampler animatelcm supports at most ${ANIMATE_LCM_LEVELS} steps, not ${steps}`);
      }
      return fromList(config, kind, animateLcmSigmas(steps, lowest ?? 0.002, highest ?? 700));
  }
}

function fromList(config: SchedulerConfig, kind: SamplerKind, sigmas: readonly number[]): Schedule {
  if (kind !== 'animatelcm') return explicitSchedule(config, sigmas);
  if (config.prediction_type !== 'v_prediction') {
    const type = config.prediction_type;
    throw new SchedulerError(`sampler animatelcm requires a model with prediction_type v_prediction, not ${type}`);
  }
  const levels = Float32Array.from(sigmas);
  return { sigmas: levels, timesteps: continuousTimesteps(levels) };
}

function checkedSteps(steps: number): number {
  if (Number.isInteger(steps) && steps >= 1 && steps <= 1000) return steps;
  throw new SchedulerError(`steps must be a whole number from 1 to 1000, not ${steps}`);
}

function checked(sigmas: readonly number[]): readonly number[] {
  const descends = sigmas.every((sigma, i) => Number.isFinite(sigma) && (i === 0 || sigma < sigmas[i - 1]!));
  if (sigmas.length >= 2 && sigmas.length <= 1001 && descends && sigmas.at(-1)! >= 0) return sigmas;
  throw new SchedulerError('sigmas must be 2 to 1001 descending numbers of 0 or more');
}
