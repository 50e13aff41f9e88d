import { Video_State } from '@cinematica/protocol/v1';
import type { Preview, Progress, Video, WatchVideoResponse } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { sharedWatchApi } from '#lib/feed/shared-watch.ts';
import type { Api } from './client.ts';
import { isUnreachable, reasonOf, retryDelay } from './errors.ts';
import { msUntilRenewal } from './media.ts';
import { createRefreshScheduler } from './refresh-scheduler.ts';
import { isFinal } from './video-state.ts';

/** The state of the connection that keeps a video up to date. */
export type Connection =
  /** The first answer has not arrived. */
  | 'connecting'
  /** The video is up to date. */
  | 'live'
  /** The gateway is unreachable; the connection is retried. */
  | 'reconnecting'
  /** The video's state is final, so that there is nothing left to watch. */
  | 'ended'
  /** The gateway refused, and a retry would not help; `error` has the reason. */
  | 'refused';

/** A preview image, as an object URL for an `<img>`. */
export interface PreviewImage extends Omit<Preview, 'image'> {
  readonly url: string;
}

/** A video that is kept up to date. Its properties are reactive. */
export interface WatchedVideo {
  readonly video: Video | undefined;
  /** The newest progress, with the last known queue position and remaining time. */
  readonly progress: Progress | undefined;
  readonly preview: PreviewImage | undefined;
  readonly connection: Connection;
  readonly error: unknown;
  /** Applies a newer version of the video that another call returned, such as `CancelVideo`. */
  accept(video: Video): void;
  /** Fetches the video again now: the user pressed “try again”, or a link to a file has expired. */
  refresh(): void;
}

export interface WatchOptions {
  readonly api?: Pick<Api, 'getVideo' | 'watchVideo'>;
  /** The video, if the caller already has it. */
  readonly initial?: Video;
  /**
   * Delay before the first retry; it doubles with each retry, up to thirty times this. Milliseconds.
   *
   * @default 1000
   */
  readonly retryDelayMs?: number;
}

/**
 * Watches a video until its state is final, and reconnects after lost connections, suspended phones and gateway restarts.
 * After that it renews the links to the video's files before they expire.
 *
 * @param name `videos/{uuid}`
 * @param signal stops watching, and revokes the preview's URL. In a component, abort it in an effect's teardown.
 */
export function watchVideo(
  name: string,
  { api = sharedWatchApi(), initial, retryDelayMs = 1000 }: WatchOptions,
  signal: AbortSignal,
): WatchedVideo {
  let video = $state.raw(initial);
  let progress = $state.raw(initial?.progress);
  let preview = $state.raw<PreviewImage>();
  let connection = $state.raw<Connection>(initial && isFinal(initial) ? 'ended' : 'connecting');
  let error = $state.raw<unknown>();
  const scheduler = createRefreshScheduler(signal);

  const accept = (next: Video): void => {
    // Answers may arrive out of order. One with the same sequence number is applied, as its links are newer.
    if (video && next.sequence < video.sequence) return;
    progress = next.progress && withEstimate(next.progress, progress, next.state);
    video = next;
    if (isFinal(next)) connection = 'ended';
  };

  const showPreview = (image: Preview | undefined): void => {
    if (preview) URL.revokeObjectURL(preview.url);
    // Copied, because the received bytes may be a view of a shared buffer.
    const bytes = image && new Blob([Uint8Array.from(image.image)], { type: 'image/webp' });
    preview = image && bytes && { ...image, url: URL.createObjectURL(bytes) };
  };
  signal.addEventListener('abort', () => showPreview(undefined), { once: true });

  const applyResponse = ({ message }: WatchVideoResponse): void => {
    if (message.case === 'event' && message.value.video) accept(message.value.video);
    else if (message.case === 'preview') showPreview(message.value);
    else if (message.case === 'progress') progress = message.value;
  };

  let nextDelayMs = retryDelayMs;

  /** Fetches the video and watches it until the stream ends. @throws ConnectError, also when `attempt` is aborted */
  const connect = async (attempt: AbortSignal): Promise<void> => {
    const answer = await api.getVideo({ name }, { signal: attempt });
    if (answer.video) accept(answer.video);
    error = undefined;
    if (!video || isFinal(video)) return;
    connection = 'live';
    for await (const response of api.watchVideo({ name, afterSequence: video.sequence }, { signal: attempt })) {
      nextDelayMs = retryDelayMs;
      applyResponse(response);
    }
  };

  /** @returns the delay before the next attempt in milliseconds; undefined if it should not be retried */
  const handleError = (cause: unknown): number | undefined => {
    error = cause;
    if (!canRetry(cause)) {
      connection = 'refused';
      return undefined;
    }
    if (connection !== 'ended') connection = 'reconnecting';
    return Math.max(retryDelay(cause) ?? 0, nextBackoff());
  };

  /** Exponential backoff with jitter, in milliseconds. */
  const nextBackoff = (): number => {
    const delayMs = nextDelayMs * (0.75 + Math.random() / 2);
    nextDelayMs = Math.min(nextDelayMs * 2, retryDelayMs * 30);
    return delayMs;
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const attempt = scheduler.attemptSignal();
      let delayMs: number | undefined;
      try {
        await connect(attempt);
        // A final video is fetched again when its links expire. For any other, the stream ended early.
        delayMs = video && isFinal(video) ? msUntilRenewal([video]) : nextBackoff();
      } catch (cause) {
        // The attempt starts over, or watching was stopped; neither is an error.
        if (attempt.aborted) continue;
        delayMs = handleError(cause);
      }
      await scheduler.wait(delayMs);
    }
  };
  void run();

  return {
    get video() {
      return video;
    },
    get progress() {
      return progress;
    },
    get preview() {
      return preview;
    },
    get connection() {
      return connection;
    },
    get error() {
      return error;
    },
    accept,
    refresh: () => scheduler.refreshNow(),
  };
}

/** Events carry no queue position and no remaining time: the last known ones stay valid until new ones arrive. */
function withEstimate(next: Progress, last: Progress | undefined, state: Video_State): Progress {
  if (next.remaining || !last) return next;
  const { queuePosition, remaining, basis, stepDuration, videosBeside } = last;
  return {
    ...next,
    ...(queuePosition !== undefined && state === Video_State.QUEUED && { queuePosition }),
    ...(remaining && { remaining, basis, videosBeside }),
    ...(stepDuration && next.stage === last.stage && { stepDuration }),
  };
}

/** Whether a retry of the same call may succeed. */
function canRetry(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return isUnreachable(error) || code === Code.ResourceExhausted || code === Code.Aborted || reasonOf(error) === 0;
}
