import { create } from '@bufbuild/protobuf';
import { decodeChunks, planSegments, resolveSettings, SAMPLER_KINDS } from '@cinematica/svd';
import type { ModelCard, SettingsRequest, VideoSettings } from '@cinematica/svd';
import { PlanSchema } from '../messages.ts';
import type { Plan } from '../messages.ts';

/** What is asked for: of the model, and of the files. */
export interface PlanRequest extends Omit<SettingsRequest, 'frames' | 'segment'> {
  /** Frames of the finished video; the model's own number unless it is given. */
  readonly frames?: number | undefined;
  /** The frame rate of the files; the one that the model is told unless it is given. */
  readonly outputFps?: number | undefined;
  readonly focus?: { readonly x: number; readonly y: number; readonly zoom?: number | undefined } | undefined;
  /** The preset whose numbers the card's defaults are. */
  readonly preset?: string | undefined;
  readonly loop?: boolean | undefined;
  /** Kinds of files beside the poster. */
  readonly outputs?: readonly string[] | undefined;
  /** Steps between two checkpoints. */
  readonly checkpointSteps?: number | undefined;
}

/**
 * Fixes a video: everything that its frames follow from, in the model's defaults where nothing is asked for.
 * @param digest the first hexadecimal digits of the digest of the model's files.
 * @throws SettingsError naming what can't be.
 */
export function createPlan(card: ModelCard, digest: string, request: PlanRequest): Plan {
  const frames = request.frames ?? card.defaults.frames;
  const { segments, framesPerSegment, surplus } = planSegments(frames, card.window);
  const settings = resolveSettings(card, { ...request, frames: framesPerSegment, segment: segments - 1 });
  const focus = request.focus ?? { x: 0.5, y: 0.5, zoom: 1 };
  return create(PlanSchema, {
    model: card.name,
    modelDigest: digest,
    width: settings.width,
    height: settings.height,
    frames,
    fps: settings.fps,
    outputFps: request.outputFps ?? settings.fps,
    motion: settings.motion,
    noiseAug: settings.noiseAug,
    steps: settings.steps,
    minGuidance: settings.minGuidance,
    maxGuidance: settings.maxGuidance,
    seed: settings.seed,
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
  });
}

/** A segment's settings, as the model takes them. */
export function segmentSettings(plan: Plan, segment: number): VideoSettings {
  const sampler = SAMPLER_KINDS.find((kind) => kind === plan.sampler);
  if (!sampler) throw new RangeError(`the plan's sampler "${plan.sampler}" is none that this version knows`);
  const { width, height, fps, motion, noiseAug, steps, minGuidance, maxGuidance, seed } = plan;
  return {
    width,
    height,
    frames: plan.segmentFrames,
    fps,
    motion,
    noiseAug,
    steps,
    minGuidance,
    maxGuidance,
    seed,
    segment,
    sampler,
    sigmas: plan.sigmas.length > 0 ? plan.sigmas : undefined,
    decodeChunk: Math.max(...plan.decodeChunks),
  };
}
