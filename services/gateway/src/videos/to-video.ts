import { create } from '@bufbuild/protobuf';
import { timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { FailureReason, frameIntervalOf, TaskNotice, TaskState } from '@cinematica/pipeline';
import { cacheIntervalOf } from '@cinematica/pipeline/plan';
import type { PipelineSettings, Plan, StoredRecord, VideoRecord } from '@cinematica/pipeline';
import {
  CameraMove,
  ErrorReason,
  Notice,
  Preset,
  Quality,
  Resolution,
  Sampler,
  VideoSchema,
  VideoSettingsSchema,
} from '@cinematica/protocol/v1';
import type { MediaSchema, Video, VideoSettings } from '@cinematica/protocol/v1';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { extraOutputKind, pickSettings, WORD_SETTINGS } from '@cinematica/settings';
import { mediaFiles, toMedia } from '../media/media-files.ts';
import type { MediaLinks } from '../media/media-links.ts';
import { progressOf, publicStage } from './progress.ts';
import type { QueueEstimate } from './progress.ts';
import { publicState } from './public-state.ts';
import { isShared, sharePath } from './share.ts';
import { webhooksOf } from './webhooks.ts';

/** The dependencies of converting a record to a video of the API. All of them are required. */
export interface ViewParts {
  /** Signs the links to the video's files. */
  readonly links: MediaLinks;
  /** `UNDO_MS` gives the time of a deletion, `ACK_WAIT_MS` the time of the last progress. */
  readonly settings: Pick<PipelineSettings, 'UNDO_MS' | 'ACK_WAIT_MS'>;
}

const REASONS: Readonly<Record<number, ErrorReason>> = {
  [FailureReason.OUT_OF_MEMORY]: ErrorReason.OUT_OF_MEMORY,
  [FailureReason.TOOK_TOO_LONG]: ErrorReason.TOOK_TOO_LONG,
  [FailureReason.DATA_LOST]: ErrorReason.DATA_LOST,
  [FailureReason.PHOTO_UNREADABLE]: ErrorReason.IMAGE_UNREADABLE,
  [FailureReason.SETTING_UNSUPPORTED]: ErrorReason.SETTING_UNSUPPORTED,
  [FailureReason.NOT_FINITE]: ErrorReason.NOT_FINITE,
};

const PRESETS: Readonly<Record<string, Preset>> = {
  calm: Preset.CALM,
  natural: Preset.NATURAL,
  lively: Preset.LIVELY,
};

const NOTICES: Readonly<Record<number, Notice>> = {
  [TaskNotice.NOT_FINISHED]: Notice.NOT_FINISHED,
  [TaskNotice.NOT_MARKED]: Notice.NOT_MARKED,
  [TaskNotice.NOT_SIGNED]: Notice.NOT_SIGNED,
};

/** Without an estimate, the video depends on the record only, and is the same for every watcher. */
export const NO_ESTIMATE: QueueEstimate = { position: null, estimate: null };

/**
 * Converts a record to the video that its owner sees.
 * @param estimate adds the queue position and the remaining time to the progress; none by default.
 */
export function toVideo(
  { record, revision }: StoredRecord,
  parts: ViewParts,
  estimate: QueueEstimate = NO_ESTIMATE,
): Video {
  const { videoId, plan, share, failure, madeFrom, continuedFrom, purgeTime } = record;
  return create(VideoSchema, {
    name: nameOf(videoId),
    state: publicState(record),
    labels: record.labels,
    externalId: record.externalId,
    requestId: record.requestId,
    sequence: BigInt(revision),
    ...optional('settings', plan && settingsOf(plan)),
    ...optional('progress', purgeTime ? undefined : progressOf(record, estimate)),
    ...optional(
      'error',
      failure && {
        reason: REASONS[failure.reason] ?? ErrorReason.STAGE_FAILED,
        message: failure.message,
        stage: publicStage(failure.stage),
      },
    ),
    notices: record.tasks.flatMap(({ notices }) => notices.flatMap((notice) => NOTICES[notice] ?? [])),
    media: mediaOf(record, parts.links),
    madeFrom: madeFrom === '' ? '' : nameOf(madeFrom),
    continuedFrom: continuedFrom === '' ? '' : nameOf(continuedFrom),
    joined: plan?.join.map(nameOf) ?? [],
    ...optional(
      'share',
      share && isShared(record)
        ? { url: parts.links.page(sharePath(videoId, share)), ...optional('expireTime', share.expireTime) }
        : undefined,
    ),
    ...optional('createTime', record.createTime),
    updateTime: changeTime(record, parts.settings),
    ...optional('startTime', record.startTime),
    ...optional('finishTime', record.endTime),
    ...optional('expireTime', record.expireTime),
    ...optional('deleteTime', purgeTime && timestampFromMs(timestampMs(purgeTime) - parts.settings.UNDO_MS)),
    ...optional('purgeTime', purgeTime),
    webhooks: webhooksOf(record),
  });
}

/** The resource name of a video. */
export const nameOf = (videoId: string): string => `videos/${videoId}`;
/** The id in a resource name. @param name must have been validated. */
export const idOf = (name: string): string => name.slice(name.indexOf('/') + 1);

/** The time of a record's last change, computed from the record only, so that every gateway reports the same time. */
export function changeTime(record: VideoRecord, { ACK_WAIT_MS }: Pick<PipelineSettings, 'ACK_WAIT_MS'>): Timestamp {
  const times = [record.createTime, record.startTime, record.endTime].concat(
    record.tasks.flatMap(({ readyTime, startTime, endTime }) => [readyTime, startTime, endTime]),
  );
  const leases = record.tasks
    .filter(({ state, leaseTime }) => state === TaskState.RUNNING && leaseTime)
    // Each renewal of a lease sets it to the current time plus ACK_WAIT_MS.
    .map(({ leaseTime }) => timestampMs(leaseTime!) - ACK_WAIT_MS);
  return timestampFromMs(Math.max(0, ...leases, ...times.map((time) => (time ? timestampMs(time) : 0))));
}

function settingsOf(plan: Plan): VideoSettings {
  return create(VideoSettingsSchema, {
    ...pickSettings(plan),
    cacheInterval: cacheIntervalOf(plan),
    frameInterval: frameIntervalOf(plan),
    quality: WORD_SETTINGS.quality.words.get(plan.quality) ?? Quality.BEST,
    sampler: WORD_SETTINGS.sampler.words.get(plan.sampler) ?? Sampler.UNSPECIFIED,
    model: plan.model,
    preset: PRESETS[plan.preset] ?? Preset.UNSPECIFIED,
    shape: { case: 'size', value: { width: plan.width, height: plan.height } },
    resolution: WORD_SETTINGS.resolution.words.get(plan.resolution) ?? Resolution.MODEL,
    crop: { x: plan.focusX, y: plan.focusY, zoom: plan.zoom || 1 },
    camera: WORD_SETTINGS.camera.words.get(plan.camera) ?? CameraMove.UNSPECIFIED,
    outputs: plan.outputs.flatMap((output) => extraOutputKind(output) ?? []),
  });
}

function mediaOf(record: VideoRecord, links: MediaLinks): MessageInitShape<typeof MediaSchema>[] {
  return mediaFiles(record).map((file) => {
    const { url, until } = links.own(record.videoId, file.name);
    return toMedia(file, url, until);
  });
}

/** An object with one field; empty when the value is undefined. */
const optional = <K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [name]: value } as Record<K, V>);
