import { m } from '#lib/i18n/index.ts';
import type { Locale } from '#lib/i18n/index.ts';

/** A duration, rounded for people. */
export interface ApproximateDuration {
  readonly value: number;
  readonly unit: 'second' | 'minute' | 'hour' | 'day';
}

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

/**
 * Rounds a duration up, in steps that are coarse enough for a calm countdown: 5 seconds, half minutes,
 * minutes, half hours, days.
 *
 * @param ms at least 0
 * @returns null for less than 10 seconds
 */
export function approximate(ms: number): ApproximateDuration | null {
  if (ms < 10 * SECOND) return null;
  if (ms <= 55 * SECOND) return { value: 5 * Math.ceil(ms / SECOND / 5), unit: 'second' };
  if (ms <= 2.5 * MINUTE) return { value: Math.ceil((2 * ms) / MINUTE) / 2, unit: 'minute' };
  if (ms <= 55 * MINUTE) return { value: Math.ceil(ms / MINUTE), unit: 'minute' };
  if (ms <= 36 * HOUR) return { value: Math.ceil((2 * ms) / HOUR) / 2, unit: 'hour' };
  return { value: Math.ceil(ms / DAY), unit: 'day' };
}

/** Such as `40 seconds`. */
export function formatDuration({ value, unit }: ApproximateDuration, locale: Locale): string {
  if (unit === 'minute' && !Number.isInteger(value))
    return m.video_half_minutes({ count: Math.floor(value) }, { locale });
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}

/** The number that a verb before the duration agrees with: `1 minuto y medio` is singular. */
export const countOf = ({ value, unit }: ApproximateDuration): number =>
  unit === 'minute' ? Math.floor(value) : value;

/** Such as `now`, `3 minutes ago` or `yesterday`. @param ms at least 0 @param locale BCP 47 */
export function formatTimeAgo(ms: number, locale: string): string {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  if (ms < MINUTE) return format.format(0, 'second');
  if (ms < HOUR) return format.format(-Math.floor(ms / MINUTE), 'minute');
  if (ms < DAY) return format.format(-Math.floor(ms / HOUR), 'hour');
  return format.format(-Math.floor(ms / DAY), 'day');
}

/** Such as `30 November`. @param time milliseconds since 1970 @param locale BCP 47 */
export const formatDay = (time: number, locale: string): string =>
  new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' }).format(time);
