import { randomUUID } from 'node:crypto';
import { Notice, Video_State } from '@cinematica/protocol/v1';
import type { GetCapabilitiesResponse, Media, Video } from '@cinematica/protocol/v1';
import type { Arguments } from './arguments.ts';
import { createVideoClient } from './client.ts';
import type { VideoClient } from './client.ts';
import { fetchFile, mediaOf } from './fetch-file.ts';
import { followVideo } from './follow-video.ts';
import { retryUntilReachable } from './retry-until-reachable.ts';
import { checkModel } from './open-system.ts';
import type { OpenSystem } from './open-system.ts';
import { toUpload } from './photo.ts';
import type { Photo } from './photo.ts';
import type { Progress } from './progress.ts';
import { checkLimits } from './settings-flags.ts';
import { reasonOf, RefusedError, UnreachableError } from './system-error.ts';

/** Timeout of short calls. Milliseconds. */
const CALL_TIMEOUT_MS = 10_000;
/** Timeout of an upload. Milliseconds. */
const UPLOAD_TIMEOUT_MS = 120_000;

/** A downloaded file. */
export interface MadeFile {
  readonly path: string;
  readonly media: Media;
}

/**
 * Lets a system make a video and downloads it. When the signal aborts, the video is cancelled there too.
 *
 * @returns the files and their frame rate; null for a single frame
 * @throws UsageError, RefusedError, UnreachableError, ConnectError; the signal's reason
 */
export async function makeVideo(
  args: Arguments,
  photo: Photo,
  system: OpenSystem,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ readonly files: readonly MadeFile[]; readonly frameRate: number | null }> {
  const client = createVideoClient(system.url, system.key);
  const { capabilities } = await firstCall(client, system.url, signal);
  if (args.system.model !== undefined) await checkModel(args.system.model, capabilities?.models ?? [], system.url);
  checkLimits(args.settings, capabilities?.limits);

  progress.show({ label: 'sending the photo' });
  const image = await toUpload(photo, capabilities?.limits);
  const video = await createVideo(client, args, image, system, signal);
  try {
    signal.throwIfAborted();
    progress.note(describe(video, capabilities));
    const done = await followVideo(client, video, system, (state) => progress.show(state), signal);
    checkOutcome(done);
    progress.show({ label: 'fetching the video' });
    const files = await fetchFiles(client, done, args, system, signal);
    if (done.notices.includes(Notice.NOT_FINISHED)) {
      progress.note('the frames could not be finished: the video is less sharp and less smooth than usual');
    }
    if (done.notices.includes(Notice.NOT_MARKED)) {
      progress.note(
        'the invisible mark could not be put into the video: say that it was generated when you publish it',
      );
    }
    if (done.notices.includes(Notice.NOT_SIGNED)) {
      progress.note('the content credentials could not be signed: the files do not carry them');
    }
    const { frames = 0, frameRate = 0 } = done.settings ?? {};
    return { files, frameRate: frames > 1 ? frameRate : null };
  } catch (error) {
    if (signal.aborted) progress.note(await cancel(client, video));
    throw error;
  }
}

/** The first call is not repeated, because it shows whether a system exists at the address. */
async function firstCall(client: VideoClient, url: string, signal: AbortSignal): Promise<GetCapabilitiesResponse> {
  try {
    return await client.getCapabilities({}, { signal, timeoutMs: CALL_TIMEOUT_MS });
  } catch (cause) {
    signal.throwIfAborted();
    if (reasonOf(cause) !== '') throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnreachableError(`no system answers at ${url} (${reason})`, { cause });
  }
}

/** Repeats the same request until it is answered. Its id makes sure that only one video is created. */
async function createVideo(
  client: VideoClient,
  { settings }: Arguments,
  image: Uint8Array,
  system: OpenSystem,
  signal: AbortSignal,
): Promise<Video> {
  const request = { source: { case: 'image' as const, value: image }, settings, requestId: randomUUID() };
  // Without the signal: an aborted request may still create a video, which could then not be cancelled.
  const send = () => client.createVideo(request, { timeoutMs: UPLOAD_TIMEOUT_MS });
  const { video } = await retryUntilReachable(send, system, signal);
  if (!video) throw new RefusedError('the system answered without a video');
  return video;
}

function describe({ settings, progress }: Video, capabilities: GetCapabilitiesResponse['capabilities']): string {
  const { model, frames = 0, steps = 0, seed = 0, shape } = settings ?? {};
  const title = capabilities?.models.find(({ name }) => name === model)?.title ?? model ?? '';
  const size = shape?.case === 'size' ? `${shape.value.width}x${shape.value.height}` : '';
  const segments = progress?.segments ?? 1;
  const parts = segments > 1 ? ` in ${segments} parts` : '';
  return `${title}: ${size}, ${frames} frames${parts}, ${steps} ${steps === 1 ? 'step' : 'steps'}, seed ${seed}`;
}

/** @throws RefusedError when the video failed or was cancelled */
function checkOutcome({ state, error }: Video): void {
  if (state === Video_State.FAILED) throw new RefusedError(`the video could not be made: ${error?.message ?? ''}`);
  if (state === Video_State.CANCELLED) throw new RefusedError('the video was cancelled by someone else');
}

/** Downloads all files or none. */
async function fetchFiles(
  client: VideoClient,
  done: Video,
  { files }: Arguments,
  system: OpenSystem,
  signal: AbortSignal,
): Promise<MadeFile[]> {
  await using stack = new AsyncDisposableStack();
  const fetched = [];
  for (const { kind, path } of files) {
    const find = async () => {
      const ask = () => client.getVideo({ name: done.name }, { signal, timeoutMs: CALL_TIMEOUT_MS });
      const { video } = await retryUntilReachable(ask, system, signal);
      return mediaOf(kind, video?.media ?? [], path);
    };
    fetched.push({ path, file: stack.use(await fetchFile(path, find, system, signal)) });
  }
  for (const { file } of fetched) await file.keep();
  return fetched.map(({ path, file: { media } }) => ({ path, media }));
}

/** @returns a message with the outcome */
async function cancel(client: VideoClient, { name }: Video): Promise<string> {
  try {
    await client.cancelVideo({ name }, { timeoutMs: CALL_TIMEOUT_MS });
    return `cancelled ${name}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${name} could not be cancelled (${reason})`;
  }
}
