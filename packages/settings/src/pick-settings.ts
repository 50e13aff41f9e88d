import { SETTING_NAMES } from './catalogue.ts';
import type { SettingName } from './catalogue.ts';

/** Numeric settings, as a message, a plan or a request has them. */
export type SettingValues = { readonly [Name in SettingName]?: number | undefined };

/** The settings that are always there, and those that may be missing. */
export type PickedSettings<Source, Name extends PropertyKey> = {
  [K in keyof Source & Name as undefined extends Source[K] ? never : K]: Source[K];
} & {
  [K in keyof Source & Name as undefined extends Source[K] ? K : never]?: Exclude<Source[K], undefined>;
};

/**
 * The numeric settings that something has, and nothing else of it. Settings have the same names everywhere, so that this
 * is how they pass from a request to a plan, from a plan to the model, and back to the caller.
 *
 * @param names the settings that are wanted
 * @returns an object without the settings that are undefined
 */
export function pickSettings<Source extends SettingValues, Name extends SettingName = SettingName>(
  source: Source,
  names: readonly Name[] = SETTING_NAMES as readonly Name[],
): PickedSettings<Source, Name> {
  const given = names.flatMap((name) => (source[name] === undefined ? [] : [[name, source[name]]]));
  return Object.fromEntries(given) as PickedSettings<Source, Name>;
}
