import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { MediaKind, Preset, Video_State } from '@cinematica/protocol/v1';
import type { Video, VideoSettings } from '@cinematica/protocol/v1';
import { getLocale, m } from '#lib/i18n/index.ts';
import type { Moment, Saying } from './saying.ts';
import { agoWords, dayWords, roughTime, timeWords } from './time-words.ts';
import type { View } from './view.ts';

/** The words for what there is to say of a video, in the visitor's language. */

const MOMENTS: Readonly<Record<Moment, () => string>> = {
  waiting: m.video_moment_waiting,
  next: m.video_moment_next,
  starting: m.video_moment_starting,
  encode: m.video_moment_encode,
  denoise: m.video_moment_denoise,
  decode: m.video_moment_decode,
  mux: m.video_moment_mux,
};

/** What it is at. */
export const momentWords = ({ moment }: Saying): string => MOMENTS[moment]();

/** Where it is in that: a place in the queue or a step; empty where there is nothing to say. */
export function placeWords({ before, step, steps, part, parts }: Saying): string {
  if (before !== null) return before > 0 ? m.video_queue_before({ count: before }) : '';
  const words = [];
  if (step !== null && steps !== null) words.push(m.video_step({ step, steps }));
  if (part !== null && parts !== null) words.push(m.video_part({ part, parts }));
  return words.join(', ');
}

/** How long it still takes, or, where that is not known, how long it has been. @param now milliseconds since 1970. */
export function timeLine({ left }: Saying, { startTime, createTime }: Video, now: number): string {
  if (left !== null) {
    const time = roughTime(left);
    return time ? m.video_left({ time: timeWords(time, getLocale()) }) : m.video_left_moments();
  }
  if (startTime) return m.video_began({ ago: ago(startTime, now) });
  return createTime ? m.video_sent({ ago: ago(createTime, now) }) : '';
}

/** Some time, such as one that nothing was heard in. */
export function spanWords(ms: number): string {
  const time = roughTime(ms);
  return time ? timeWords(time, getLocale()) : m.video_moments();
}

/** When something was. @param now milliseconds since 1970. */
export const ago = (time: Timestamp, now: number): string =>
  agoWords(Math.max(0, now - timestampMs(time)), getLocale());

/** The day that something ends on. */
export const dayOf = (time: Timestamp): string => dayWords(timestampMs(time), getLocale());

export const percentOf = ({ fraction }: Pick<Saying, 'fraction'>): number => Math.floor(100 * fraction);

/** What the browser's tab says. */
export function titleOf(view: View, saying: Saying | undefined): string {
  if (view === 'making') {
    return saying?.fraction ? m.video_title_making({ percent: percentOf(saying) }) : m.video_title_waiting();
  }
  if (view === 'done') return m.video_title_done();
  return view === 'failed' ? m.video_title_failed() : `${m.video_title()} · Cinemática`;
}

const PRESETS: Readonly<Partial<Record<Preset, () => string>>> = {
  [Preset.CALM]: m.video_preset_calm,
  [Preset.NATURAL]: m.video_preset_natural,
  [Preset.LIVELY]: m.video_preset_lively,
};

const FILES: Readonly<Partial<Record<MediaKind, () => string>>> = {
  [MediaKind.MP4]: m.video_file_mp4,
  [MediaKind.LOOP]: m.video_file_loop,
  [MediaKind.WEBP]: m.video_file_webp,
  [MediaKind.WEBM]: m.video_file_webm,
  [MediaKind.POSTER]: m.video_file_poster,
};

/** The name of a file that can be saved; undefined for one that is not offered. */
export const fileWords = (kind: MediaKind): string | undefined => FILES[kind]?.();

export const presetWords = ({ preset }: VideoSettings): string => (PRESETS[preset] ?? m.video_preset_own)();

/** A number in the visitor's language, with at most one place. */
const number = (value: number): string =>
  new Intl.NumberFormat(getLocale(), { maximumFractionDigits: value < 0.1 ? 3 : 1 }).format(value);

/** How long a video plays: frames over the rate that its motion is told in. */
export function lengthWords({ frames = 1, conditioningFps = 1 }: VideoSettings): string {
  return new Intl.NumberFormat(getLocale(), {
    style: 'unit',
    unit: 'second',
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(frames / conditioningFps);
}

/** The settings of a video, by name: what a person would want to write down. */
export function settingsWords(settings: VideoSettings): readonly (readonly [name: string, value: string])[] {
  const { frames, frameRate, conditioningFps, motionBucketId, noiseAugStrength, steps, seed, model, shape } = settings;
  const { minGuidance, maxGuidance } = settings;
  const rows: [string, string | undefined][] = [
    [m.video_setting_preset(), presetWords(settings)],
    [
      m.video_setting_length(),
      frames === undefined ? undefined : m.video_setting_length_value({ time: lengthWords(settings), frames }),
    ],
    [m.video_setting_rate(), m.video_setting_rate_value({ rate: frameRate ?? conditioningFps ?? 0 })],
    [m.video_setting_motion(), motionBucketId?.toString()],
    [m.video_setting_seed(), seed?.toString()],
    [m.video_setting_steps(), steps?.toString()],
    [
      m.video_setting_guidance(),
      minGuidance === undefined || maxGuidance === undefined
        ? undefined
        : minGuidance === maxGuidance
          ? number(minGuidance)
          : m.video_setting_guidance_value({ min: number(minGuidance), max: number(maxGuidance) }),
    ],
    [m.video_setting_noise(), noiseAugStrength === undefined ? undefined : number(noiseAugStrength)],
    [m.video_setting_size(), shape.case === 'size' ? `${shape.value.width} × ${shape.value.height}` : undefined],
    [m.video_setting_model(), model || undefined],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

/** Whether a video still has a way to go. */
export const isUnfinished = ({ state, deleteTime }: Video): boolean =>
  !deleteTime && (state === Video_State.QUEUED || state === Video_State.RUNNING);
