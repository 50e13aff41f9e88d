import { Video_State } from '@cinematica/protocol/v1';
import type { Preview, Progress, Video, WatchVideoResponse } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { api as gateway } from './client.ts';
import type { Api } from './client.ts';
import { isOutOfReach, reasonOf, retryDelay } from './errors.ts';
import { untilRenewal } from './media.ts';
import { createPulse } from './pulse.ts';

/** How a video is being followed. */
export type Connection =
  /** Nothing is known yet. */
  | 'opening'
  /** What is shown is what is. */
  | 'live'
  /** The gateway is out of reach; it is tried again and again, at once when the network or the user comes back. */
  | 'lost'
  /** The video's state is final: there is nothing left to follow. */
  | 'ended'
  /** It can't be followed, and trying again would not help: `error` says why. */
  | 'refused';

/** A preview that an `<img>` can show. */
export interface PreviewImage extends Omit<Preview, 'image'> {
  readonly url: string;
}

/** A video that is kept up to date, for templates to read. */
export interface WatchedVideo {
  readonly video: Video | undefined;
  /** The newest progress: it has the place in the queue and the time that is left, where they are known. */
  readonly progress: Progress | undefined;
  readonly preview: PreviewImage | undefined;
  readonly connection: Connection;
  readonly error: unknown;
  /** Takes over what another call has answered, such as `CancelVideo`. */
  accept(video: Video): void;
  /** Asks again now: after the user has pressed “try again”, or where a link to a file no longer works. */
  refresh(): void;
}

export interface WatchOptions {
  readonly api?: Pick<Api, 'getVideo' | 'watchVideo'>;
  /** What is known of the video already. */
  readonly known?: Video;
  /** The first pause before a call is repeated; each further one is twice as long, up to thirty times this. Milliseconds. */
  readonly pauseMs?: number;
}

const FINAL: ReadonlySet<Video_State> = new Set([Video_State.DONE, Video_State.FAILED, Video_State.CANCELLED]);

/** Whether nothing more will happen to a video. */
export const isFinal = ({ state }: Video): boolean => FINAL.has(state);

/**
 * Follows a video until its state is final, through lost connections, sleeping phones and gateways that are replaced;
 * after that it keeps its links fresh.
 *
 * @param name `videos/{uuid}`
 * @param signal ends it, and frees the preview. In a component: `$effect(() => …)`, aborted where the effect ends.
 */
export function watchVideo(
  name: string,
  { api = gateway, known, pauseMs = 1000 }: WatchOptions,
  signal: AbortSignal,
): WatchedVideo {
  let video = $state.raw(known);
  let progress = $state.raw(known?.progress);
  let preview = $state.raw<PreviewImage>();
  let connection = $state.raw<Connection>(known && isFinal(known) ? 'ended' : 'opening');
  let error = $state.raw<unknown>();
  const pulse = createPulse(signal);

  const accept = (next: Video): void => {
    // Calls overtake each other: an older answer changes nothing. The same one again has fresh links.
    if (video && next.sequence < video.sequence) return;
    progress = next.progress && { ...toldBefore(progress, next), ...next.progress };
    video = next;
    if (isFinal(next)) connection = 'ended';
  };

  const show = (image: Preview | undefined): void => {
    if (preview) URL.revokeObjectURL(preview.url);
    // A copy: what was received may lie in a buffer that is shared.
    const bytes = image && new Blob([Uint8Array.from(image.image)], { type: 'image/webp' });
    preview = image && bytes && { ...image, url: URL.createObjectURL(bytes) };
  };
  signal.addEventListener('abort', () => show(undefined), { once: true });

  const take = ({ message }: WatchVideoResponse): void => {
    if (message.case === 'event' && message.value.video) accept(message.value.video);
    else if (message.case === 'preview') show(message.value);
    else if (message.case === 'progress') progress = message.value;
  };

  let pause = pauseMs;

  /** Follows it until the stream ends. @throws ConnectError, also where the pulse ends it */
  const follow = async (beat: AbortSignal): Promise<void> => {
    const answer = await api.getVideo({ name }, { signal: beat });
    if (answer.video) accept(answer.video);
    error = undefined;
    if (!video || isFinal(video)) return;
    connection = 'live';
    for await (const response of api.watchVideo({ name, afterSequence: video.sequence }, { signal: beat })) {
      pause = pauseMs;
      take(response);
    }
  };

  /** What to do about an error. @returns after how many milliseconds to try again; undefined for never by itself */
  const failed = (cause: unknown): number | undefined => {
    error = cause;
    if (!canRetry(cause)) {
      connection = 'refused';
      return undefined;
    }
    if (connection !== 'ended') connection = 'lost';
    return Math.max(retryDelay(cause) ?? 0, nextPause());
  };

  const nextPause = (): number => {
    const now = pause * (0.75 + Math.random() / 2);
    pause = Math.min(pause * 2, pauseMs * 30);
    return now;
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const beat = pulse.beat();
      let wait: number | undefined;
      try {
        await follow(beat);
        // A video that has ended needs fresh links now and then; one that has not was only cut off.
        wait = video && isFinal(video) ? untilRenewal([video]) : nextPause();
      } catch (cause) {
        // The network or the user came back, or all of this is over: nothing is lost until another try fails.
        if (beat.aborted) continue;
        wait = failed(cause);
      }
      await pulse.next(wait);
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
    refresh: () => pulse.now(),
  };
}

/** Events leave out the place in the queue and the time that is left: those last told stand until others are. */
function toldBefore(progress: Progress | undefined, { state }: Video): Partial<Progress> {
  const { queuePosition, remaining } = progress ?? {};
  return {
    ...(queuePosition !== undefined && state === Video_State.QUEUED && { queuePosition }),
    ...(remaining && { remaining }),
  };
}

/** Whether the same call may work later. */
function canRetry(error: unknown): boolean {
  const { code } = ConnectError.from(error);
  return isOutOfReach(error) || code === Code.ResourceExhausted || code === Code.Aborted || reasonOf(error) === 0;
}
