/** A time as people say it: a number of something. */
export interface RoughTime {
  readonly value: number;
  readonly unit: 'second' | 'minute' | 'hour' | 'day';
}

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

/**
 * About how long something takes, in steps so coarse that it counts down calmly; never less than it is.
 *
 * @param ms at least 0.
 * @returns null for a few seconds, which are not worth a number
 */
export function roughTime(ms: number): RoughTime | null {
  if (ms < 10 * SECOND) return null;
  if (ms <= 55 * SECOND) return { value: 5 * Math.ceil(ms / SECOND / 5), unit: 'second' };
  if (ms <= 55 * MINUTE) return { value: Math.ceil(ms / MINUTE), unit: 'minute' };
  // By half hours.
  if (ms <= 36 * HOUR) return { value: Math.ceil((2 * ms) / HOUR) / 2, unit: 'hour' };
  return { value: Math.ceil(ms / DAY), unit: 'day' };
}

/** Such a time in a language: `40 seconds`. @param locale BCP 47. */
export const timeWords = ({ value, unit }: RoughTime, locale: string): string =>
  new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(value);

/** How long ago something was, in a language: `now`, `3 minutes ago`, `yesterday`. @param ms at least 0. */
export function agoWords(ms: number, locale: string): string {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  if (ms < MINUTE) return words.format(0, 'second');
  if (ms < HOUR) return words.format(-Math.floor(ms / MINUTE), 'minute');
  if (ms < DAY) return words.format(-Math.floor(ms / HOUR), 'hour');
  return words.format(-Math.floor(ms / DAY), 'day');
}

/** A day in a language: `30 November`. @param time milliseconds since 1970. */
export const dayWords = (time: number, locale: string): string =>
  new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long' }).format(time);
