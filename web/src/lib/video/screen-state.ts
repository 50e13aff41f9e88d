import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import type { Connection } from '#lib/api/watch-video.svelte.ts';

/** What the screen of a video shows. */
export type ScreenState =
  | 'loading'
  /** The gateway is unreachable, and the video has not been loaded. */
  | 'unreachable'
  /** The video does not exist, or belongs to someone else. */
  | 'not-found'
  /** The video expired while the page was open. */
  | 'expired'
  /** The gateway refused to return the video, for another reason. */
  | 'error'
  | 'deleted'
  /** Queued or running. */
  | 'unfinished'
  | 'done'
  | 'failed'
  | 'cancelled';

const FINAL_STATES: Readonly<Partial<Record<Video_State, ScreenState>>> = {
  [Video_State.DONE]: 'done',
  [Video_State.FAILED]: 'failed',
  [Video_State.CANCELLED]: 'cancelled',
};

/**
 * @param notFound whether the gateway refused because there is no such video
 * @param now milliseconds since 1970
 */
export function screenStateOf(
  video: Video | undefined,
  connection: Connection,
  notFound: boolean,
  now: number,
): ScreenState {
  if (connection === 'refused') {
    if (!notFound) return video ? screenStateOf(video, 'live', false, now) : 'error';
    const expireTime = video?.expireTime && timestampMs(video.expireTime);
    return expireTime !== undefined && expireTime <= now ? 'expired' : 'not-found';
  }
  if (!video) return connection === 'reconnecting' ? 'unreachable' : 'loading';
  if (video.deleteTime) return 'deleted';
  return FINAL_STATES[video.state] ?? 'unfinished';
}
