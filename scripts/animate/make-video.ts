import { randomUUID } from 'node:crypto';
import { Notice, Video_State } from '@cinematica/protocol/v1';
import type { Capabilities, GetCapabilitiesResponse, Media, MediaKind, Video } from '@cinematica/protocol/v1';
import type { Arguments } from './arguments.ts';
import { createVideoClient } from './client.ts';
import type { VideoClient } from './client.ts';
import { fetchFile, mediaOf } from './fetch-file.ts';
import { followVideo } from './follow-video.ts';
import { retryUntilReachable } from './retry-until-reachable.ts';
import { checkModel } from './open-system.ts';
import type { OpenSystem } from './open-system.ts';
import type { Progress } from './progress.ts';
import { checkLimits } from './settings-flags.ts';
import type { Settings } from './settings-flags.ts';
import { reasonOf, RefusedError, UnreachableError } from './system-error.ts';
import { waitForRoom } from './wait-for-room.ts';

/** Timeout of short calls. Milliseconds. */
const CALL_TIMEOUT_MS = 10_000;
/** Timeout of an upload. Milliseconds. */
const UPLOAD_TIMEOUT_MS = 120_000;

/** A system to which the command has talked. */
export interface Session {
  readonly client: VideoClient;
  readonly system: OpenSystem;
  readonly capabilities: Capabilities | undefined;
}

/** A video to make. */
export interface VideoJob {
  /** The photo to upload. */
  readonly image: Uint8Array;
  readonly settings: Settings;
  /** The files to download when it is done. */
  readonly files: readonly WantedFile[];
  /** Whether to wait while the system refuses more videos, instead of ending with its error. */
  readonly waitsForRoom: boolean;
  /** Called with the downloaded files before they get their final names. */
  readonly beforeKeep?: (files: readonly MadeFile[]) => Promise<void>;
}

/** A file to download when the video is done. */
export interface WantedFile {
  readonly kind: MediaKind;
  readonly path: string;
}

/** A downloaded file. */
export interface MadeFile {
  readonly path: string;
  readonly media: Media;
  /** SHA-256, in hexadecimal digits. */
  readonly sha256: string;
}

/** The files of a video. */
export interface MadeVideo {
  readonly files: readonly MadeFile[];
  /** Frames per second; null for a single frame. */
  readonly frameRate: number | null;
}

/** Receives what happens to a video. */
export interface Reporter extends Pick<Progress, 'show' | 'note'> {
  /** The system has accepted the video. @param description its model, size and seed */
  created(description: string): void;
}

/**
 * Checks that a system answers, and that it has the model and accepts the settings.
 *
 * @throws UsageError, UnreachableError, ConnectError; the signal's reason
 */
export async function openSession(
  system: OpenSystem,
  { settings, system: { model } }: Pick<Arguments, 'settings' | 'system'>,
  signal: AbortSignal,
): Promise<Session> {
  const client = createVideoClient(system.url, system.key);
  const { capabilities } = await firstCall(client, system.url, signal);
  if (model !== undefined) await checkModel(model, capabilities?.models ?? [], system.url);
  checkLimits(settings, capabilities?.limits);
  return { client, system, capabilities };
}

/**
 * Lets a system make a video and downloads it. When the signal aborts, the video is cancelled there too.
 *
 * @throws RefusedError, UnreachableError, ConnectError; the signal's reason
 */
export async function makeVideo(
  session: Session,
  job: VideoJob,
  report: Reporter,
  signal: AbortSignal,
): Promise<MadeVideo> {
  const { client, system, capabilities } = session;
  report.show({ label: 'sending the photo' });
  const video = await createVideo(session, job, report, signal);
  try {
    signal.throwIfAborted();
    report.created(describe(video, capabilities));
    const done = await followVideo(client, video, system, (state) => report.show(state), signal);
    checkOutcome(done);
    report.show({ label: 'fetching the video' });
    const files = await fetchFiles(session, done, job, signal);
    if (done.notices.includes(Notice.NOT_FINISHED)) {
      report.note('the frames could not be finished: the video is less sharp and less smooth than usual');
    }
    const { frames = 0, frameRate = 0 } = done.settings ?? {};
    return { files, frameRate: frames > 1 ? frameRate : null };
  } catch (error) {
    if (signal.aborted) report.note(await cancel(client, video));
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
  { client, system }: Session,
  { image, settings, waitsForRoom }: VideoJob,
  report: Reporter,
  signal: AbortSignal,
): Promise<Video> {
  const request = { source: { case: 'image' as const, value: image }, settings, requestId: randomUUID() };
  // Without the signal: an aborted request may still create a video, which could then not be cancelled.
  const send = () => client.createVideo(request, { timeoutMs: UPLOAD_TIMEOUT_MS });
  const create = () => retryUntilReachable(send, system, signal);
  const onWait = () => report.show({ label: 'waiting', detail: 'the system takes no more videos now' });
  const { video } = await (waitsForRoom ? waitForRoom(create, onWait, signal) : create());
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
  { client, system }: Session,
  { name }: Video,
  { files, beforeKeep }: VideoJob,
  signal: AbortSignal,
): Promise<MadeFile[]> {
  await using stack = new AsyncDisposableStack();
  const fetched = [];
  for (const { kind, path } of files) {
    const find = async () => {
      const ask = () => client.getVideo({ name }, { signal, timeoutMs: CALL_TIMEOUT_MS });
      const { video } = await retryUntilReachable(ask, system, signal);
      return mediaOf(kind, video?.media ?? [], path);
    };
    const { keep, media, sha256 } = stack.use(await fetchFile(path, find, system, signal));
    fetched.push({ keep, made: { path, media, sha256 } });
  }
  const made = fetched.map((file) => file.made);
  await beforeKeep?.(made);
  for (const { keep } of fetched) await keep();
  return made;
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
