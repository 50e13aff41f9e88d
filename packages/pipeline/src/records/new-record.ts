import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { TaskState, VideoRecordSchema, VideoState } from '../messages.ts';
import type { Artifact, Plan, VideoRecord } from '../messages.ts';
import { planTasks } from '../routing.ts';

/** What a video's record begins with. */
export interface NewRecord {
  readonly owner: string;
  /** A UUID of version 7. */
  readonly videoId: string;
  readonly requestId: string;
  readonly plan: Plan;
  readonly photo: Artifact;
  /** Pixels of the photo. */
  readonly photoWidth?: number | undefined;
  readonly photoHeight?: number | undefined;
  /** The id of the video whose photo it is made from, where it is one's. */
  readonly madeFrom?: string | undefined;
  /** The id of the video whose last frame it goes on from. */
  readonly continuedFrom?: string | undefined;
  /** The trace of the request that makes it; empty for none. */
  readonly traceParent?: string | undefined;
  /** How long it is kept, hours. */
  readonly keepHours: number;
}

/** The record of a video that waits to be let in. */
export function newRecord(given: NewRecord): VideoRecord {
  const { owner, videoId, requestId, plan, photo, keepHours } = given;
  const { photoWidth = 0, photoHeight = 0, madeFrom = '', continuedFrom = '', traceParent = '' } = given;
  const now = Date.now();
  return create(VideoRecordSchema, {
    ...{ owner, videoId, requestId, plan, photo, photoWidth, photoHeight, madeFrom, continuedFrom, traceParent },
    state: VideoState.QUEUED,
    createTime: timestampFromMs(now),
    expireTime: timestampFromMs(now + keepHours * 3_600_000),
    tasks: planTasks(plan).map((task) => ({ ...task, state: TaskState.WAITING })),
  });
}
