import type { DescEnum } from '@bufbuild/protobuf';
import {
  CameraMove,
  CameraMoveSchema,
  Quality,
  QualitySchema,
  ResolutionSchema,
  Sampler,
  SamplerSchema,
} from '@cinematica/protocol/v1';
import type { VideoSettings } from '@cinematica/protocol/v1';
import { DEFAULT_RESOLUTION } from './output-size.ts';

/** The declaration of a setting that is one of a few words. The words come from its enum in the API. */
interface WordDeclaration {
  /** Its name in the proto, and the flag of `npm run animate`, without the dashes. */
  readonly field: string;
  readonly enum: DescEnum;
  /** The value that applies when a request has none. */
  readonly default: number;
  /** The word for 0, if it is a choice and not only a missing value. */
  readonly unset?: string;
  /** One sentence for people: the help of the flag. */
  readonly help: string;
}

const DECLARATIONS = {
  camera: {
    field: 'camera',
    enum: CameraMoveSchema,
    default: CameraMove.UNSPECIFIED,
    unset: 'auto',
    help: 'how the camera moves, with a model that supports it',
  },
  resolution: {
    field: 'resolution',
    enum: ResolutionSchema,
    default: DEFAULT_RESOLUTION,
    help: 'size of the files, as far as the photo has the pixels',
  },
  quality: {
    field: 'quality',
    enum: QualitySchema,
    default: Quality.BEST,
    help: 'quality against time, with a model that has faster ways',
  },
  sampler: {
    field: 'sampler',
    enum: SamplerSchema,
    default: Sampler.UNSPECIFIED,
    unset: 'auto',
    help: 'sampler and noise levels; ays (Align Your Steps) is made for --steps 10',
  },
} as const satisfies Readonly<Record<string, WordDeclaration>>;

export type WordSettingName = keyof typeof DECLARATIONS;

/** A setting that is one of a few words. */
export interface WordSetting<Value extends number = number> {
  readonly name: WordSettingName;
  readonly field: string;
  readonly default: Value;
  readonly help: string;
  /** The values of the API by their words, such as `full-hd` for `RESOLUTION_FULL_HD`. */
  readonly words: ReadonlyMap<string, Value>;
}

export const WORD_SETTING_NAMES = Object.keys(DECLARATIONS) as readonly WordSettingName[];

/** Every setting that is one of a few words. */
export const WORD_SETTINGS = Object.fromEntries(
  WORD_SETTING_NAMES.map((name) => {
    const declaration: WordDeclaration = DECLARATIONS[name];
    const { field, default: byDefault, help } = declaration;
    return [name, { name, field, default: byDefault, help, words: wordsOf(declaration) }];
  }),
) as unknown as { readonly [Name in WordSettingName]: WordSetting<VideoSettings[Name]> };

/** The word of a value, and of the default for 0, which stands for a setting that a request does not have. */
export function wordOf(name: WordSettingName, value: number | undefined): string {
  const { words, default: byDefault } = WORD_SETTINGS[name];
  const wanted = value === undefined || value === 0 ? byDefault : value;
  for (const [word, number] of words) if (number === wanted) return word;
  throw new RangeError(`${name} has no value ${value}`);
}

function wordsOf({ enum: description, unset }: WordDeclaration): ReadonlyMap<string, number> {
  const { name, values, sharedPrefix = `${name.toUpperCase()}_` } = description;
  const toWord = (constant: string) => constant.slice(sharedPrefix.length).toLowerCase().replaceAll('_', '-');
  const words = values.filter(({ number }) => number !== 0).map((value) => [toWord(value.name), value.number] as const);
  return new Map([...(unset === undefined ? [] : [[unset, 0] as const]), ...words]);
}
