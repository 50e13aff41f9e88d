import { extname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Preset } from '@cinematica/protocol/v1';
import type { MediaKind } from '@cinematica/protocol/v1';
import {
  extraOutputName,
  OUTPUT_FILES,
  OUTPUT_NAMES,
  parseSeed,
  SeedError,
  SETTING_NAMES,
  SETTINGS,
  WORD_SETTING_NAMES,
  WORD_SETTINGS,
} from '@cinematica/settings';
import type { OutputName, SettingFlag, WordSettingName } from '@cinematica/settings';
import { parseExecutionProvider } from '@cinematica/svd';
import type { ProviderChoice } from '@cinematica/svd';
import { SETTINGS_HELP } from './settings-flags.ts';
import type { Settings } from './settings-flags.ts';
import { UsageError } from './usage-error.ts';

const PRESETS = { calm: Preset.CALM, natural: Preset.NATURAL, lively: Preset.LIVELY } as const;

/** How the name of a file ends, for example `.mp4` for `video.mp4` and `-loop.mp4` for `loop.mp4`. */
const endingOf = (name: OutputName): string => `-${OUTPUT_FILES[name].fileName}`.replace(/^-video/, '');

export const USAGE = `usage: npm run animate -- PHOTO OUTPUT [options]

PHOTO is a JPEG, PNG, WebP, AVIF, GIF or TIFF file; OUTPUT ends in .mp4, .webm or .webp. The model has defaults for all settings.

  --size SIZE           auto (the photo's aspect), WIDTHxHEIGHT, or an aspect such as 16:9
  --focus X,Y           the centre of the crop, from 0,0 (top left) to 1,1
  --preset NAME         ${Object.keys(PRESETS).join(', ')}  (amount of motion)
${SETTINGS_HELP}
  --guidance MIN:MAX    minimum and maximum guidance
  --loop                forwards and backwards, for seamless repetition (mp4)
  --also KIND,...       further files, named after OUTPUT: ${OUTPUT_NAMES.join(', ')}

The system that runs on this machine makes the video. Where none runs, one is started and stopped afterwards.

  --address URL         another system (CINEMATICA_URL)
  --api-key KEY         its API key (CINEMATICA_API_KEY, which other users can't see)
  --data DIR            the data folder of the system on this machine (.data)
  --model DIR           a checkpoint in diffusers' layout (models/nano)
  --threads N           CPU threads of a system that is started (all)
  --provider NAME       auto, cuda, tensorrt, webgpu, coreml or cpu (EXECUTION_PROVIDER)
  --help`;

/** A file to download when the video is done. */
export interface WantedFile {
  readonly kind: MediaKind;
  readonly path: string;
}

/** The system that makes the video. */
export interface SystemArguments {
  /** The address of a system that is not on this machine. */
  readonly address: URL | undefined;
  readonly apiKey: string | undefined;
  readonly data: string | undefined;
  readonly model: string | undefined;
  readonly threads: number | undefined;
  readonly provider: ProviderChoice | undefined;
}

/** The parsed arguments. */
export interface Arguments {
  readonly photo: string;
  /** The video is the first one. */
  readonly files: readonly [WantedFile, ...WantedFile[]];
  /** The system checks their ranges. */
  readonly settings: Settings;
  readonly system: SystemArguments;
}

const text = { type: 'string' } as const;
const settingFlags = Object.fromEntries(SETTING_NAMES.map((name) => [SETTINGS[name].flag, text])) as Record<
  SettingFlag,
  typeof text
>;
const wordFlags = Object.fromEntries(WORD_SETTING_NAMES.map((name) => [name, text])) as Record<
  WordSettingName,
  typeof text
>;
const options = {
  ...settingFlags,
  ...wordFlags,
  size: text,
  focus: text,
  preset: text,
  guidance: text,
  also: text,
  address: text,
  'api-key': text,
  data: text,
  model: text,
  threads: text,
  provider: text,
  loop: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parse>['values'];

/**
 * @param env the defaults CINEMATICA_URL and CINEMATICA_API_KEY
 * @returns null for --help
 * @throws UsageError with a message of one line
 */
export function readArguments(args: string[], env: NodeJS.ProcessEnv): Arguments | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [photo, output, ...rest] = positionals;
  if (photo === undefined) throw new UsageError('which photo, and which video?');
  if (output === undefined) throw new UsageError(`where to? Give a file for the video: ${photo} out.mp4`);
  if (rest.length > 0) throw new UsageError(`one photo and one video, not also ${rest.join(' ')}`);
  const files = filesOf(output, values);
  return { photo, files, settings: settingsOf(values, files), system: systemOf(values, env) };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args: joinNegativeNumbers(args), allowPositionals: true, options });
  } catch (cause) {
    // Node's message continues with a hint about arguments that start with a dash.
    const [message = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\. |\.?\n/);
    throw new UsageError(message, { cause });
  }
}

/** Writes `--seed -1` as `--seed=-1`: Node takes a value that starts with a dash for another option. */
function joinNegativeNumbers(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    if (/^-[.\d]/.test(arg) && last !== undefined && /^--[a-z-]+$/.test(last)) joined.splice(-1, 1, `${last}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

function filesOf(output: string, { loop = false, also }: Values): [WantedFile, ...WantedFile[]] {
  const extension = extname(output).toLowerCase();
  const named = (['mp4', 'webm', 'webp'] as const).find((name) => endingOf(name) === extension);
  if (!named) throw new UsageError(`${output}: the video's name must end in .mp4, .webm, .webp`);
  if (loop && named !== 'mp4') throw new UsageError(`--loop makes an .mp4, not a ${extension}`);
  const main: OutputName = loop ? 'loop' : named;
  const path = resolve(output);
  const stem = path.slice(0, -extension.length);
  const names = new Set(
    (also ?? '').split(',').flatMap((name) => oneOf('also', OUTPUT_FILES, name.trim() || undefined) ?? []),
  );
  names.delete(main);
  // Without the suffix it would have the same name as the loop.
  const suffixOf = (name: OutputName) => (loop && name === 'mp4' ? '-once.mp4' : endingOf(name));
  const others = [...names].map((name) => ({ kind: OUTPUT_FILES[name].kind, path: `${stem}${suffixOf(name)}` }));
  return [{ kind: OUTPUT_FILES[main].kind, path }, ...others];
}

function settingsOf(values: Values, files: readonly WantedFile[]): Settings {
  const settings: Settings = {
    // The others are always made.
    outputs: files.map(({ kind }) => kind).filter((kind) => extraOutputName(kind) !== undefined),
    ...shapeOf(values.size),
    ...focusOf(values.focus),
  };
  const preset = oneOf('preset', PRESETS, values.preset);
  if (preset) settings.preset = PRESETS[preset];
  const [minGuidance, maxGuidance] = guidance(values.guidance);
  if (minGuidance !== undefined) Object.assign(settings, { minGuidance, maxGuidance });
  for (const name of SETTING_NAMES) {
    const { flag } = SETTINGS[name];
    const value = values[flag];
    if (value === undefined) continue;
    const number = name === 'seed' ? toSeed(value) : toNumber(`--${flag}`, value);
    if (number !== null) settings[name] = number;
  }
  for (const name of WORD_SETTING_NAMES) {
    const { words } = WORD_SETTINGS[name];
    const word = oneOf(name, Object.fromEntries(words), values[name]);
    if (word !== undefined) Object.assign(settings, { [name]: words.get(word) });
  }
  return settings;
}

function systemOf(values: Values, env: NodeJS.ProcessEnv): SystemArguments {
  const { CINEMATICA_URL = '', CINEMATICA_API_KEY = '' } = env;
  const address = values.address ?? (CINEMATICA_URL === '' ? undefined : CINEMATICA_URL);
  const threads = values.threads === undefined ? undefined : toNumber('--threads', values.threads);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
    throw new UsageError(`--threads must be a whole number from 1 to 1024, not ${threads}`);
  }
  return {
    address:
      address === undefined
        ? undefined
        : toAddress(values.address === undefined ? 'CINEMATICA_URL' : '--address', address),
    // The system on this machine has its own key, in the data folder.
    apiKey: values['api-key'] ?? (address === undefined || CINEMATICA_API_KEY === '' ? undefined : CINEMATICA_API_KEY),
    data: values.data === undefined ? undefined : resolve(values.data),
    model: values.model === undefined ? undefined : resolve(values.model),
    threads,
    provider: values.provider === undefined ? undefined : parseExecutionProvider(values.provider, '--provider'),
  };
}

function toAddress(name: string, value: string): URL {
  const url = URL.parse(value);
  if (url && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new UsageError(`${name} must be a URL such as http://localhost:8080, not "${value}"`);
}

function toNumber(name: string, value: string): number {
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(value)) throw new UsageError(`${name} must be a number, not "${value}"`);
  return Number(value);
}

/** @returns null for a random seed */
function toSeed(value: string): number | null {
  try {
    return parseSeed(value);
  } catch (error) {
    if (error instanceof SeedError) throw new UsageError(`--seed ${error.message}`);
    throw error;
  }
}

function oneOf<T extends string>(
  name: string,
  choices: Readonly<Record<T, unknown>>,
  value: string | undefined,
): T | undefined {
  const known = Object.keys(choices) as T[];
  const choice = known.find((each) => each === value);
  if (value === undefined || choice) return choice;
  throw new UsageError(`--${name} must be one of ${known.join(', ')}, not "${value}"`);
}

function guidance(value: string | undefined): [(number | undefined)?, (number | undefined)?] {
  if (value === undefined) return [];
  const parts = value.split(':').map((part) => toNumber('--guidance', part));
  if (parts.length > 2) throw new UsageError(`--guidance must be MIN:MAX such as 1:3, not "${value}"`);
  return [parts[0], parts[1] ?? parts[0]];
}

function shapeOf(value = 'auto'): Pick<Settings, 'shape'> {
  if (value.toLowerCase() === 'auto') return {};
  const [, width, by, height] = /^(\d{1,5})([x×:])(\d{1,5})$/i.exec(value) ?? [];
  if (by === undefined) {
    throw new UsageError(`--size must be auto, an aspect like 16:9, or width x height like 1024x576, not "${value}"`);
  }
  const sides = { width: Number(width), height: Number(height) };
  return { shape: by === ':' ? { case: 'aspectRatio', value: sides } : { case: 'size', value: sides } };
}

function focusOf(value: string | undefined): Pick<Settings, 'crop'> {
  if (value === undefined) return {};
  const [x, y, ...rest] = value.split(',').map((part) => toNumber('--focus', part.trim()));
  const inside = (part: number | undefined): part is number => part !== undefined && part >= 0 && part <= 1;
  if (inside(x) && inside(y) && rest.length === 0) return { crop: { x, y } };
  throw new UsageError(`--focus must be X,Y from 0,0 to 1,1 such as 0.5,0.3, not "${value}"`);
}
