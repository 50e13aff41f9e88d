import { SETTINGS } from './catalogue.ts';
import type { SettingName } from './catalogue.ts';

/** Bounds in place of a setting's own, for a system whose API has others. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Checks a value against a setting's range.
 *
 * @returns what it must be, such as "must be a whole number from 1 to 250, not 0"; null if the value is allowed
 */
export function checkSetting(name: SettingName, value: number, bounds: Bounds = SETTINGS[name]): string | null {
  const { integer } = SETTINGS[name];
  const { min, max } = bounds;
  if (value >= min && value <= max && (!integer || Number.isInteger(value))) return null;
  return `must be a ${integer ? 'whole ' : ''}number from ${min} to ${max}, not ${value}`;
}
