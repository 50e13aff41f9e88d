import { MediaKind, Preset } from '@cinematica/protocol/v1';
import type { Capabilities, Limits, Model, Range, VideoSettings } from '@cinematica/protocol/v1';
import { isWhole, WHOLE } from './crop.ts';
import type { Crop, Size } from './crop.ts';
import { aspectOf, shapeLike } from './shapes.ts';
import type { Shape } from './shapes.ts';

/** The settings that are numbers, under the API's names. */
export const NUMBERS = [
  'frames',
  'conditioningFps',
  'frameRate',
  'motionBucketId',
  'noiseAugStrength',
  'steps',
  'minGuidance',
  'maxGuidance',
] as const;
export type NumberName = (typeof NUMBERS)[number];
export type Numbers = Readonly<Record<NumberName, number>>;

/** What can be made besides the mp4 and the poster. */
export const EXTRAS = [MediaKind.LOOP, MediaKind.WEBP, MediaKind.WEBM] as const;
export type Extra = (typeof EXTRAS)[number];

/** What someone has chosen on the create screen; the rest is the preset's and the model's. */
export interface Choices {
  readonly preset: Preset;
  readonly shape: Shape;
  /** Numbers of their own, in place of the preset's. */
  readonly own: Partial<Numbers>;
  readonly extras: readonly Extra[];
  /** Left out, one is drawn. */
  readonly seed?: number | undefined;
}

/** The limits of the seed are those of its type. */
export const MAX_SEED = 2 ** 32 - 1;

/** Little to much. */
export const PRESETS = [Preset.CALM, Preset.NATURAL, Preset.LIVELY] as const;

/** What is offered first. */
export const FIRST_CHOICES: Choices = { preset: Preset.NATURAL, shape: 'auto', own: {}, extras: [] };

/** The limits of a number. The video plays at least as fast as the model is told. */
export function rangeOf(name: NumberName, limits: Limits, numbers?: Numbers): Range {
  const range = name === 'minGuidance' || name === 'maxGuidance' ? limits.guidance : limits[name];
  if (!range) throw new RangeError(`the system told no limits of ${name}`);
  return name === 'frameRate' && numbers ? { ...range, min: Math.max(range.min, numbers.conditioningFps) } : range;
}

/** Every number that the video would be made with. */
export function numbersOf({ preset, own }: Choices, model: Model): Numbers {
  const given = { ...presetNumbers(model, preset), ...own };
  // As the system fills it in: without a wish of its own, the video plays at the rate that the model is told.
  const frameRate = own.frameRate ?? given.conditioningFps;
  return {
    ...given,
    frameRate: Math.max(frameRate, given.conditioningFps),
    minGuidance: Math.min(given.minGuidance, given.maxGuidance),
  };
}

function presetNumbers(model: Model, preset: Preset): Numbers {
  const { defaults } = model;
  const settings = model.presets.find((known) => known.preset === preset)?.settings ?? defaults;
  const entries = NUMBERS.map((name) => [name, settings?.[name] ?? defaults?.[name]] as const);
  const missing = entries.find(([, value]) => value === undefined);
  if (missing) throw new RangeError(`the system told no default of ${missing[0]}`);
  return Object.fromEntries(entries) as Numbers;
}

/**
 * Another preset. Own numbers that the presets are about give way to it; those that they all agree on (the seconds, say)
 * stay.
 */
export function withPreset(choices: Choices, preset: Preset, model: Model): Choices {
  const all = model.presets.map((known) => presetNumbers(model, known.preset));
  const kept = NUMBERS.filter((name) => all.every((numbers) => numbers[name] === all[0]?.[name]));
  const own = Object.fromEntries(Object.entries(choices.own).filter(([name]) => kept.some((other) => other === name)));
  return { ...choices, preset, own };
}

/** A number of one's own; what is left out anyway is none. Of the two guidances, the one that is moved takes the other along. */
export function withNumber(choices: Choices, name: NumberName, value: number, model: Model): Choices {
  const numbers = numbersOf(choices, model);
  const own: Partial<Record<NumberName, number>> = { ...choices.own, [name]: value };
  if (name === 'minGuidance' && value > numbers.maxGuidance) own.maxGuidance = value;
  if (name === 'maxGuidance' && value < numbers.minGuidance) own.minGuidance = value;
  return { ...choices, own: withoutUsual(own, choices.preset, model) };
}

/** Own numbers without those that would be the same had nothing been chosen. */
function withoutUsual(own: Partial<Numbers>, preset: Preset, model: Model): Partial<Numbers> {
  const usual = presetNumbers(model, preset);
  const rate = own.conditioningFps ?? usual.conditioningFps;
  const chosen = Object.entries(own).filter(([name, value]) =>
    name === 'frameRate' ? value > rate : value !== usual[name as NumberName],
  );
  return Object.fromEntries(chosen);
}

/** How long the video plays, in seconds: frames in between are added without making it longer. */
export function secondsOf({ frames, conditioningFps }: Pick<Numbers, 'frames' | 'conditioningFps'>): number {
  return frames / conditioningFps;
}

/** Whether anything beside the preset and the shape is chosen. */
export function isPlain({ own, extras, seed }: Choices): boolean {
  return Object.keys(own).length === 0 && extras.length === 0 && seed === undefined;
}

/** The settings as they are sent: what was not chosen is left to the system. */
export function settingsOf(choices: Choices, crop: Crop, model: Model) {
  const numbers = numbersOf(choices, model);
  const own = Object.fromEntries(Object.keys(choices.own).map((name) => [name, numbers[name as NumberName]]));
  const { preset, extras, seed } = choices;
  const shape = aspectOf(choices.shape);
  return {
    ...{ model: model.name, preset, outputs: [...extras] },
    ...(own as Partial<Numbers>),
    ...(seed === undefined ? {} : { seed }),
    ...(shape ? { shape: { case: 'aspectRatio', value: shape } as const } : {}),
    ...(isWhole(crop) ? {} : { crop: { x: crop.x, y: crop.y, zoom: crop.zoom } }),
  };
}

/**
 * What was chosen for a video that there is, so that another can be made like it. The seed is drawn anew.
 * @param photo that it is to be made of
 */
export function choicesOf(settings: VideoSettings, photo: Size, model: Model): Choices {
  const preset = PRESETS.find((known) => known === settings.preset) ?? FIRST_CHOICES.preset;
  const given = NUMBERS.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]] as const]));
  const own = withoutUsual(Object.fromEntries(given), preset, model);
  const extras = EXTRAS.filter((kind) => settings.outputs.includes(kind));
  return { preset, shape: shapeLike(settings.shape.value, photo, model), own, extras };
}

/** What was seen of a video's photo. */
export function cropOf({ crop }: VideoSettings): Crop {
  return { x: crop?.x ?? WHOLE.x, y: crop?.y ?? WHOLE.y, zoom: crop?.zoom ?? WHOLE.zoom };
}

/** As it is kept for the next time. */
export function storeChoices({ preset, shape, own, extras }: Choices): string {
  return JSON.stringify({ preset, shape, own, extras });
}

/** What was kept the last time, as far as it still means something to this system. */
export function restoreChoices(text: string | null, { limits }: Capabilities): Choices {
  const kept = parse(text);
  const own: Partial<Record<NumberName, number>> = {};
  for (const name of NUMBERS) {
    const value = kept.own?.[name];
    if (typeof value !== 'number' || !Number.isFinite(value) || !limits) continue;
    const { min, max } = rangeOf(name, limits);
    own[name] = Math.min(Math.max(value, min), max);
  }
  return {
    preset: PRESETS.find((preset) => preset === kept.preset) ?? FIRST_CHOICES.preset,
    shape: typeof kept.shape === 'string' && aspectOf(kept.shape) ? (kept.shape as Shape) : FIRST_CHOICES.shape,
    own,
    extras: EXTRAS.filter((kind) => Array.isArray(kept.extras) && kept.extras.includes(kind)),
  };
}

function parse(text: string | null): {
  preset?: unknown;
  shape?: unknown;
  own?: Record<string, unknown>;
  extras?: unknown;
} {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
