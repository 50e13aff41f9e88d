import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Limits, VideoSettingsSchema } from '@cinematica/protocol/v1';
import { UsageError } from './usage-error.ts';

/** The settings of a request. */
export type Settings = Exclude<MessageInitShape<typeof VideoSettingsSchema>, { readonly $typeName: string }>;

type NumberField = {
  [K in keyof Settings]-?: Settings[K] extends number | undefined ? K : never;
}[Exclude<keyof Settings, 'preset'>];
type LimitField = {
  [K in keyof Limits]-?: Limits[K] extends { min: number; max: number } | undefined ? K : never;
}[keyof Limits];

interface NumberFlag {
  readonly field: NumberField;
  /** The name of its limits in `GetCapabilities`. Null where only the type limits it. */
  readonly limit: LimitField | null;
  readonly whole: boolean;
}

/** The numeric settings by flag. */
export const NUMBER_FLAGS = {
  frames: { field: 'frames', limit: 'frames', whole: true },
  motion: { field: 'motionBucketId', limit: 'motionBucketId', whole: true },
  'noise-aug': { field: 'noiseAugStrength', limit: 'noiseAugStrength', whole: false },
  fps: { field: 'conditioningFps', limit: 'conditioningFps', whole: true },
  'output-fps': { field: 'frameRate', limit: 'frameRate', whole: true },
  seed: { field: 'seed', limit: null, whole: true },
  steps: { field: 'steps', limit: 'steps', whole: true },
  'min-guidance': { field: 'minGuidance', limit: 'guidance', whole: false },
  'max-guidance': { field: 'maxGuidance', limit: 'guidance', whole: false },
} as const satisfies Readonly<Record<string, NumberFlag>>;

export type NumberFlagName = keyof typeof NUMBER_FLAGS;

const MAX_UINT32 = 2 ** 32 - 1;

/**
 * Checks numbers against the limits of the system.
 *
 * @throws UsageError naming the flag
 */
export function checkLimits(settings: Settings, limits: Limits | undefined): void {
  for (const [name, { field, limit, whole }] of Object.entries(NUMBER_FLAGS)) {
    const value = settings[field];
    if (value === undefined) continue;
    const { min, max } = (limit === null ? undefined : limits?.[limit]) ?? { min: 0, max: MAX_UINT32 };
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) continue;
    throw new UsageError(`--${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not ${value}`);
  }
}

/** Flags by the names that the API and the model use for settings. */
const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(NUMBER_FLAGS).map(([flag, { field }]) => [snakeCase(field), flag])),
  noiseAug: 'noise-aug',
  minGuidance: 'min-guidance',
  maxGuidance: 'max-guidance',
  fps: 'fps',
  motion: 'motion',
  size: 'size',
  width: 'size',
  height: 'size',
  aspect_ratio: 'size',
  shape: 'size',
  crop: 'focus',
  preset: 'preset',
  outputs: 'also',
  model: 'model',
};

/** Rewrites the description of a field, such as `settings.frame_rate`, with the names of flags. */
export function inFlags(field: string, description: string): string {
  const name = field.split(/[.[]/).find((part) => part !== 'settings' && part !== '') ?? '';
  const flag = NAMES[name];
  // Names of the API are replaced everywhere. A plain word is replaced only at the start of the sentence.
  const text = description
    .replace(/\b[a-z]+(_[a-z]+)+\b|\b[a-z]+[A-Z]\w+\b/g, (word) => (NAMES[word] ? `--${NAMES[word]}` : word))
    .replace(/^[a-z]+\b/, (word) => (NAMES[word] === word ? `--${word}` : word));
  if (flag === undefined || text.startsWith('--')) return text;
  return /^(value )?must /.test(text) ? text.replace(/^(value )?/, `--${flag} `) : `--${flag}: ${text}`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
