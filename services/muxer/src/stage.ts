import {
  describeError,
  FailureReason,
  fileShape,
  Lifetime,
  modelFrames,
  PipelineStage,
  STEP_ALLOWANCE,
  TaskNotice,
  timelineOf,
  UnusableInputError,
} from '@cinematica/pipeline';
import type { Inputs, Log, StageHandler, StageHooks, StageTask, Timeline } from '@cinematica/pipeline';
import { videoNumber } from '@cinematica/provenance';
import { pickSettings } from '@cinematica/settings';
import { cropToAspect, loadImage } from '@cinematica/svd/image';
import { readFile } from 'node:fs/promises';
import { signFiles } from './content-credentials.ts';
import type { CredentialSigner } from './content-credentials.ts';
import { filesToMake, makeFiles } from './files.ts';
import { FinishError, finishedRequest, finishVideo, needsFinishing } from './finish-video.ts';
import { joinParts } from './join-parts.ts';
import { keepLastFrame } from './last-frame.ts';
import { describeMark, MarkError, markFrames } from './mark-frames.ts';
import type { MarkSettings } from './mark-frames.ts';
import { MediaError } from './media-request.ts';
import type { MediaRequest } from './media-request.ts';
import { shownFrames } from './shown-frames.ts';
import type { DecodedChunk } from './shown-frames.ts';

type Plan = StageTask['plan'];

/** The settings of the muxer. */
export interface MuxerOptions {
  /** The number of threads of finishing, and of each of ffmpeg's encoders. */
  readonly threads: number;
  /** How long finishing may compute, milliseconds. Then the frames are encoded as they are. */
  readonly finishTimeoutMs: number;
  readonly mark: MarkSettings;
  /** Signs the files. Null when this installation has no certificate: then they have no content credentials. */
  readonly credentials: CredentialSigner | null;
  readonly log: Pick<Log, 'warn'>;
}

/**
 * The last stage: finishes the `frames-…` of every segment and encodes them into the files of the video. Each is a part with
 * its name: `mp4`, `poster`, `card`, `loop`, `webp`, `webm`; and `last-frame`, from which another video can continue. The frames
 * of the files are marked; the last frame is not, so that a continued video has only its own mark. Frames that can't be finished or
 * marked are encoded without it, and the video has a notice of it.
 */
export const createMuxStage = (options: MuxerOptions): StageHandler => ({
  stage: PipelineStage.MUX,
  fingerprint: `finish 3, ${describeMark(options.mark)}, ffmpeg ${process.arch} × ${options.threads}`,
  async run(task, inputs, hooks) {
    if (task.plan.join.length > 0) {
      await joinVideos(options, task, inputs, hooks);
      return;
    }
    try {
      await makeVideo(options, task, inputs, hooks);
    } catch (error) {
      if (!(error instanceof MarkError)) throw error;
      options.log.warn(`${error.message}: the video is made without the invisible mark`, {
        video: task.videoId,
        reason: describeError(error.cause ?? error),
      });
      hooks.notice(TaskNotice.NOT_MARKED);
      await makeVideo({ ...options, mark: { ...options.mark, key: null } }, task, inputs, hooks);
    }
  },
});

async function makeVideo(options: MuxerOptions, task: StageTask, inputs: Inputs, hooks: StageHooks): Promise<void> {
  const { videoId, plan } = task;
  const made = { videoId, plan, video: videoNumber(videoId), patience: patienceOf(options, task) };
  if (needsFinishing({ ...plan, timeline: timelineOf(plan) }, wantsPhoto(plan))) {
    try {
      await finishAndEncode(options, made, inputs, hooks);
      return;
    } catch (error) {
      if (!(error instanceof FinishError)) throw error;
      options.log.warn(`${error.message}: the frames are encoded as they are`, {
        video: videoId,
        reason: describeError(error.cause ?? error),
      });
      hooks.notice(TaskNotice.NOT_FINISHED);
    }
  }
  await encodeAsTheyAre(options, made, inputs, hooks);
}

/** A video, its number in the mark, and how long making it may take. */
interface MadeVideo {
  readonly videoId: string;
  readonly plan: Plan;
  readonly video: number;
  readonly patience: Patience;
}

/** Joins the files of other videos. Their poster, their last frame and, if the first of them has one, their card follow their mp4s. */
async function joinVideos(
  options: MuxerOptions,
  { videoId, plan }: StageTask,
  inputs: Inputs,
  hooks: StageHooks,
): Promise<void> {
  const signal = eitherSignal(hooks);
  const count = plan.join.length;
  const { fps } = fileShape(timelineOf(plan), 'mp4');
  const steps = modelFrames(plan);
  const read = async (index: number): Promise<Uint8Array> => {
    const data = await inputs.joined(index, signal);
    hooks.progress(Math.floor((steps * index) / count), steps);
    return data;
  };
  const settings = { ...describePlan(plan), parts: count };
  const sign =
    signFiles(options, { videoId, plan, settings }, hooks) ?? ((media: Uint8Array) => Promise.resolve(media));
  const put = async (file: string) => hooks.output(Lifetime.MEDIA, 'mp4', await sign(await readFile(file)));
  await joinParts({ count, fps, read }, { settings, threads: options.threads }, put, signal);
  const others = ['poster', 'last-frame', ...(plan.outputs.includes('card') ? ['card'] : [])];
  for (const [index, part] of others.entries()) {
    await hooks.output(Lifetime.MEDIA, part, await inputs.joined(count + index, signal));
  }
}

/** How long finishing and encoding may take, milliseconds. */
interface Patience {
  /** Finishing, in total. */
  readonly timeoutMs: number;
  /** Finishing without a frame, and ffmpeg without a sign of life. */
  readonly stallMs: number;
}

/** Without a new frame for this long, finishing or ffmpeg hangs, unless frames are expected to take long. Milliseconds. */
const STALL_MS = 120_000;

/** A video that is expected to take long on this machine may take a multiple of that. */
function patienceOf({ finishTimeoutMs }: MuxerOptions, { plan, forecast }: StageTask): Patience {
  const expectedMs = 1000 * (forecast?.muxSeconds ?? 0);
  return {
    timeoutMs: Math.max(finishTimeoutMs, STEP_ALLOWANCE * expectedMs),
    stallMs: Math.max(STALL_MS, (STEP_ALLOWANCE * expectedMs) / modelFrames(plan)),
  };
}

async function finishAndEncode(
  options: MuxerOptions,
  made: MadeVideo,
  inputs: Inputs,
  hooks: StageHooks,
): Promise<void> {
  const { plan, patience } = made;
  const { threads } = options;
  const signal = eitherSignal(hooks);
  const { width, height } = plan;
  const timeline = timelineOf(plan);
  const photo = wantsPhoto(plan) ? await readPhoto(plan, inputs, signal) : null;
  const shown = shownFrames({ ...plan, frames: timeline.frames }, readChunks(plan, inputs, signal));
  const written = reportWritten(timeline, hooks);
  const margin = photo ? plan.margin : 0;
  const { onlyCameraMoves } = plan;
  const request = { width, height, timeline, margin, photo, onlyCameraMoves, threads, ...patience };
  // Encoders keep some frames back, so a frame that was finished is a sign of life, too.
  const finished = finishVideo(shown, request, written.repeat, signal);
  await encode(options, made, finished, { ...finishedRequest(timeline), onWritten: written.report }, hooks);
}

async function encodeAsTheyAre(
  options: MuxerOptions,
  made: MadeVideo,
  inputs: Inputs,
  hooks: StageHooks,
): Promise<void> {
  const { plan } = made;
  const { width, height } = plan;
  const timeline = timelineOf(plan);
  const { width: outputWidth, height: outputHeight, frames, fps, outputFps } = timeline;
  const { report: onWritten } = reportWritten(timeline, hooks);
  const shown = shownFrames({ width, height, frames }, readChunks(plan, inputs, eitherSignal(hooks)));
  const request = { width, height, frames, fps, outputWidth, outputHeight, outputFps, onWritten };
  await encode(options, made, shown, request, hooks);
}

/** Reports what has been written to the files as steps: as many as the model makes frames. */
function reportWritten({ frames }: Pick<Timeline, 'frames'>, hooks: StageHooks) {
  let step = 0;
  const report = (fraction: number): void => {
    const reached = Math.floor(fraction * frames + 1e-9);
    if (reached <= step) return;
    step = reached;
    hooks.progress(step, frames);
  };
  return { report, repeat: () => hooks.progress(step, frames) };
}

/** With the model's own resolution, its pixels are shown without those of the photo. Plans of earlier versions have none. */
const wantsPhoto = ({ resolution }: Plan): boolean => resolution !== 'model' && resolution !== '';

/** There is nothing to save when the process shuts down: the stage is repeated. */
const eitherSignal = ({ signal, draining }: StageHooks): AbortSignal => AbortSignal.any([signal, draining]);

/** Marks and encodes frames, and puts out the files and the last frame. */
async function encode(
  options: MuxerOptions,
  { plan, video, videoId, patience: { stallMs: silenceMs } }: MadeVideo,
  frames: AsyncIterable<Uint8Array>,
  request: Omit<MediaRequest, 'outputs' | 'settings' | 'sign' | 'threads' | 'silenceMs'>,
  hooks: StageHooks,
): Promise<void> {
  const { threads, mark } = options;
  const settings = describePlan(plan);
  const sign = signFiles(options, { videoId, plan, settings }, hooks);
  const names = filesToMake((name) => plan.outputs.includes(name) || (name === 'loop' && plan.loop));
  const last = keepLastFrame(request);
  try {
    await makeFiles(
      names,
      markFrames(last.follow(frames), request, mark, video),
      { ...request, threads, silenceMs, sign, settings },
      async (files) => {
        for (const { name, file } of files) await hooks.output(Lifetime.MEDIA, name, await readFile(file));
        await hooks.output(Lifetime.MEDIA, 'last-frame', await last.png());
      },
      eitherSignal(hooks),
    );
  } catch (error) {
    if (error instanceof MediaError) {
      throw new UnusableInputError(error.message, FailureReason.SETTING_UNSUPPORTED, { cause: error });
    }
    throw error;
  }
}

/** The part of the photo that the first frame shows. */
async function readPhoto({ width, height, focusX: x, focusY: y, zoom }: Plan, inputs: Inputs, signal: AbortSignal) {
  const photo = await loadImage(await inputs.photo(signal), { name: 'the photo' }, signal);
  return cropToAspect(photo, { width, height }, { x, y, zoom: Math.max(1, zoom) });
}

/** The decoded chunks of a video, in order. Each is read while the one before it is encoded. */
async function* readChunks({ segments, decodeChunks }: Plan, inputs: Inputs, signal: AbortSignal) {
  const all = Array.from({ length: segments }, (_, segment) =>
    [...decodeChunks.keys()].map((chunk) => ({ segment, chunk })),
  );
  let coming: Promise<DecodedChunk> | undefined;
  for (const next of all.flat()) {
    const before = coming;
    const data = inputs.read(PipelineStage.DECODE, next.segment, `frames-${next.chunk}`, signal);
    coming = data.then((bytes) => ({ ...next, data: bytes }));
    // The `await` below reports an error.
    coming.catch(() => undefined);
    if (before) yield await before;
  }
  if (coming) yield await coming;
}

/** The settings in the metadata of a file, under their names in the API. */
function describePlan(plan: Plan): Record<string, unknown> {
  const { model, width, height, sampler, loop, resolution } = plan;
  const output = fileShape(timelineOf(plan), 'mp4');
  return {
    generator: 'Cinemática',
    model,
    size: `${width}x${height}`,
    ...pickSettings(plan),
    camera: plan.camera || 'auto',
    sampler,
    focus: { x: plan.focusX, y: plan.focusY, zoom: Math.max(1, plan.zoom) },
    loop,
    resolution,
    outputSize: `${output.width}x${output.height}`,
  };
}
