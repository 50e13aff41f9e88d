import { Sampler } from '@cinematica/protocol/v1';
import { m } from '#lib/i18n/index.ts';

/** The text for a value of `guidance_steps`. */
export const guidanceStepsText = (steps: number): string => (steps === 0 ? m.create_steps_all() : String(steps));

/** The text for a value of `cache_interval`. */
export const cacheIntervalText = (interval: number): string =>
  interval <= 1 ? m.create_steps_all() : m.create_cache_interval_value({ interval });

/** The text for a value of `frame_interval`. */
export const frameIntervalText = (interval: number): string =>
  interval <= 1 ? m.create_frame_interval_all() : m.create_frame_interval_value({ interval });

const SAMPLER_TEXTS: Readonly<Partial<Record<Sampler, () => string>>> = {
  [Sampler.EULER]: m.create_sampler_euler,
  [Sampler.AYS]: m.create_sampler_ays,
  [Sampler.ANIMATELCM]: m.create_sampler_animatelcm,
};

/** The name of a sampler; undefined for `UNSPECIFIED`, and for those of a later version. */
export const samplerText = (sampler: Sampler): string | undefined => SAMPLER_TEXTS[sampler]?.();
