import { VideoState } from '@cinematica/pipeline';
import type { VideoRecord } from '@cinematica/pipeline';
import { Video_State } from '@cinematica/protocol/v1';

const STATES: Readonly<Record<number, Video_State>> = {
  [VideoState.UNSPECIFIED]: Video_State.UNSPECIFIED,
  [VideoState.QUEUED]: Video_State.QUEUED,
  [VideoState.RUNNING]: Video_State.RUNNING,
  [VideoState.DONE]: Video_State.DONE,
  [VideoState.FAILED]: Video_State.FAILED,
  [VideoState.CANCELLED]: Video_State.CANCELLED,
};

/** The state of a video in the public API. */
export const publicState = ({ state }: Pick<VideoRecord, 'state'>): Video_State =>
  STATES[state] ?? Video_State.UNSPECIFIED;
