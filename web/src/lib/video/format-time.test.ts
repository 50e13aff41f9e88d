import { expect, test } from 'vitest';
import { approximate, formatDuration, formatTimeAgo } from './format-time.ts';

test.each([
  [0, null],
  [9_900, null],
  [10_000, '10 segundos'],
  [41_000, '45 segundos'],
  [55_000, '55 segundos'],
  [56_000, '1 minuto'],
  [61_000, '1 minuto y medio'],
  [91_000, '2 minutos'],
  [150_000, '2 minutos y medio'],
  [151_000, '3 minutos'],
  [55 * 60_000, '55 minutos'],
  [56 * 60_000, '1 hora'],
  [80 * 60_000, '1,5 horas'],
  [50 * 3_600_000, '3 días'],
])('%d ms are about %s', (ms, text) => {
  const time = approximate(ms);
  expect(time && formatDuration(time, 'es')).toBe(text);
});

test('half minutes have words in each language', () => {
  const texts = (['es', 'en', 'pt'] as const).flatMap((locale) =>
    [1.5, 2.5].map((value) => formatDuration({ value, unit: 'minute' }, locale)),
  );
  expect(texts).toEqual([
    '1 minuto y medio',
    '2 minutos y medio',
    'a minute and a half',
    '2 and a half minutes',
    '1 minuto e meio',
    '2 minutos e meio',
  ]);
});

test('a countdown never goes up, and never shows less than the remaining time', () => {
  const unit = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
  let last = Infinity;
  for (let ms = 3 * 86_400_000; ms > 0; ms -= 7_777) {
    const time = approximate(ms);
    const shown = time ? time.value * unit[time.unit] : 10_000;
    expect(shown).toBeLessThanOrEqual(last);
    expect(shown).toBeGreaterThanOrEqual(Math.min(ms, 10_000));
    last = shown;
  }
});

test('formats a past time relative to now, in each language', () => {
  expect(formatTimeAgo(5_000, 'es')).toBe('ahora');
  expect(formatTimeAgo(3 * 60_000, 'pt')).toBe('há 3 minutos');
  expect(formatTimeAgo(86_400_000, 'en')).toBe('yesterday');
});
