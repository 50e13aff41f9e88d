import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { fileShape, timelineOf } from '@cinematica/pipeline';
import type { Plan, StoredRecord } from '@cinematica/pipeline';
import { ErrorReasonSchema, NoticeSchema, Video_State } from '@cinematica/protocol/v1';
import type { Video } from '@cinematica/protocol/v1';
import { WORD_SETTINGS, wordOf } from '@cinematica/settings';
import { overallFraction } from '../videos/progress.ts';
import { idOf } from '../videos/to-video.ts';
import { toOpenAiId } from './ids.ts';
import type { Adjustment, OpenAiVideo } from './schema/answers.ts';

const STATUSES: Readonly<Record<number, OpenAiVideo['status']>> = {
  [Video_State.UNSPECIFIED]: 'queued',
  [Video_State.QUEUED]: 'queued',
  [Video_State.RUNNING]: 'in_progress',
  [Video_State.DONE]: 'completed',
  [Video_State.FAILED]: 'failed',
  [Video_State.CANCELLED]: 'failed',
};

/**
 * Converts a video to the form of OpenAI's API.
 * @param view the video as `VideoService` returns it.
 * @param adjustments what was taken instead of the request's values, for the answer of that request.
 */
export function toOpenAiVideo({ record }: StoredRecord, view: Video, adjustments?: readonly Adjustment[]): OpenAiVideo {
  const { plan } = record;
  if (!plan) throw new TypeError('the record of a video has a plan');
  const status = STATUSES[view.state] ?? 'queued';
  const { size, duration, fps } = fileOf(plan);
  const { progress } = view;
  return {
    id: toOpenAiId(record.videoId),
    object: 'video',
    model: plan.model,
    status,
    // Rounded down, so that only a completed video has 100.
    progress: status === 'completed' ? 100 : Math.min(99, Math.floor(overallFraction(record) * 100)),
    created_at: seconds(record.createTime) ?? 0,
    completed_at: status === 'completed' || status === 'failed' ? seconds(record.endTime) : null,
    expires_at: seconds(record.expireTime),
    prompt: null,
    seconds: roundedSeconds(duration),
    size,
    error: errorOf(view),
    remixed_from_video_id: view.madeFrom === '' ? null : toOpenAiId(idOf(view.madeFrom)),
    extended_from_video_id: view.continuedFrom === '' ? null : toOpenAiId(idOf(view.continuedFrom)),
    duration,
    num_frames: plan.frames,
    fps,
    quality: wordOf('quality', WORD_SETTINGS.quality.words.get(plan.quality)),
    num_inference_steps: plan.steps,
    guidance_scale: plan.maxGuidance,
    seed: plan.seed,
    queue_position: progress?.queuePosition ?? null,
    remaining_seconds: progress?.remaining ? Number(progress.remaining.seconds) : null,
    notices: view.notices.map((notice) => nameOf(NoticeSchema.values, notice, 'NOTICE_')),
    ...(adjustments && { adjustments: [...adjustments] }),
  };
}

/** How often clients should ask for a video that is not finished: about twenty times while it is made. Milliseconds. */
const POLL_MS = { min: 500, max: 5_000, unknown: 1_000 };

/** The header by which OpenAI's clients pace their requests for a video; none for one that has ended. */
export function pollHeaders({ status, remaining_seconds: remaining }: OpenAiVideo): Record<string, string> {
  if (status === 'completed' || status === 'failed') return {};
  const { min, max, unknown } = POLL_MS;
  const delay = remaining === null ? unknown : Math.min(max, Math.max(min, remaining * 50));
  return { 'openai-poll-after-ms': String(delay) };
}

/** The size, duration in seconds and frame rate of the MP4 file of a plan. */
export function fileOf(plan: Plan): { readonly size: string; readonly duration: number; readonly fps: number } {
  const { width, height, frames, fps } = fileShape(timelineOf(plan), 'mp4');
  return { size: `${width}x${height}`, duration: Math.round((frames * 1000) / fps) / 1000, fps };
}

/** The duration as `seconds` has it. Clients read it as a whole number. */
export const roundedSeconds = (duration: number): string => String(Math.max(1, Math.round(duration)));

function errorOf({ state, error }: Video): OpenAiVideo['error'] {
  if (state === Video_State.CANCELLED) return { code: 'cancelled', message: 'The video was cancelled.' };
  return error
    ? { code: nameOf(ErrorReasonSchema.values, error.reason, 'ERROR_REASON_'), message: error.message }
    : null;
}

/** The name of a value of an enum, in lower case and without the prefix. */
function nameOf(
  values: readonly { readonly name: string; readonly number: number }[],
  wanted: number,
  prefix: string,
): string {
  const name = values.find(({ number }) => number === wanted)?.name ?? `${prefix}UNSPECIFIED`;
  return name.slice(prefix.length).toLowerCase();
}

const seconds = (time: Timestamp | undefined): number | null =>
  time === undefined ? null : Math.floor(timestampMs(time) / 1000);
