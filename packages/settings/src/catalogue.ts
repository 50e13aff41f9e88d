import type { VideoSettings } from '@cinematica/protocol/v1';
import { rangeOf } from './ranges.ts';
import type { SettingRange } from './ranges.ts';

/** The declaration of a setting. Its range is a rule of the API (`proto/cinematica/v1/settings.proto`). */
interface SettingDeclaration {
  /** The parameter of diffusers' `StableVideoDiffusionPipeline`; null if diffusers has none. */
  readonly diffusers: string | null;
  /** The unit, for example "frames per second"; empty for plain numbers. */
  readonly unit: string;
  /**
   * What applies when a request has no value. A number: the value of the model card, or this number when the card has none.
   * Otherwise another setting that it is computed from, or a random number.
   */
  readonly default: number | 'random' | `from ${string}`;
  /** The flag of `npm run animate`, without the dashes. */
  readonly flag: string;
  /** How the flag's value is called in the help: N for whole numbers, X for others. */
  readonly placeholder: 'N' | 'X';
  /** One sentence for people: the help of the flag. */
  readonly help: string;
}

/** The numeric settings of a video, under their names in the API. */
const DECLARATIONS = {
  frames: {
    diffusers: 'num_frames',
    unit: 'frames',
    default: 50,
    flag: 'frames',
    placeholder: 'N',
    help: 'frames of the video; more than the model’s window are made in segments',
  },
  motionBucketId: {
    diffusers: 'motion_bucket_id',
    unit: '',
    default: 127,
    flag: 'motion',
    placeholder: 'N',
    help: 'amount of motion (motion_bucket_id)',
  },
  noiseAugStrength: {
    diffusers: 'noise_aug_strength',
    unit: '',
    default: 0.02,
    flag: 'noise-aug',
    placeholder: 'X',
    help: 'noise added to the photo (noise_aug_strength); more lets the video differ from it',
  },
  conditioningFps: {
    diffusers: 'fps',
    unit: 'frames per second',
    default: 7,
    flag: 'fps',
    placeholder: 'N',
    help: 'frame rate given to the model; a lower one gives more motion from frame to frame',
  },
  frameRate: {
    diffusers: null,
    unit: 'frames per second',
    default: 'from conditioningFps',
    flag: 'output-fps',
    placeholder: 'N',
    help: 'frame rate of the files; default: the multiple of --fps nearest to 28, with frames in between',
  },
  seed: {
    diffusers: 'generator',
    unit: '',
    default: 'random',
    flag: 'seed',
    placeholder: 'N',
    help: 'the same seed gives the same video; of 64 bits the low 32 are used; default: -1, random',
  },
  steps: {
    diffusers: 'num_inference_steps',
    unit: 'steps',
    default: 25,
    flag: 'steps',
    placeholder: 'N',
    help: 'denoising steps: time and quality',
  },
  minGuidance: {
    diffusers: 'min_guidance_scale',
    unit: '',
    default: 1,
    flag: 'min-guidance',
    placeholder: 'X',
    help: 'guidance of the first frame',
  },
  maxGuidance: {
    diffusers: 'max_guidance_scale',
    unit: '',
    default: 3,
    flag: 'max-guidance',
    placeholder: 'X',
    help: 'guidance of the last frame',
  },
  guidanceSteps: {
    diffusers: null,
    unit: 'steps',
    default: 0,
    flag: 'guidance-steps',
    placeholder: 'N',
    help: 'steps with guidance; the later ones take half of the time; 0: all',
  },
  cacheInterval: {
    diffusers: null,
    unit: 'steps',
    default: 1,
    flag: 'cache-interval',
    placeholder: 'N',
    help: 'DeepCache: every Nth step computes the whole UNet; more is faster and less exact',
  },
  cacheBranch: {
    diffusers: null,
    unit: '',
    default: 0,
    flag: 'cache-branch',
    placeholder: 'N',
    help: 'DeepCache: how much of the UNet the other steps compute; more is slower and more exact',
  },
  frameInterval: {
    diffusers: null,
    unit: 'frames',
    default: 1,
    flag: 'frame-interval',
    placeholder: 'N',
    help: 'the model makes every Nth frame; those between are computed along the motion',
  },
} as const satisfies { readonly [Name in keyof VideoSettings]?: SettingDeclaration };

export type SettingName = keyof typeof DECLARATIONS;

/** A setting that model cards have defaults of. */
export type CardSettingName = {
  [Name in SettingName]: (typeof DECLARATIONS)[Name]['default'] extends number ? Name : never;
}[SettingName];

/** A flag of `npm run animate`. */
export type SettingFlag = (typeof DECLARATIONS)[SettingName]['flag'];

/** Everything that is known of a setting. */
export interface Setting extends SettingDeclaration, SettingRange {
  /** Its name in TypeScript, and in JSON. */
  readonly name: SettingName;
  readonly flag: SettingFlag;
}

/** Every numeric setting, with its names, range and default. */
export const SETTINGS: Readonly<Record<SettingName, Setting>> = mapNames((name) => ({
  ...DECLARATIONS[name],
  ...rangeOf(name),
  name,
}));

export const SETTING_NAMES = Object.keys(DECLARATIONS) as readonly SettingName[];

/** The settings that model cards have defaults of. */
export const CARD_SETTING_NAMES = SETTING_NAMES.filter(
  (name): name is CardSettingName => typeof DECLARATIONS[name].default === 'number',
);

/** The defaults of a model card that has none. */
export const CARD_DEFAULTS = Object.fromEntries(
  CARD_SETTING_NAMES.map((name) => [name, DECLARATIONS[name].default]),
) as Readonly<Record<CardSettingName, number>>;

function mapNames<T>(map: (name: SettingName) => T): Record<SettingName, T> {
  return Object.fromEntries((Object.keys(DECLARATIONS) as SettingName[]).map((name) => [name, map(name)])) as Record<
    SettingName,
    T
  >;
}
