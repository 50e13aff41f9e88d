import { createHash } from 'node:crypto';
import { CinematicaError, createCinematica, Notice, UnreachableError } from '@cinematica/client';
import type { Capabilities, Cinematica, Media, MediaKind, Video } from '@cinematica/client';
import { downloadPart } from '@cinematica/client/node';
import type { Arguments } from './arguments.ts';
import { checkModel } from './open-system.ts';
import type { OpenSystem } from './opened-system.ts';
import type { Photo } from './photo.ts';
import type { Progress } from './progress.ts';
import { checkLimits } from './settings-flags.ts';
import type { Settings } from './settings-flags.ts';
import { isReason } from './system-error.ts';
import { progressOf } from './update-progress.ts';

/** The first call shows whether a system exists at the address, so that it is not repeated for long. Milliseconds. */
const FIRST_CALL_MS = 10_000;

/** A system to which the command has talked. */
export interface Session {
  readonly cinematica: Cinematica;
  readonly capabilities: Capabilities;
}

/** A video to make. */
export interface VideoJob {
  readonly upload: Photo;
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
  /** The first estimate of how long the video will take, before its first step. Seconds. */
  expected?(seconds: number): void;
}

/**
 * Checks that a system answers, and that it has the model and accepts the settings.
 *
 * @throws UsageError, UnreachableError, CinematicaError; the signal's reason
 */
export async function openSession(
  system: OpenSystem,
  { settings, system: { model, loras = [] } }: Pick<Arguments, 'settings' | 'system'>,
  signal: AbortSignal,
): Promise<Session> {
  const { url: baseUrl, key: apiKey, isAlive } = system;
  const capabilities = await firstCall(baseUrl, apiKey, signal);
  if (model !== undefined) await checkModel(model, loras, capabilities.models, baseUrl);
  checkLimits(settings, capabilities.limits);
  return { cinematica: createCinematica({ baseUrl, apiKey, isAlive }), capabilities };
}

/**
 * Lets a system make a video and downloads it. When the signal aborts, the video is cancelled there too.
 *
 * @throws VideoEndedError, UnreachableError, CinematicaError; the signal's reason
 */
export async function makeVideo(
  session: Session,
  job: VideoJob,
  report: Reporter,
  signal: AbortSignal,
): Promise<MadeVideo> {
  const { cinematica, capabilities } = session;
  report.show({ label: 'sending the photo' });
  const video = await createVideo(session, job, report, signal);
  try {
    signal.throwIfAborted();
    report.created(describe(video, capabilities));
    let isExpected = false;
    const done = await cinematica.wait(video, {
      signal,
      onUpdate(update) {
        const state = progressOf(update);
        if (state?.remaining !== undefined && !isExpected) {
          isExpected = true;
          report.expected?.(state.remaining);
        }
        if (state) report.show(state);
      },
    });
    report.show({ label: 'fetching the video' });
    const files = await fetchFiles(cinematica, done, job, signal);
    if (done.notices.includes(Notice.NOT_FINISHED)) {
      report.note('the frames could not be finished: the video is less sharp and less smooth than usual');
    }
    if (done.notices.includes(Notice.NOT_MARKED)) {
      report.note('the invisible mark could not be put into the video: say that it was generated when you publish it');
    }
    if (done.notices.includes(Notice.NOT_SIGNED)) {
      report.note('the content credentials could not be signed: the files do not carry them');
    }
    const { frames = 0, frameRate = 0 } = done.settings ?? {};
    return { files, frameRate: frames > 1 ? frameRate : null };
  } catch (error) {
    if (signal.aborted) report.note(await cancel(cinematica, video));
    throw error;
  }
}

async function firstCall(url: string, apiKey: string | undefined, signal: AbortSignal): Promise<Capabilities> {
  try {
    const once = createCinematica({ baseUrl: url, apiKey, giveUpMs: 0 });
    return await once.capabilities({ signal: AbortSignal.any([signal, AbortSignal.timeout(FIRST_CALL_MS)]) });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CinematicaError && error.reason !== '') throw error;
    throw new UnreachableError(`no system answers at ${url} (${rootCause(error)})`, { cause: error });
  }
}

/** The message of the innermost cause: that of the network. */
const rootCause = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? rootCause(error.cause) : error.message) : String(error);

async function createVideo(session: Session, job: VideoJob, report: Reporter, signal: AbortSignal): Promise<Video> {
  const { imageTypes = [], maxImageBytes = 0n } = session.capabilities.limits ?? {};
  const { file, mediaType, jpeg } = job.upload;
  const send = (photo: Uint8Array) =>
    session.cinematica.create(photo, {
      settings: job.settings,
      signal,
      ...(job.waitsForRoom
        ? { onFull: () => report.show({ label: 'waiting', detail: 'the system takes no more videos now' }) }
        : {}),
    });
  if (!imageTypes.includes(mediaType) || file.length > maxImageBytes) return send(jpeg);
  try {
    return await send(file);
  } catch (error) {
    // This machine has more memory for one photo than the system, which may refuse one with very many pixels.
    if (!isReason(error, 'IMAGE_TOO_LARGE')) throw error;
    return send(jpeg);
  }
}

function describe({ settings, progress }: Video, { models }: Capabilities): string {
  const { model, frames = 0, steps = 0, seed = 0, shape } = settings ?? {};
  const title = models.find(({ name }) => name === model)?.title ?? model ?? '';
  const size = shape?.case === 'size' ? `${shape.value.width}x${shape.value.height}` : '';
  const segments = progress?.segments ?? 1;
  const parts = segments > 1 ? ` in ${segments} parts` : '';
  return `${title}: ${size}, ${frames} frames${parts}, ${steps} ${steps === 1 ? 'step' : 'steps'}, seed ${seed}`;
}

/** Downloads all files or none. */
async function fetchFiles(
  cinematica: Cinematica,
  video: Video,
  { files, beforeKeep }: VideoJob,
  signal: AbortSignal,
): Promise<MadeFile[]> {
  await using stack = new AsyncDisposableStack();
  const fetched = [];
  for (const { kind, path } of files) {
    const hash = createHash('sha256');
    const onPiece = (piece: Uint8Array) => void hash.update(piece);
    const { keep, remove, media } = await downloadPart(cinematica, video, kind, path, { signal, onPiece });
    stack.defer(remove);
    fetched.push({ keep, made: { path, media, sha256: hash.digest('hex') } });
  }
  const made = fetched.map((file) => file.made);
  await beforeKeep?.(made);
  for (const { keep } of fetched) await keep();
  return made;
}

/** @returns a message with the outcome */
async function cancel(cinematica: Cinematica, { name }: Video): Promise<string> {
  try {
    await cinematica.cancel(name);
    return `cancelled ${name}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${name} could not be cancelled (${reason})`;
  }
}
