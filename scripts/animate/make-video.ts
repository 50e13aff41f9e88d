import { randomInt } from 'node:crypto';
import {
  chooseSize,
  continueFrom,
  createModel,
  createRuntime,
  decode,
  denoise,
  encode,
  loadImage,
  openCheckpoint,
  planSegments,
  resolveSettings,
} from '../../packages/svd/src/index.ts';
import type {
  Checkpoint,
  Conditioning,
  Model,
  RgbImage,
  SegmentPlan,
  VideoSettings,
} from '../../packages/svd/src/index.ts';
import { muxMedia } from '../../services/muxer/src/media.ts';
import type { MediaFile } from '../../services/muxer/src/media.ts';
import { checkMediaRequest } from '../../services/muxer/src/media-request.ts';
import type { MediaRequest } from '../../services/muxer/src/media-request.ts';
import type { Arguments } from './arguments.ts';
import type { Progress } from './progress.ts';

/** A photo and everything that its video follows from. */
interface Plan {
  readonly photo: RgbImage;
  readonly checkpoint: Checkpoint;
  readonly settings: VideoSettings;
  readonly segments: SegmentPlan;
  readonly media: MediaRequest;
  readonly openModel: () => Promise<Model>;
}

/** Stages that {@link makeVideo} goes through. */
export const STAGES = 5;

/** A photo to a video, in this process and one computing process for each stage: what it held is free for the next. */
export async function makeVideo(
  args: Arguments,
  modelFolder: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<MediaFile> {
  progress.stage('opening the photo and the model');
  const photo = await loadImage(args.photo, {}, signal);
  const plan = planVideo(args, photo, await openCheckpoint(modelFolder, signal));
  progress.note(describePlan(plan));

  progress.stage('encoding the photo');
  const conditioning = await encodePhoto(plan, args, progress, signal);
  progress.stage('denoising', { name: 'step', total: plan.segments.segments * plan.settings.steps });
  const segments = await denoiseSegments(plan, conditioning, progress, signal);
  progress.stage('decoding', { name: 'frame', total: plan.media.frames });
  const over = new AbortController();
  try {
    const either = AbortSignal.any([signal, over.signal]);
    const frames = decodeSegments(plan, conditioning, segments, progress, either);
    const [file] = await muxMedia(frames, plan.media, signal);
    if (!file) throw new TypeError('the muxer made no file');
    return file;
  } finally {
    // Where ffmpeg failed, nobody waits for the frames that are being decoded.
    over.abort();
  }
}

/** All that can be wrong with what was asked is found here, before anything is computed. */
function planVideo(args: Arguments, photo: RgbImage, checkpoint: Checkpoint): Plan {
  const { output, format, loop, focus, outputFps, threads, provider } = args;
  const preset = args.preset ? checkpoint.card.presets[args.preset] : {};
  const card = { ...checkpoint.card, defaults: { ...checkpoint.card.defaults, ...preset } };
  const frames = args.frames ?? card.defaults.frames;
  const segments = planSegments(frames, card.window);
  const settings = resolveSettings(card, {
    ...args.settings,
    ...chooseSize(args.size, photo, card),
    frames: segments.framesPerSegment,
    seed: args.seed ?? randomInt(2 ** 32),
  });
  const { width, height, fps, motion, noiseAug, steps, minGuidance, maxGuidance, seed, sampler } = settings;
  const media: MediaRequest = {
    ...{ width, height, frames, fps, outputFps },
    outputs: [{ format, file: output, boomerang: loop }],
    settings: {
      ...{ generator: 'Cinemática', model: card.name, size: `${width}x${height}`, frames, fps, outputFps, motion },
      ...{ noiseAug, steps, guidance: { min: minGuidance, max: maxGuidance }, sampler, seed, focus, loop },
    },
  };
  checkMediaRequest(media);
  const openModel = async () => {
    return createModel(checkpoint, await createRuntime({ provider, ...(threads === undefined ? {} : { threads }) }));
  };
  return { photo, checkpoint, settings, segments, media, openModel };
}

function describePlan({ checkpoint, settings, segments, media }: Plan): string {
  const { width, height, steps, seed } = settings;
  const runs = segments.segments === 1 ? '' : ` (${segments.segments} runs of ${segments.framesPerSegment})`;
  const size = `${width}x${height}`;
  return `${checkpoint.card.title}: ${size}, ${media.frames} frames${runs}, ${steps} steps, seed ${seed}`;
}

async function encodePhoto(plan: Plan, { focus }: Arguments, progress: Progress, signal: AbortSignal) {
  await using model = await plan.openModel();
  progress.note(`computing on ${model.runtime.provider}`);
  return await encode(model, plan.photo, { ...plan.settings, focus }, signal);
}

/** Each segment's latents; a later one starts from the last frame of the one before. */
async function denoiseSegments(
  { settings, segments, checkpoint, openModel }: Plan,
  photo: Conditioning,
  progress: Progress,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  await using model = await openModel();
  const all: Float32Array[] = [];
  let conditioning = photo;
  for (let segment = 0; segment < segments.segments; segment++) {
    const onStep = ({ step }: { step: number }) => progress.done(segment * settings.steps + step);
    const latents = await denoise(model, conditioning, { ...settings, segment }, { onStep, signal });
    all.push(latents);
    const last = latents.subarray(latents.length - latents.length / settings.frames);
    conditioning = continueFrom(photo, last, checkpoint.vae.config.scaling_factor);
  }
  return all;
}

/** The frames that are shown: a later segment's first is the one before's last, and the very last may be too many. */
async function* decodeSegments(
  { settings, media, openModel }: Plan,
  size: Conditioning,
  segments: readonly Float32Array[],
  progress: Progress,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using model = await openModel();
  let shown = 0;
  for (const [segment, latents] of segments.entries()) {
    for await (const chunk of decode(model, latents, size, settings.decodeChunk, signal)) {
      const frame = chunk.width * chunk.height * 3;
      const from = segment > 0 && chunk.first === 0 ? 1 : 0;
      const to = Math.min(chunk.count, from + media.frames - shown);
      if (to > from) yield chunk.data.subarray(from * frame, to * frame);
      shown += to - from;
      progress.done(shown);
    }
  }
  progress.stage('finishing the video');
}
