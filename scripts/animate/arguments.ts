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
import { LoraSyntaxError, parseExecutionProvider, parseLora, parseLoras } from '@cinematica/svd';
import type { LoraFile, ProviderChoice } from '@cinematica/svd';
import { SETTINGS_HELP } from './settings-flags.ts';
import type { Settings } from './settings-flags.ts';
import { UsageError } from './usage-error.ts';

const PRESETS = { calm: Preset.CALM, natural: Preset.NATURAL, lively: Preset.LIVELY } as const;

const FORMATS = ['mp4', 'webm', 'webp'] as const;

/** The most videos of one command that are made at the same time. A caller may have 100 unfinished videos by default. */
const DEFAULT_JOBS = 16;
const MAX_JOBS = 100;

/** How the name of a file ends, for example `.mp4` for `video.mp4` and `-loop.mp4` for `loop.mp4`. */
const endingOf = (name: OutputName): string => `-${OUTPUT_FILES[name].fileName}`.replace(/^-video/, '');

export const USAGE = `usage: npm run animate -- PHOTO OUTPUT [options]
       npm run animate -- PHOTO... --out DIR [options]

PHOTO is a JPEG, PNG, WebP, AVIF, HEIC, GIF or TIFF file; OUTPUT ends in .mp4, .webm or .webp. The model has defaults for all
settings.
With --out, PHOTO can also be a folder or a pattern such as 'trip/*.jpg', and each video is named after its photo. Photos that
failed are listed at the end. The same command continues where it stopped: it skips the videos that it has made already.

  --size SIZE           auto (the photo's aspect), WIDTHxHEIGHT, or an aspect such as 16:9
  --focus X,Y           the centre of the crop, from 0,0 (top left) to 1,1
  --preset NAME         ${Object.keys(PRESETS).join(', ')}  (amount of motion)
${SETTINGS_HELP}
  --guidance FROM:TO    guidance of the first and of the last frame; it may rise or fall
  --loop                forwards and backwards, for seamless repetition (mp4)
  --also KIND,...       further files, named after the video: ${OUTPUT_NAMES.join(', ')}

  --out DIR             the folder for the videos of several photos
  --format NAME         with --out: ${FORMATS.join(', ')}  (mp4)
  --jobs N              with --out: at most N videos at the same time (what the system allows, at most 16)
  --force               with --out: makes all videos again

The system that runs on this machine makes the video. Where none runs, one is started and stopped afterwards.

  --address URL         another system (CINEMATICA_URL)
  --api-key KEY         its API key (CINEMATICA_API_KEY, which other users can't see)
  --data DIR            the data folder of the system on this machine (.data)
  --model PATH          a .safetensors file of SVD, or a folder in diffusers' layout (models/nano)
  --lora FILE[:X]       a LoRA that changes the model, with its strength (1); may be repeated (LORA, with --model)
  --threads N           CPU threads of a system that is started (all)
  --provider NAME       auto, cuda, tensorrt, webgpu, coreml or cpu (EXECUTION_PROVIDER)
  --help`;

/** A file to make of a video. Its path is that of the video without an extension, and the ending. */
export interface WantedOutput {
  readonly kind: MediaKind;
  /** For example `.mp4` or `-loop.mp4`. */
  readonly ending: string;
}

/** One photo and the path of its video. */
export interface OnePhoto {
  readonly case: 'one';
  readonly photo: string;
  /** The absolute path of the video, without its extension. */
  readonly stem: string;
}

/** Several photos and the folder of their videos. */
export interface ManyPhotos {
  readonly case: 'many';
  /** Files, folders and patterns. */
  readonly sources: readonly string[];
  /** The absolute path of the folder. */
  readonly folder: string;
  /** The most videos that are made at the same time. */
  readonly jobs: number;
  /** Whether videos that exist already are made again. */
  readonly force: boolean;
}

/** The system that makes the video. */
export interface SystemArguments {
  /** The address of a system that is not on this machine. */
  readonly address: URL | undefined;
  readonly apiKey: string | undefined;
  readonly data: string | undefined;
  readonly model: string | undefined;
  /** LoRAs that change the model. */
  readonly loras?: readonly LoraFile[] | undefined;
  readonly threads: number | undefined;
  readonly provider: ProviderChoice | undefined;
}

/** The parsed arguments. */
export interface Arguments {
  readonly work: OnePhoto | ManyPhotos;
  /** The files of each video. The video itself is the first one. */
  readonly outputs: readonly [WantedOutput, ...WantedOutput[]];
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
  out: text,
  format: text,
  jobs: text,
  address: text,
  'api-key': text,
  data: text,
  model: text,
  lora: { type: 'string', multiple: true },
  threads: text,
  provider: text,
  loop: { type: 'boolean' },
  force: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = ReturnType<typeof parse>['values'];
type Format = (typeof FORMATS)[number];

/**
 * @param env the defaults CINEMATICA_URL, CINEMATICA_API_KEY and, with --model, LORA
 * @returns null for --help
 * @throws UsageError with a message of one line
 */
export function readArguments(args: string[], env: NodeJS.ProcessEnv): Arguments | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const { out } = values;
  const [work, ending] = out === undefined ? onePhoto(positionals, values) : manyPhotos(positionals, out, values);
  const outputs = outputsOf(ending, values);
  return { work, outputs, settings: settingsOf(values, outputs), system: systemOf(values, env) };
}

function onePhoto(positionals: readonly string[], values: Values): [OnePhoto, ending: string] {
  for (const name of ['format', 'jobs', 'force'] as const) {
    if (values[name] !== undefined) throw new UsageError(`--${name} needs --out, the folder for several videos`);
  }
  const [photo, output, ...rest] = positionals;
  if (photo === undefined) throw new UsageError('which photo, and which video?');
  if (output === undefined) throw new UsageError(`where to? Give a file for the video: ${photo} out.mp4`);
  if (rest.length > 0) {
    throw new UsageError(`one photo and one video, not also ${rest.join(' ')}; several photos need --out DIR`);
  }
  const ending = extname(output);
  if (formatOf(ending) === undefined)
    throw new UsageError(`${output}: the video's name must end in .mp4, .webm, .webp`);
  return [{ case: 'one', photo, stem: resolve(output).slice(0, -ending.length) }, ending];
}

function manyPhotos(sources: readonly string[], out: string, values: Values): [ManyPhotos, ending: string] {
  if (sources.length === 0) throw new UsageError('which photos? Give files, folders or patterns');
  if (out === '') throw new UsageError('--out must be a folder');
  const formats = { mp4: 0, webm: 0, webp: 0 } satisfies Record<Format, unknown>;
  const format = oneOf('format', formats, values.format) ?? 'mp4';
  const jobs = wholeNumber('--jobs', values.jobs, MAX_JOBS) ?? DEFAULT_JOBS;
  return [{ case: 'many', sources, folder: resolve(out), jobs, force: values.force ?? false }, endingOf(format)];
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

const formatOf = (ending: string) => FORMATS.find((name) => endingOf(name) === ending.toLowerCase());

/** @param ending how the name of the video ends */
function outputsOf(ending: string, { loop = false, also }: Values): [WantedOutput, ...WantedOutput[]] {
  const format = formatOf(ending) ?? 'mp4';
  if (loop && format !== 'mp4') throw new UsageError(`--loop makes an .mp4, not a ${ending}`);
  const main: OutputName = loop ? 'loop' : format;
  const names = new Set(
    (also ?? '').split(',').flatMap((name) => oneOf('also', OUTPUT_FILES, name.trim() || undefined) ?? []),
  );
  names.delete(main);
  // Without the suffix it would have the same name as the loop.
  const suffixOf = (name: OutputName) => (loop && name === 'mp4' ? '-once.mp4' : endingOf(name));
  const others = [...names].map((name) => ({ kind: OUTPUT_FILES[name].kind, ending: suffixOf(name) }));
  return [{ kind: OUTPUT_FILES[main].kind, ending }, ...others];
}

function settingsOf(values: Values, wanted: readonly WantedOutput[]): Settings {
  const settings: Settings = {
    // The others are always made.
    outputs: wanted.map(({ kind }) => kind).filter((kind) => extraOutputName(kind) !== undefined),
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
  return {
    address:
      address === undefined
        ? undefined
        : toAddress(values.address === undefined ? 'CINEMATICA_URL' : '--address', address),
    // The system on this machine has its own key, in the data folder.
    apiKey: values['api-key'] ?? (address === undefined || CINEMATICA_API_KEY === '' ? undefined : CINEMATICA_API_KEY),
    data: values.data === undefined ? undefined : resolve(values.data),
    model: values.model === undefined ? undefined : resolve(values.model),
    loras: lorasOf(values, env),
    threads: wholeNumber('--threads', values.threads, 1024),
    provider: values.provider === undefined ? undefined : parseExecutionProvider(values.provider, '--provider'),
  };
}

/** LORA of the environment counts for --model only: without it, it is no option that a running system could refuse. */
function lorasOf({ model, lora }: Values, { LORA = '' }: NodeJS.ProcessEnv): SystemArguments['loras'] {
  try {
    const loras = lora?.map(parseLora) ?? (model === undefined ? [] : parseLoras(LORA));
    return loras.length === 0 ? undefined : loras.map(({ file, strength }) => ({ file: resolve(file), strength }));
  } catch (error) {
    if (error instanceof LoraSyntaxError) throw new UsageError(`${lora ? '--lora' : 'LORA'}: ${error.message}`);
    throw error;
  }
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

/** @throws UsageError when it is not a whole number from 1 to `max` */
function wholeNumber(name: string, value: string | undefined, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = toNumber(name, value);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new UsageError(`${name} must be a whole number from 1 to ${max}, not ${value}`);
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
  if (parts.length > 2) throw new UsageError(`--guidance must be FROM:TO such as 1:3, not "${value}"`);
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
