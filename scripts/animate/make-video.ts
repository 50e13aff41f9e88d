import { randomUUID } from 'node:crypto';
import { Video_State } from '@cinematica/protocol/v1';
import type { GetCapabilitiesResponse, Media, Video } from '@cinematica/protocol/v1';
import type { Arguments } from './arguments.ts';
import { createVideoClient } from './client.ts';
import type { VideoClient } from './client.ts';
import { fetchFile, mediaOf } from './fetch-file.ts';
import { followVideo } from './follow-video.ts';
import { insist } from './insist.ts';
import { checkModel } from './open-system.ts';
import type { OpenSystem } from './open-system.ts';
import { toUpload } from './photo.ts';
import type { Photo } from './photo.ts';
import type { Progress } from './progress.ts';
import { checkLimits } from './settings-flags.ts';
import { reasonOf, RefusedError, UnreachableError } from './system-error.ts';

/** For calls that are answered at once. Milliseconds. */
const QUICK_MS = 10_000;
/** For an upload. Milliseconds. */
const UPLOAD_MS = 120_000;

/** A file that was fetched. */
export interface MadeFile {
  readonly path: string;
  readonly media: Media;
}

/**
 * Has a system make a video, and fetches it. When it is told to stop, it has the system stop too.
 *
 * @param system one that was not called yet
 * @returns the files, and how many frames a second they have
 * @throws UsageError, RefusedError, UnreachableError, ConnectError; the signal's reason
 */
export async function makeVideo(
  args: Arguments,
  photo: Photo,
  system: OpenSystem,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ readonly files: readonly MadeFile[]; readonly frameRate: number }> {
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
    return { files, frameRate: done.settings?.frameRate ?? 0 };
  } catch (error) {
    if (signal.aborted) progress.note(await cancel(client, video));
    throw error;
  }
}

/** The first call tells whether there is such a system at all: it is not tried twice. */
async function firstCall(client: VideoClient, url: string, signal: AbortSignal): Promise<GetCapabilitiesResponse> {
  try {
    return await client.getCapabilities({}, { signal, timeoutMs: QUICK_MS });
  } catch (cause) {
    signal.throwIfAborted();
    if (reasonOf(cause) !== '') throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnreachableError(`no system answers at ${url} (${reason})`, { cause });
  }
}

/** The same request as often as needed: a video is made of it once. */
async function createVideo(
  client: VideoClient,
  { settings }: Arguments,
  image: Uint8Array,
  system: OpenSystem,
  signal: AbortSignal,
): Promise<Video> {
  const request = { source: { case: 'image' as const, value: image }, settings, requestId: randomUUID() };
  // Not with the signal: a request that is broken off may have made a video all the same, which could not be cancelled.
  const send = () => client.createVideo(request, { timeoutMs: UPLOAD_MS });
  const { video } = await insist(send, system, signal);
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

/** @throws RefusedError for a video that will not be */
function checkOutcome({ state, error }: Video): void {
  if (state === Video_State.FAILED) throw new RefusedError(`the video could not be made: ${error?.message ?? ''}`);
  if (state === Video_State.CANCELLED) throw new RefusedError('the video was cancelled by someone else');
}

/** All of them, or none. */
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
      const ask = () => client.getVideo({ name: done.name }, { signal, timeoutMs: QUICK_MS });
      const { video } = await insist(ask, system, signal);
      return mediaOf(kind, video?.media ?? [], path);
    };
    fetched.push({ path, file: stack.use(await fetchFile(path, find, system, signal)) });
  }
  for (const { file } of fetched) await file.keep();
  return fetched.map(({ path, file: { media } }) => ({ path, media }));
}

/** @returns what has become of the video, in words */
async function cancel(client: VideoClient, { name }: Video): Promise<string> {
  try {
    await client.cancelVideo({ name }, { timeoutMs: QUICK_MS });
    return `cancelled ${name}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${name} could not be cancelled (${reason})`;
  }
}
