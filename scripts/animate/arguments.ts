import { extname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseExecutionProvider, PRESETS, SAMPLER_KINDS } from '../../packages/svd/src/index.ts';
import type { Focus, Preset, ProviderChoice, SettingsRequest } from '../../packages/svd/src/index.ts';
import { UsageError } from './usage-error.ts';

export const USAGE = `usage: npm run animate -- PHOTO OUTPUT [options]

PHOTO is a JPEG, PNG, WebP, AVIF, GIF or TIFF file; OUTPUT ends in .mp4, .webm or .webp. What is not given, the model decides.

  --model DIR           a checkpoint in diffusers' layout; models/nano of this project unless given
  --frames N            frames of the video, 1 to 250
  --size SIZE           auto (as the photo is), WIDTHxHEIGHT, or an aspect such as 16:9
  --focus X,Y           what stays in the middle where the photo is cropped, from 0,0 (top left) to 1,1
  --preset NAME         ${PRESETS.join(', ')}: how much moves
  --motion N            how much moves, 1 to 255
  --noise-aug X         noise on the photo, 0 to 1: more of it lets the video leave the photo
  --fps N               the video's speed, frames per second
  --output-fps N        more frames per second than that, interpolated along the motion
  --loop                there and back again, to be repeated without a jump
  --seed N              the same seed gives the same video; random unless given
  --steps N             denoising steps
  --guidance MIN:MAX    guidance of the first and the last frame; also --min-guidance X, --max-guidance X
  --sampler NAME        ${SAMPLER_KINDS.join(', ')}
  --decode-chunk N      frames decoded together: fewer take less memory
  --threads N           CPU threads; all there are unless given
  --provider NAME       auto, cuda, tensorrt, webgpu, coreml, cpu; EXECUTION_PROVIDER unless given
  --help`;

/** A file format, by the ending of its name. */
const FORMATS: Readonly<Record<string, 'mp4' | 'webm' | 'webp'>> = { '.mp4': 'mp4', '.webm': 'webm', '.webp': 'webp' };

/** What the command was asked for. */
export interface Arguments {
  readonly photo: string;
  readonly output: string;
  readonly format: 'mp4' | 'webm' | 'webp';
  readonly model: string | undefined;
  readonly size: string;
  readonly frames: number | undefined;
  readonly outputFps: number | undefined;
  readonly loop: boolean;
  readonly preset: Preset | undefined;
  readonly focus: Focus | undefined;
  readonly threads: number | undefined;
  readonly provider: ProviderChoice;
  readonly seed: number | undefined;
  /** Their ranges are the model's business. */
  readonly settings: Partial<Omit<SettingsRequest, 'width' | 'height' | 'seed' | 'frames' | 'segment'>>;
}

const text = { type: 'string' } as const;
const options = {
  ...{ model: text, frames: text, size: text, focus: text, preset: text, motion: text, 'noise-aug': text, fps: text },
  ...{ 'output-fps': text, seed: text, steps: text, guidance: text, 'min-guidance': text, 'max-guidance': text },
  ...{ sampler: text, 'decode-chunk': text, threads: text, provider: text },
  loop: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * @returns null where help is asked for
 * @throws UsageError saying what is wrong, in one line
 */
export function readArguments(args: string[]): Arguments | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [photo, output, ...rest] = positionals;
  if (photo === undefined) throw new UsageError('which photo, and which video?');
  if (output === undefined) throw new UsageError(`where to? Give a file for the video: ${photo} out.mp4`);
  if (rest.length > 0) throw new UsageError(`one photo and one video, not also ${rest.join(' ')}`);
  const format = FORMATS[extname(output).toLowerCase()];
  if (!format) throw new UsageError(`${output}: the video's name must end in ${Object.keys(FORMATS).join(', ')}`);
  const { frames, threads } = { frames: number('frames'), threads: number('threads') };
  whole('frames', frames, 1, 250);
  whole('threads', threads, 1, 1024);
  const [minGuidance, maxGuidance] = guidance(values.guidance);
  return {
    ...{ photo, output: resolve(output), format, frames, threads },
    model: values.model,
    size: values.size ?? 'auto',
    outputFps: number('output-fps'),
    loop: values.loop ?? false,
    preset: oneOf('preset', PRESETS, values.preset),
    focus: focus(values.focus),
    provider: parseExecutionProvider(
      values.provider ?? process.env.EXECUTION_PROVIDER,
      values.provider === undefined ? 'EXECUTION_PROVIDER' : '--provider',
    ),
    seed: number('seed'),
    settings: defined({
      fps: number('fps'),
      motion: number('motion'),
      noiseAug: number('noise-aug'),
      steps: number('steps'),
      minGuidance: number('min-guidance') ?? minGuidance,
      maxGuidance: number('max-guidance') ?? maxGuidance,
      sampler: oneOf('sampler', SAMPLER_KINDS, values.sampler),
      decodeChunk: number('decode-chunk'),
    }),
  };

  function number(name: Exclude<keyof typeof options, 'loop' | 'help'>): number | undefined {
    const value = values[name];
    return value === undefined ? undefined : toNumber(`--${name}`, value);
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (cause) {
    // Node goes on about arguments that start with a dash.
    const [message = ''] = (cause instanceof Error ? cause.message : String(cause)).split(/\. |\.?\n/);
    throw new UsageError(message, { cause });
  }
}

function toNumber(name: string, value: string): number {
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(value)) throw new UsageError(`${name} must be a number, not "${value}"`);
  return Number(value);
}

function whole(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not ${value}`);
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: string | undefined): T | undefined {
  const choice = choices.find((known) => known === value);
  if (value === undefined || choice) return choice;
  throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not "${value}"`);
}

function guidance(value: string | undefined): [(number | undefined)?, (number | undefined)?] {
  if (value === undefined) return [];
  const parts = value.split(':').map((part) => toNumber('--guidance', part));
  if (parts.length > 2) throw new UsageError(`--guidance must be MIN:MAX such as 1:3, not "${value}"`);
  return [parts[0], parts[1] ?? parts[0]];
}

function focus(value: string | undefined): Focus | undefined {
  if (value === undefined) return undefined;
  const [x, y, ...rest] = value.split(',').map((part) => toNumber('--focus', part.trim()));
  const inside = (part: number | undefined): part is number => part !== undefined && part >= 0 && part <= 1;
  if (inside(x) && inside(y) && rest.length === 0) return { x, y };
  throw new UsageError(`--focus must be X,Y from 0,0 to 1,1 such as 0.5,0.3, not "${value}"`);
}

/** Only what was given, so that the rest stays the model's. */
function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
