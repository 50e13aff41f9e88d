import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { TaskState, VideoRecordSchema, VideoState, WebhookState } from '../messages.ts';
import type { Artifact, Forecast, Plan, VideoRecord } from '../messages.ts';
import { planTasks } from './routing.ts';

/** The values of a new record. */
export interface NewRecord {
  readonly owner: string;
  /** A UUID of version 7. */
  readonly videoId: string;
  readonly requestId: string;
  readonly plan: Plan;
  readonly photo: Artifact;
  /** The size of the photo in pixels; 0 by default, for unknown. */
  readonly photoWidth?: number | undefined;
  readonly photoHeight?: number | undefined;
  /** The id of the video whose photo is reused; empty by default. */
  readonly madeFrom?: string | undefined;
  /** The id of the video whose last frame is the photo; empty by default. */
  readonly continuedFrom?: string | undefined;
  /** The labels of the request; none by default. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The caller's own id of the video; empty by default. */
  readonly externalId?: string | undefined;
  /** How long its stages are expected to compute; unknown by default. */
  readonly forecast?: Forecast | undefined;
  /** The files that it joins, in order; none by default. */
  readonly joinedFiles?: readonly Artifact[] | undefined;
  /** The W3C `traceparent` of the request; empty by default. */
  readonly traceParent?: string | undefined;
  /** The URLs that are called when the video ends; none by default. */
  readonly webhookUrls?: readonly string[] | undefined;
  /** Hours after which the video is deleted. */
  readonly keepHours: number;
}

/** Creates the record of a video that waits for admission. */
export function newRecord(given: NewRecord): VideoRecord {
  const { owner, videoId, requestId, plan, photo, keepHours } = given;
  const { photoWidth = 0, photoHeight = 0, madeFrom = '', continuedFrom = '', traceParent = '' } = given;
  const { labels = {}, externalId = '' } = given;
  const { webhookUrls = [] } = given;
  const { forecast, joinedFiles = [] } = given;
  const now = Date.now();
  return create(VideoRecordSchema, {
    owner,
    videoId,
    requestId,
    plan,
    photo,
    photoWidth,
    photoHeight,
    madeFrom,
    continuedFrom,
    traceParent,
    labels,
    externalId,
    ...(forecast && { forecast }),
    joinedFiles: [...joinedFiles],
    state: VideoState.QUEUED,
    createTime: timestampFromMs(now),
    expireTime: timestampFromMs(now + keepHours * 3_600_000),
    tasks: planTasks(plan).map((task) => ({ ...task, state: TaskState.WAITING })),
    webhooks: webhookUrls.map((url) => ({ url, state: WebhookState.WAITING })),
  });
}
