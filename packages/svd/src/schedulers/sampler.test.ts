import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { SVD_SCHEDULER } from '../checkpoint/original/scheduler-config.ts';
import { openGolden } from '../parity/golden.ts';
import { createSampler } from './sampler.ts';
import { schedulerConfigSchema } from './scheduler-config.ts';

/** The file of diffusers also has a field that SVD does not use. */
const svd = { ...SVD_SCHEDULER, clip_sample: false };
const sampler = (config: object, options: Partial<Parameters<typeof createSampler>[1]>) =>
  createSampler(schedulerConfigSchema.parse(config), { kind: 'euler', steps: 1, ...options });

const near = (actual: Float32Array, expected: readonly number[], relative: number) => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) =>
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(relative * Math.max(Math.abs(value), 1e-3)),
  );
};

describe("the checkpoint's own schedule", () => {
  test.each([1, 2, 4, 6, 8, 25, 30])('the schedule of SVD equals diffusers in %i steps', async (steps) => {
    const golden = await openGolden(fileURLToPath(new URL('../../../../test/golden/tiny-xt', import.meta.url)));
    const { sigmas, timesteps, ...rest } = sampler(svd, { steps });
    expect(sigmas).toEqual(await golden.floats(`sigmas_${steps}`));
    near(timesteps, [...(await golden.floats(`timesteps_${steps}`))], 2e-7);
    const initNoiseSigma = Math.fround(Math.sqrt(700 ** 2 + 1));
    expect(rest).toEqual({ name: 'euler', initNoiseSigma, stochastic: false, predictionType: 'v_prediction' });
  });

  // The results of diffusers for each config, in five steps.
  test.each<[string, object, { sigmas: number[]; timesteps: number[]; initNoiseSigma: number }]>([
    [
      "diffusers' default",
      {},
      {
        sigmas: [157.4073, 17.27988, 3.433552, 0.9567591, 0.01000133, 0.0],
        timesteps: [999.0, 749.25, 499.5, 249.75, 0.0],
        initNoiseSigma: 157.4073,
      },
    ],
    [
      'Karras between the levels of the betas',
      { ...svd, sigma_max: null, sigma_min: null },
      {
        sigmas: [5.134433, 2.024807, 0.6921506, 0.1946933, 0.04131448, 0.0],
        timesteps: [0.4089924, 0.1763686, -0.09198793, -0.4090825, -0.7966356],
        initNoiseSigma: 5.230909,
      },
    ],
    [
      'no Karras',
      { ...svd, use_karras_sigmas: false },
      {
        sigmas: [5.134433, 2.292855, 1.168216, 0.5740507, 0.04131448, 0.0],
        timesteps: [0.4089924, 0.2074494, 0.03886955, -0.1387594, -0.7966356],
        initNoiseSigma: 5.230909,
      },
    ],
    [
      'exponential',
      { ...svd, use_karras_sigmas: false, use_exponential_sigmas: true },
      {
        sigmas: [700.0, 28.77935, 1.183216, 0.04864598, 0.002, 0.0],
        timesteps: [1.63777, 0.8399146, 0.04205903, -0.7557965, -1.553652],
        initNoiseSigma: 700.0007,
      },
    ],
    [
      'exponential, discrete, to sigma_min',
      {
        ...svd,
        sigma_max: null,
        sigma_min: null,
        timestep_type: 'discrete',
        use_karras_sigmas: false,
        use_exponential_sigmas: true,
        final_sigmas_type: 'sigma_min',
      },
      {
        sigmas: [5.134433, 1.537783, 0.4605719, 0.1379431, 0.04131448, 0.02916753],
        timesteps: [801.0, 484.665, 151.9909, 19.98664, 1.0],
        initNoiseSigma: 5.230909,
      },
    ],
    [
      'Karras, discrete',
      { ...svd, timestep_type: 'discrete' },
      {
        sigmas: [700.0, 134.8544, 15.58997, 0.678146, 0.002, 0.0],
        timesteps: [999.0, 999.0, 999.0, 243.156, 0.0],
        initNoiseSigma: 700.0007,
      },
    ],
    [
      'cosine betas, trailing, to sigma_min',
      { beta_schedule: 'squaredcos_cap_v2', timestep_spacing: 'trailing', final_sigmas_type: 'sigma_min' },
      {
        sigmas: [20291.3, 3.10373, 1.390751, 0.7378712, 0.3357245, 0.006427109],
        timesteps: [999.0, 799.0, 599.0, 399.0, 199.0],
        initNoiseSigma: 20291.3,
      },
    ],
    [
      'log-linear',
      { interpolation_type: 'log_linear', beta_schedule: 'scaled_linear' },
      {
        sigmas: [36.91192, 7.140768, 1.381412, 0.2672399, 0.05169868, 0.01000133],
        timesteps: [999.0, 749.25, 499.5, 249.75, 0.0],
        initNoiseSigma: 36.91192,
      },
    ],
    [
      'log-linear, continuous: one step more',
      {
        interpolation_type: 'log_linear',
        beta_schedule: 'scaled_linear',
        timestep_type: 'continuous',
        prediction_type: 'v_prediction',
      },
      {
        sigmas: [36.91192, 7.140768, 1.381412, 0.2672399, 0.05169868, 0.01000133, 0.0],
        timesteps: [0.9021336, 0.4914551, 0.08077651, -0.3299022, -0.7405807, -1.151259],
        initNoiseSigma: 36.91192,
      },
    ],
    [
      'zero terminal SNR',
      { rescale_betas_zero_snr: true, timestep_spacing: 'trailing', beta_schedule: 'scaled_linear' },
      {
        sigmas: [4096.0, 8.305338, 2.330946, 0.9456021, 0.3595852, 0.0],
        timesteps: [999.0, 799.0, 599.0, 399.0, 199.0],
        initNoiseSigma: 4096.0,
      },
    ],
    [
      'trained betas',
      {
        trained_betas: Array.from({ length: 60 }, (_, i) => 0.001 * (i + 1)),
        timestep_spacing: 'leading',
        num_train_timesteps: 60,
      },
      {
        sigmas: [1.573361, 1.01881, 0.6228233, 0.3093876, 0.0316384, 0.0],
        timesteps: [48.0, 36.0, 24.0, 12.0, 0.0],
        initNoiseSigma: 1.86426,
      },
    ],
  ])('%s equals diffusers', (_, config, expected) => {
    const actual = sampler(config, { steps: 5 });
    near(actual.sigmas, expected.sigmas, 5e-7);
    near(actual.timesteps, expected.timesteps, 5e-6);
    near(Float32Array.of(actual.initNoiseSigma), [expected.initNoiseSigma], 5e-7);
  });

  test('given sigmas are used unchanged', () => {
    const continuous = sampler(svd, { sigmas: [80, 3.5, 0.4, 0] });
    near(continuous.sigmas, [80, 3.5, 0.4, 0], 1e-7);
    near(
      continuous.timesteps,
      [80, 3.5, 0.4].map((sigma) => 0.25 * Math.log(sigma)),
      1e-6,
    );
    // With discrete timesteps the UNet receives the training timestep of the noise level, at most 999.
    near(sampler({}, { sigmas: [900, 3.5, 0.4, 0] }).timesteps, [999, 502.98892, 116.58715], 1e-6);
  });

  test.each([
    [{ use_beta_sigmas: true }, 'use_beta_sigmas true is not supported'],
    [
      { _class_name: 'DDIMScheduler' },
      '_class_name "DDIMScheduler" is not supported; use one of EulerDiscreteScheduler',
    ],
    [{ timestep_spacing: 'even' }, 'timestep_spacing "even" is not supported; use one of linspace, leading, trailing'],
    [
      { use_karras_sigmas: true, use_exponential_sigmas: true },
      'use_exponential_sigmas cannot be true together with use_karras_sigmas',
    ],
    [{ sigma_min: 2, sigma_max: 1 }, 'sigma_min is greater than sigma_max'],
  ])('rejects %j', (config, message) => {
    const issues = schedulerConfigSchema.safeParse(config).error?.issues ?? [];
    expect(issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)).toEqual([message]);
  });
});

describe('few-step samplers', () => {
  test('AYS has the published levels for ten steps and interpolated ones otherwise', () => {
    const published = [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0];
    near(sampler(svd, { kind: 'ays', steps: 10 }).sigmas, published, 1e-7);
    const twenty = sampler(svd, { kind: 'ays', steps: 20 }).sigmas;
    near(
      twenty.filter((_, i) => i % 2 === 0),
      published,
      1e-6,
    );
    expect(twenty[1]).toBeCloseTo(Math.sqrt(700 * 54.5), 3);
    expect(() => sampler({ ...svd, sigma_max: 80 }, { kind: 'ays', steps: 10 })).toThrow('that of the model is 80');
  });

  test('AnimateLCM uses a subset of forty levels', () => {
    const lcm = (steps: number) => sampler(svd, { kind: 'animatelcm', steps });
    near(lcm(1).sigmas, [700, 0], 1e-6);
    near(lcm(4).sigmas, [700, 128.5637, 13.6784, 0.496878, 0], 1e-5);
    near(lcm(8).sigmas, [700, 315.737, 128.564, 45.851, 13.678, 3.1666, 0.49688, 0.039754, 0], 5e-5);
    near(
      lcm(4).timesteps,
      [700, 128.5637, 13.6784, 0.496878].map((sigma) => 0.25 * Math.log(sigma)),
      1e-5,
    );
    expect(lcm(2)).toMatchObject({
      name: 'animatelcm',
      stochastic: true,
      initNoiseSigma: Math.fround(Math.sqrt(490001)),
    });
    expect(() => lcm(41)).toThrow('at most 40 steps, not 41');
    expect(() => sampler({ prediction_type: 'epsilon' }, { kind: 'animatelcm' })).toThrow(
      'prediction_type v_prediction',
    );
  });
});

test.each([[0], [1.5], [1001], [NaN]])('rejects %s steps', (steps) => {
  expect(() => sampler(svd, { steps })).toThrow(`steps must be a whole number from 1 to 1000, not ${steps}`);
});

test.each([[[]], [[1]], [[1, 2]], [[1, 1, 0]], [[1, -1]], [[Infinity, 0]]])('rejects the sigmas %j', (sigmas) => {
  expect(() => sampler(svd, { sigmas })).toThrow('sigmas must be');
});
