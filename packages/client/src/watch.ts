import { Video_State } from '@cinematica/protocol/v1';
import type { Preview, Progress, Video } from '@cinematica/protocol/v1';
import { UnreachableError, VideoEndedError } from './errors.ts';
import { createReconnector } from './reconnect.ts';
import type { Endpoint } from './reconnect.ts';
import type { VideoRpc } from './video-rpc.ts';

/** Timeout of short calls. Milliseconds. */
const CALL_TIMEOUT_MS = 10_000;

/** Something that is new about a video. */
export type VideoUpdate =
  /** The state, the stage or the step has changed. */
  | { readonly kind: 'video'; readonly video: Video }
  /** The queue position or the remaining time has changed, too. */
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'preview'; readonly preview: Preview };

/** Whether nothing more happens to a video. */
export const isFinal = ({ state }: Video): boolean =>
  state === Video_State.DONE || state === Video_State.FAILED || state === Video_State.CANCELLED;

/**
 * Watches a video until its state is final. After a lost connection it continues with the next event.
 *
 * @throws ConnectError, such as NOT_FOUND when the video was deleted; UnreachableError; the signal's reason
 */
export async function* watchVideo(
  rpc: VideoRpc,
  { name, sequence }: Pick<Video, 'name' | 'sequence'>,
  endpoint: Endpoint,
  signal: AbortSignal | undefined,
): AsyncGenerator<VideoUpdate, void, undefined> {
  const begin = createReconnector(endpoint, signal);
  let afterSequence = sequence;
  for (;;) {
    const attempt = begin();
    try {
      // A long step and a lost connection look alike on the stream. This call tells them apart.
      const { video: now } = await rpc.getVideo({ name }, { signal: attempt.signal, timeoutMs: CALL_TIMEOUT_MS });
      attempt.reportContact();
      if (now && isFinal(now)) {
        yield { kind: 'video', video: now };
        return;
      }
      for await (const { message } of rpc.watchVideo({ name, afterSequence }, { signal: attempt.signal })) {
        attempt.reportContact();
        if (message.case === 'progress') yield { kind: 'progress', progress: message.value };
        if (message.case === 'preview') yield { kind: 'preview', preview: message.value };
        if (message.case !== 'event' || !message.value.video) continue;
        afterSequence = message.value.sequence;
        const { video } = message.value;
        yield { kind: 'video', video };
        if (isFinal(video)) return;
      }
      throw new UnreachableError('the event stream ended early');
    } catch (error) {
      await attempt.waitAfter(error);
    } finally {
      attempt.end();
    }
  }
}

/** @throws VideoEndedError when a video whose state is final is not DONE */
export function requireDone(video: Video): Video {
  if (video.state === Video_State.FAILED) {
    throw new VideoEndedError(`the video could not be made: ${video.error?.message ?? ''}`, video);
  }
  if (video.state === Video_State.CANCELLED) throw new VideoEndedError('the video was cancelled', video);
  return video;
}
