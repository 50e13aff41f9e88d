import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { createBoundedQueue, isNoSpace } from '@cinematica/pipeline';
import type { ComputeSlot, Timeline } from '@cinematica/pipeline';
import { readStream } from '@cinematica/pipeline/service';
import { Code, refuse, refuseFields, refuseUntil, splitIntoChunks } from '@cinematica/protocol';
import type { ServiceHandlers } from '@cinematica/protocol';
import { PixelFormat } from '@cinematica/protocol/stages';
import type { MuxerService, MuxResponseSchema, MuxStart } from '@cinematica/protocol/stages';
import { ErrorReason } from '@cinematica/protocol/v1';
import { cropToAspect, ImageError, loadImage } from '@cinematica/svd/image';
import type { RgbImage } from '@cinematica/svd/image';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createBusySlot } from './busy-slot.ts';
import { FILES, filesToMake, makeFiles } from './files.ts';
import type { MadeFile } from './files.ts';
import { FinishError, finishedRequest, finishVideo, MIN_FINISHED_SIDE, needsFinishing } from './finish-video.ts';
import { MarkError, markFrames } from './mark-frames.ts';
import { MediaError } from './media-request.ts';
import type { MediaRequest } from './media-request.ts';
import type { MuxerOptions } from './stage.ts';

type Response = Exclude<MessageInitShape<typeof MuxResponseSchema>, { readonly $typeName: string }>;

/** Events that may wait for a slow reader. */
const MAX_EVENTS = 1_000;
/** The most concurrent calls. Each runs an ffmpeg, and most of them wait for frames: the limit is on their memory. */
const MAX_CALLS = 4;

/** The number in the mark of files that are not of a video. */
const NO_VIDEO = 0;

/** A file in memory, so that the slot is free while it is sent. */
interface LoadedFile extends MadeFile {
  readonly data: Uint8Array;
}

/** The gRPC service of the stage. A slow sender does not keep the slot, which the call has only while ffmpeg works. */
export function createMuxerService(options: MuxerOptions, slot: ComputeSlot): ServiceHandlers<typeof MuxerService> {
  let open = 0;
  return {
    async *mux(requests, context) {
      const { start, items } = await readStream(requests);
      const header = start.frames!;
      if (header.pixelFormat !== PixelFormat.RGB8) {
        throw refuseFields([{ field: 'start.frames.pixel_format', description: 'must be RGB8' }]);
      }
      const names = filesToMake((name) => start.outputs.includes(FILES[name].kind));
      const settings = readSettings(start);
      const timeline = readTimeline(start);

      if (open >= MAX_CALLS) {
        const message = `This stage is already making ${MAX_CALLS} videos: try again soon.`;
        throw refuseUntil(ErrorReason.SLOT_TAKEN, message, 5_000);
      }
      open++;
      const photo = await readPhoto(start, context.signal).catch((error: unknown) => {
        open--;
        throw error;
      });
      const busy = createBusySlot(slot, context);
      const progress = createBoundedQueue<Response>(MAX_EVENTS);
      const left = new AbortController();
      const { width, height, frames } = header;
      const onFrame = (read: number) =>
        progress.replace('progress', { message: { case: 'progress', value: { frames: read, total: frames } } });
      const signal = AbortSignal.any([context.signal, left.signal]);
      const received = busy.while(items(frames, width * height * 3));
      const { threads, finishTimeoutMs: timeoutMs, mark } = options;
      const finishing = { width, height, timeline, photo, threads, timeoutMs };
      const source = needsFinishing(finishing, photo !== null)
        ? finishVideo(received, finishing, onFrame, signal)
        : count(received, onFrame);
      const sign = signOrRefuse(options, settings);
      const request = { ...finishedRequest(timeline), settings, sign, threads };
      // These frames are of no video that the system knows.
      const marked = markFrames(source, request, mark, NO_VIDEO);
      const making = makeFiles(names, marked, request, loadFiles, signal)
        .finally(() => busy[Symbol.dispose]())
        .finally(() => open--)
        .finally(() => progress.end());
      making.catch(() => undefined);
      try {
        yield* progress;
        for (const [index, file] of (await making).entries()) {
          yield { message: { case: 'file', value: describeFile(file, index) } };
          for (const value of splitIntoChunks(index, file.data)) yield { message: { case: 'chunk', value } };
        }
      } catch (error) {
        if (isNoSpace(error)) throw noSpace(error);
        if (error instanceof FinishError) throw notFinished(error);
        if (error instanceof MarkError) throw notMarked(error);
        if (!(error instanceof MediaError)) throw error;
        throw refuseFields([{ field: 'start', description: error.message }], ErrorReason.SETTING_UNSUPPORTED);
      } finally {
        left.abort();
      }
    },
  };
}

/** Signs the files with the model's name in the settings: a direct caller may have made the frames with any. */
function signOrRefuse({ credentials }: MuxerOptions, settings: Record<string, unknown>): MediaRequest['sign'] {
  if (!credentials) return undefined;
  const name = typeof settings.model === 'string' ? settings.model : 'unknown';
  const sign = credentials.forVideo({ model: { name, digest: 'unknown' }, settings });
  return async (media) => {
    try {
      return await sign(media);
    } catch (cause) {
      throw notSigned(cause);
    }
  };
}

const notSigned = (cause: unknown) =>
  refuse(
    Code.INTERNAL,
    ErrorReason.STAGE_FAILED,
    'The content credentials could not be signed: tell the operator.',
    [],
    { cause },
  );

const noSpace = (cause: unknown) =>
  refuseUntil(
    ErrorReason.STORAGE_FULL,
    'This stage has no space left on its device: try again later.',
    60_000,
    Code.UNAVAILABLE,
    { cause },
  );

/** @throws RpcError INVALID_ARGUMENT when the size or the rate of the files is not possible. */
function readTimeline({
  frames: header,
  sourceFps: fps,
  frameRate: outputFps = fps,
  outputWidth,
  outputHeight,
  photo,
}: MuxStart): Timeline {
  const { width, height, frames } = header!;
  if (outputFps < fps) {
    throw refuseFields([{ field: 'start.frame_rate', description: `must be at least source_fps, which is ${fps}` }]);
  }
  const isFinished = photo.length > 0 || outputFps > fps || outputWidth > 0 || outputHeight > 0;
  if (isFinished && Math.min(width, height) < MIN_FINISHED_SIDE) {
    const description = `must be at least ${MIN_FINISHED_SIDE}×${MIN_FINISHED_SIDE} for another size or rate, or a photo`;
    throw refuseFields([{ field: 'start.frames', description }]);
  }
  if (outputWidth === 0 && outputHeight === 0) return { width, height, frames, fps, outputFps };
  if (outputWidth === 0 || outputHeight === 0) {
    throw refuseFields([{ field: 'start.output_width', description: 'must be set together with output_height' }]);
  }
  return { width: outputWidth, height: outputHeight, frames, fps, outputFps };
}

/** The photo in the shape of the frames; null when there is none. */
async function readPhoto({ photo, frames }: MuxStart, signal: AbortSignal): Promise<RgbImage | null> {
  if (photo.length === 0) return null;
  try {
    return cropToAspect(await loadImage(photo, { name: 'the photo' }, signal), frames!);
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    throw refuseFields([{ field: 'start.photo', description: cause.message }], ErrorReason.IMAGE_UNREADABLE);
  }
}

/** The frames were received once and are not kept, so that the caller has to send them again. */
const notFinished = (cause: FinishError) =>
  refuse(
    Code.INTERNAL,
    ErrorReason.STAGE_FAILED,
    `${cause.message}: without output_width, output_height, frame_rate and photo, the frames are encoded as they are.`,
    [],
    { cause },
  );

const notMarked = (cause: MarkError) =>
  refuse(Code.INTERNAL, ErrorReason.STAGE_FAILED, `${cause.message}: tell the operator.`, [], { cause });

function readSettings({ settingsJson }: MuxStart): Record<string, unknown> {
  if (settingsJson === '') return {};
  try {
    const settings: unknown = JSON.parse(settingsJson);
    if (typeof settings === 'object' && settings !== null) return { ...settings };
  } catch {
    // Reported below.
  }
  throw refuseFields([{ field: 'start.settings_json', description: 'must be a JSON object' }]);
}

async function* count(frames: AsyncIterable<Uint8Array>, onRead: (read: number) => void) {
  let read = 0;
  for await (const frame of frames) {
    yield frame;
    onRead(++read);
  }
}

const loadFiles = (files: MadeFile[]): Promise<LoadedFile[]> =>
  Promise.all(files.map(async (file) => ({ ...file, data: await readFile(file.file) })));

function describeFile({ kind, contentType, data, width, height, format, frames, fps }: LoadedFile, index: number) {
  return {
    index,
    kind,
    contentType,
    width,
    height,
    sizeBytes: BigInt(data.length),
    sha256: new Uint8Array(createHash('sha256').update(data).digest()),
    ...(format === 'poster' || format === 'card'
      ? {}
      : { duration: durationFromMs(Math.round((frames * 1000) / fps)) }),
  };
}
