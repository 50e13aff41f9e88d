import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Limits, VideoSettingsSchema } from '@cinematica/protocol/v1';
import {
  checkSetting,
  limitOf,
  SETTING_NAMES,
  SETTINGS,
  WORD_SETTING_NAMES,
  WORD_SETTINGS,
} from '@cinematica/settings';
import { UsageError } from './usage-error.ts';

/** Settings as the API takes them. */
export type Settings = Exclude<MessageInitShape<typeof VideoSettingsSchema>, { readonly $typeName: string }>;

/** The lines of help for all settings, in the order of the catalogue. */
export const SETTINGS_HELP = [
  ...SETTING_NAMES.map((name) => {
    const { flag, placeholder, help } = SETTINGS[name];
    return `  ${`--${flag} ${placeholder}`.padEnd(22)}${help}`;
  }),
  ...WORD_SETTING_NAMES.map((name) => {
    const { field, help, words, default: byDefault } = WORD_SETTINGS[name];
    const choices = [...words]
      .map(([word, value]) => (value === byDefault ? `${word} (the default)` : word))
      .join(', ');
    return `  ${`--${field} WORD`.padEnd(22)}${help}: ${choices}`;
  }),
].join('\n');

/**
 * Checks numbers against the limits that the system reports; another system may have other limits than this version.
 *
 * @throws UsageError that names the flag
 */
export function checkLimits(settings: Settings, limits: Limits | undefined): void {
  for (const name of SETTING_NAMES) {
    const value = settings[name];
    if (value === undefined) continue;
    const bounds = (name === 'seed' ? undefined : limits?.[limitOf(name)]) ?? SETTINGS[name];
    const requirement = checkSetting(name, value, bounds);
    if (requirement !== null) throw new UsageError(`--${SETTINGS[name].flag} ${requirement}`);
  }
}

/** The flags by the names of the API's fields. */
const FLAGS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(SETTING_NAMES.map((name) => [SETTINGS[name].field, SETTINGS[name].flag])),
  ...Object.fromEntries(WORD_SETTING_NAMES.map((name) => [WORD_SETTINGS[name].field, WORD_SETTINGS[name].field])),
  size: 'size',
  aspect_ratio: 'size',
  shape: 'size',
  crop: 'focus',
  preset: 'preset',
  camera: 'camera',
  outputs: 'also',
  model: 'model',
};

/** Describes an error of a field of a request, such as `settings.frame_rate`, in terms of the flags. */
export function inFlags(field: string, description: string): string {
  const name = field.split(/[.[]/).find((part) => part !== 'settings' && part !== '') ?? '';
  const flag = FLAGS[name];
  const text = description
    // Names of the API have an underscore, so that they are no words of the sentence.
    .replace(/\b[a-z]+(_[a-z]+)+\b/g, (word) => (FLAGS[word] ? `--${FLAGS[word]}` : word))
    .replace(/^[a-z]+\b/, (word) => (FLAGS[word] === word ? `--${word}` : word));
  if (flag === undefined || text.startsWith('--')) return text;
  return /^(value )?must /.test(text) ? text.replace(/^(value )?/, `--${flag} `) : `--${flag}: ${text}`;
}
