import { timestampMs } from '@bufbuild/protobuf/wkt';
import { Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import type { Connection } from '#lib/api/watch-video.svelte.ts';

/** Which of a video's screens is to be seen. */
export type View =
  | 'opening'
  /** Nothing is known of it, and nobody can be asked. */
  | 'unreachable'
  /** There is no such video, or none of this visitor's. */
  | 'unknown'
  /** There was one while the page was open. */
  | 'expired'
  /** The gateway tells nothing, for a reason of its own. */
  | 'refused'
  | 'deleted'
  | 'making'
  | 'done'
  | 'failed'
  | 'cancelled';

const ENDS: Readonly<Partial<Record<Video_State, View>>> = {
  [Video_State.DONE]: 'done',
  [Video_State.FAILED]: 'failed',
  [Video_State.CANCELLED]: 'cancelled',
};

/**
 * @param unknown whether it was refused because there is no such video.
 * @param now milliseconds since 1970.
 */
export function viewOf(video: Video | undefined, connection: Connection, unknown: boolean, now: number): View {
  if (connection === 'refused') {
    if (!unknown) return video ? viewOf(video, 'live', false, now) : 'refused';
    const kept = video?.expireTime && timestampMs(video.expireTime);
    return kept !== undefined && kept <= now ? 'expired' : 'unknown';
  }
  if (!video) return connection === 'lost' ? 'unreachable' : 'opening';
  if (video.deleteTime) return 'deleted';
  return ENDS[video.state] ?? 'making';
}
