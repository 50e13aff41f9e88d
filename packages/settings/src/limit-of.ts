import type { SettingName } from './catalogue.ts';

/** A setting that the API has limits of. The seed has none: it may be any 32-bit number. */
type LimitedSetting = Exclude<SettingName, 'seed'>;

/** The field of `cinematica.v1.Limits` with a setting's range: the two guidances share one, any other has its own name. */
export const limitOf = (name: LimitedSetting): Exclude<LimitedSetting, 'minGuidance' | 'maxGuidance'> | 'guidance' =>
  name === 'minGuidance' || name === 'maxGuidance' ? 'guidance' : name;
