import { create } from '@bufbuild/protobuf';
import { CAMERA_MOVE_NAMES, CARD_SETTING_NAMES, defaultFrameRate, pickSettings } from '@cinematica/settings';
import { decodeChunks, planSegments, resolveSettings, SAMPLER_KINDS } from '@cinematica/svd';
import type { ModelCard, SettingsRequest, SegmentSettings } from '@cinematica/svd';
import { frameIntervalOf, modelFrames } from './model-frames.ts';
import { PlanSchema } from '../messages.ts';
import type { Plan } from '../messages.ts';

/** The settings of a video, for the model and for the files. */
export interface PlanRequest extends Omit<SettingsRequest, 'frames' | 'segment'> {
  /** The number of frames of the video. @default the model card's number of frames */
  readonly frames?: number | undefined;
  /** The frame rate of the files. @default the multiple of `conditioningFps` nearest to 28 */
  readonly frameRate?: number | undefined;
  /** The size of the files in pixels. @default the size of the model's frames */
  readonly output?: { readonly width: number; readonly height: number } | undefined;
  /** The resolution that `output` comes from, in the words of the settings. @default `model` */
  readonly resolution?: string | undefined;
  /** The centre of the crop, 0 to 1 in both directions, and its zoom, at least 1. @default the centre without zoom */
  readonly focus?: { readonly x: number; readonly y: number; readonly zoom?: number | undefined } | undefined;
  /** The quality that the card's defaults come from, in the words of the settings. @default `best` */
  readonly quality?: string | undefined;
  /** The quality whose components of the model compute the video. @default the model's own components */
  readonly components?: string | undefined;
  /** The name of the preset that the card's defaults come from. @default none */
  readonly preset?: string | undefined;
  /** Whether a file that loops is made. @default false */
  readonly loop?: boolean | undefined;
  /** The kinds of files beside the poster. @default ['mp4'] */
  readonly outputs?: readonly string[] | undefined;
  /** The number of steps between two checkpoints. @default 5 */
  readonly checkpointSteps?: number | undefined;
}

/**
 * Resolves a request into the plan of a video, which determines its frames. Settings that are not given are the model's
 * defaults.
 * @param digest the first hexadecimal digits of the SHA-256 of the model's files.
 * @throws SettingsError naming the setting that is not supported.
 */
export function createPlan(card: ModelCard, digest: string, request: PlanRequest): Plan {
  const frames = request.frames ?? card.defaults.frames;
  const conditioningFps = request.conditioningFps ?? card.defaults.conditioningFps;
  // The interval of the card is a wish: the model makes at least one frame a second.
  const frameInterval = request.frameInterval ?? Math.min(card.defaults.frameInterval, conditioningFps);
  const made = modelFrames({ frames, frameInterval });
  const { segments, framesPerSegment, surplus } = planSegments(made, card.window);
  const settings = resolveSettings(card, {
    ...request,
    frameInterval,
    frames: framesPerSegment,
    segment: segments - 1,
  });
  const focus = request.focus ?? { x: 0.5, y: 0.5, zoom: 1 };
  return create(PlanSchema, {
    model: card.name,
    modelDigest: digest,
    ...pickSettings(settings),
    width: settings.width,
    height: settings.height,
    frames,
    frameRate: request.frameRate ?? defaultFrameRate(settings.conditioningFps),
    sampler: settings.sampler,
    sigmas: [...(settings.sigmas ?? [])],
    focusX: focus.x,
    focusY: focus.y,
    loop: request.loop ?? false,
    outputs: [...(request.outputs ?? ['mp4'])],
    segments,
    segmentFrames: framesPerSegment,
    surplus,
    decodeChunks: decodeChunks(framesPerSegment, settings.decodeChunk).map(({ count }) => count),
    checkpointSteps: request.checkpointSteps ?? 5,
    preset: request.preset ?? '',
    zoom: focus.zoom ?? 1,
    resolution: request.resolution ?? 'model',
    outputWidth: request.output?.width ?? settings.width,
    outputHeight: request.output?.height ?? settings.height,
    camera: settings.camera ?? '',
    quality: request.quality ?? '',
    components: request.components ?? '',
  });
}

/** DeepCache's interval. A plan of an earlier version has none, which means that each step computes the whole UNet. */
export const cacheIntervalOf = ({ cacheInterval }: Pick<Plan, 'cacheInterval'>): number => Math.max(cacheInterval, 1);

/** The settings of a segment, in the model's form. @throws RangeError when the sampler or the camera move is unknown. */
export function segmentSettings(plan: Plan, segment: number): SegmentSettings {
  const sampler = SAMPLER_KINDS.find((kind) => kind === plan.sampler);
  if (!sampler) throw new RangeError(`unknown sampler "${plan.sampler}" in the plan`);
  const camera = CAMERA_MOVE_NAMES.find((name) => name === plan.camera);
  if (plan.camera !== '' && !camera) throw new RangeError(`unknown camera move "${plan.camera}" in the plan`);
  return {
    ...pickSettings(plan, [...CARD_SETTING_NAMES, 'seed']),
    cacheInterval: cacheIntervalOf(plan),
    frameInterval: frameIntervalOf(plan),
    width: plan.width,
    height: plan.height,
    frames: plan.segmentFrames,
    segment,
    sampler,
    sigmas: plan.sigmas.length > 0 ? plan.sigmas : undefined,
    decodeChunk: Math.max(...plan.decodeChunks),
    camera,
  };
}
