import { Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';

const FINAL_STATES: ReadonlySet<Video_State> = new Set([Video_State.DONE, Video_State.FAILED, Video_State.CANCELLED]);

/** Whether a video's state will not change any more. */
export const isFinal = ({ state }: Pick<Video, 'state'>): boolean => FINAL_STATES.has(state);

/** Whether a video is queued or running, and not deleted. */
export const isUnfinished = ({ state, deleteTime }: Pick<Video, 'state' | 'deleteTime'>): boolean =>
  !deleteTime && (state === Video_State.QUEUED || state === Video_State.RUNNING);
