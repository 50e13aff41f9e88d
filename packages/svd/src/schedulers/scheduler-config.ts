import { z } from 'zod';

const oneOf = <const T extends readonly string[]>(options: T) =>
  z.enum(options, {
    error: ({ input }) => `${JSON.stringify(input)} is not supported; use one of ${options.join(', ')}`,
  });

const flag = z.boolean().nullish();
const sigma = z.number().positive().nullable().default(null);
const beta = z.number().gt(0).lt(1);

/**
 * Schema of `scheduler/scheduler_config.json` for diffusers' `EulerDiscreteScheduler`, with its defaults. As in diffusers,
 * unknown keys are ignored. `use_beta_sigmas` is not supported.
 */
export const schedulerConfigSchema = z
  .object({
    _class_name: oneOf(['EulerDiscreteScheduler']).default('EulerDiscreteScheduler'),
    num_train_timesteps: z.int().min(1).max(100_000).default(1000),
    beta_start: beta.default(0.0001),
    beta_end: beta.default(0.02),
    beta_schedule: oneOf(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
    trained_betas: z.array(beta).min(2).max(100_000).nullable().default(null),
    prediction_type: oneOf(['epsilon', 'sample', 'original_sample', 'v_prediction']).default('epsilon'),
    interpolation_type: oneOf(['linear', 'log_linear']).default('linear'),
    use_karras_sigmas: flag,
    use_exponential_sigmas: flag,
    use_beta_sigmas: flag.refine((value) => value !== true, 'true is not supported'),
    sigma_min: sigma,
    sigma_max: sigma,
    timestep_spacing: oneOf(['linspace', 'leading', 'trailing']).default('linspace'),
    timestep_type: oneOf(['discrete', 'continuous']).default('discrete'),
    steps_offset: z.int().min(0).default(0),
    rescale_betas_zero_snr: flag,
    final_sigmas_type: oneOf(['zero', 'sigma_min']).default('zero'),
  })
  .refine(({ use_karras_sigmas: karras, use_exponential_sigmas: exponential }) => !(karras && exponential), {
    message: 'cannot be true together with use_karras_sigmas',
    path: ['use_exponential_sigmas'],
  })
  .refine(({ sigma_min: low, sigma_max: high }) => low === null || high === null || low <= high, {
    message: 'is greater than sigma_max',
    path: ['sigma_min'],
  });

export type SchedulerConfig = z.output<typeof schedulerConfigSchema>;
