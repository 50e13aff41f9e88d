import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { CameraMove, MediaKind, Quality, Sampler } from '@cinematica/protocol/v1';
import type { Video, VideoSettings } from '@cinematica/protocol/v1';
import type { OutputKind } from '@cinematica/settings/output-files';
import type { MotionLevel } from '#lib/create/choices.ts';
import { cacheIntervalText, frameIntervalText, guidanceStepsText, samplerText } from '#lib/create/setting-text.ts';
import { getLocale, m } from '#lib/i18n/index.ts';
import { cameraLabel } from './camera-label.ts';
import { approximate, countOf, formatDay, formatDuration, formatTimeAgo } from './format-time.ts';
import { motionWord } from './motion-word.ts';
import type { ScreenState } from './screen-state.ts';
import type { Phase, StatusView } from './status-view.ts';

/** Texts about a video, in the user's language. */

const PHASES: Readonly<Record<Phase, () => string>> = {
  waiting: m.video_phase_waiting,
  next: m.video_phase_next,
  starting: m.video_phase_starting,
  encode: m.video_phase_encode,
  denoise: m.video_phase_denoise,
  decode: m.video_phase_decode,
  mux: m.video_phase_mux,
};

export const phaseText = ({ phase }: StatusView): string => PHASES[phase]();

/** The position in the queue, or the step and the segment; empty if there is nothing to show. */
export function positionText({ queuePosition, step, steps, segment, segments }: StatusView): string {
  if (queuePosition !== null) return queuePosition > 0 ? m.video_queue_position({ count: queuePosition }) : '';
  const texts = [];
  if (step !== null && steps !== null) texts.push(m.video_step({ step, steps }));
  if (segment !== null && segments !== null) texts.push(m.video_part({ part: segment, parts: segments }));
  return texts.join(', ');
}

/** The remaining time or, if it is unknown, when the video was started or sent. @param now milliseconds since 1970 */
export function timeText({ remainingMs }: StatusView, { startTime, createTime }: Video, now: number): string {
  if (remainingMs !== null) {
    const duration = approximate(remainingMs);
    return duration
      ? m.video_remaining({ count: countOf(duration), time: formatDuration(duration, getLocale()) })
      : m.video_remaining_moments();
  }
  if (startTime) {
    const recent = now - timestampMs(startTime) < 60_000;
    return recent ? m.video_started_now() : m.video_started_ago({ ago: timeAgo(startTime, now) });
  }
  return createTime ? m.video_created_ago({ ago: timeAgo(createTime, now) }) : '';
}

/** An approximate duration. @param ms at least 0 */
export function durationText(ms: number): string {
  const duration = approximate(ms);
  return duration ? formatDuration(duration, getLocale()) : m.video_moments();
}

/** How long ago a time was. @param now milliseconds since 1970 */
export const timeAgo = (time: Timestamp, now: number): string =>
  formatTimeAgo(Math.max(0, now - timestampMs(time)), getLocale());

export const dayText = (time: Timestamp): string => formatDay(timestampMs(time), getLocale());

/** Rounded down. */
export const toPercent = ({ fraction }: Pick<StatusView, 'fraction'>): number => Math.floor(100 * fraction);

/** The title of the page, which the browser's tab shows. */
export function pageTitle(state: ScreenState, status: StatusView | undefined): string {
  if (state === 'unfinished') {
    const queued = status?.queuePosition !== null || status.phase === 'waiting';
    return queued ? m.video_title_waiting() : m.video_title_making({ percent: toPercent(status) });
  }
  if (state === 'done') return m.video_title_done();
  return state === 'failed' ? m.video_title_failed() : `${m.video_title()} · Cinemática`;
}

const MOTION_WORDS: Readonly<Record<MotionLevel, () => string>> = {
  calm: m.video_preset_calm,
  natural: m.video_preset_natural,
  lively: m.video_preset_lively,
  most: m.create_preset_most,
};

const FILES: Readonly<Partial<Record<MediaKind, () => string>>> = {
  [MediaKind.MP4]: m.video_file_mp4,
  [MediaKind.LOOP]: m.video_file_loop,
  [MediaKind.WEBP]: m.video_file_webp,
  [MediaKind.WEBM]: m.video_file_webm,
  [MediaKind.POSTER]: m.video_file_poster,
  [MediaKind.CARD]: m.video_file_card,
} satisfies Record<OutputKind, () => string>;

/** The label of a file that can be saved; undefined for files that are not offered. */
export const fileLabel = (kind: MediaKind): string | undefined => FILES[kind]?.();

export function presetLabel(settings: VideoSettings): string {
  const word = motionWord(settings);
  return word === undefined ? m.video_preset_custom() : MOTION_WORDS[word]();
}

const formatNumber = (value: number): string =>
  new Intl.NumberFormat(getLocale(), { maximumFractionDigits: value < 0.1 ? 3 : 1 }).format(value);

/** The video's duration: its frames at the conditioning frame rate. */
export function videoLengthText({ frames = 1, conditioningFps = 1 }: VideoSettings): string {
  return new Intl.NumberFormat(getLocale(), {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(frames / conditioningFps);
}

/** The faster qualities; the best one needs no words. */
const QUALITY_LABELS: Readonly<Partial<Record<Quality, () => string>>> = {
  [Quality.FAST]: m.create_quality_fast,
  [Quality.DRAFT]: m.create_quality_draft,
};

/** The settings of a video that are known, as labels and values. @param size the size of the file in pixels, once it exists */
export function settingsRows(
  settings: VideoSettings,
  size?: { readonly width: number; readonly height: number },
): readonly (readonly [label: string, value: string])[] {
  const { frames, frameRate, conditioningFps, motionBucketId, noiseAugStrength, steps, seed, model, shape } = settings;
  const {
    minGuidance,
    maxGuidance,
    guidanceSteps,
    cacheInterval,
    cacheBranch,
    frameInterval,
    quality,
    camera,
    sampler,
  } = settings;
  const pixels = size ?? (shape.case === 'size' ? shape.value : undefined);
  const usesCache = cacheInterval !== undefined && cacheInterval > 1;
  const rows: [string, string | undefined][] = [
    [m.video_setting_preset(), presetLabel(settings)],
    [m.video_setting_quality(), QUALITY_LABELS[quality]?.()],
    [
      m.video_setting_length(),
      frames === undefined ? undefined : m.video_setting_length_value({ time: videoLengthText(settings), frames }),
    ],
    [m.video_setting_rate(), m.video_setting_rate_value({ rate: frameRate ?? conditioningFps ?? 0 })],
    [m.video_setting_motion(), motionBucketId?.toString()],
    [m.video_setting_camera(), camera === CameraMove.UNSPECIFIED ? undefined : cameraLabel(camera)],
    [m.video_setting_seed(), seed?.toString()],
    [m.video_setting_steps(), steps?.toString()],
    // Euler's is the ordinary one.
    [m.create_sampler(), sampler === Sampler.EULER ? undefined : samplerText(sampler)],
    [
      m.video_setting_guidance(),
      minGuidance === undefined || maxGuidance === undefined
        ? undefined
        : minGuidance === maxGuidance
          ? formatNumber(minGuidance)
          : m.video_setting_guidance_value({ min: formatNumber(minGuidance), max: formatNumber(maxGuidance) }),
    ],
    [m.create_guidance_steps(), guidanceSteps ? guidanceStepsText(guidanceSteps) : undefined],
    [m.create_cache_interval(), usesCache ? cacheIntervalText(cacheInterval) : undefined],
    [m.create_cache_branch(), usesCache ? (cacheBranch ?? 0).toString() : undefined],
    [
      m.create_frame_interval(),
      frameInterval !== undefined && frameInterval > 1 ? frameIntervalText(frameInterval) : undefined,
    ],
    [m.video_setting_noise(), noiseAugStrength === undefined ? undefined : formatNumber(noiseAugStrength)],
    [m.video_setting_size(), pixels && `${pixels.width} × ${pixels.height}`],
    [m.video_setting_model(), model || undefined],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}
