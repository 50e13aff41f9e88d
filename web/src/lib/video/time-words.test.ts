import { expect, test } from 'vitest';
import { agoWords, roughTime, timeWords } from './time-words.ts';

test.each([
  [0, null],
  [9_900, null],
  [10_000, '10 segundos'],
  [41_000, '45 segundos'],
  [55_000, '55 segundos'],
  [56_000, '1 minuto'],
  [61_000, '2 minutos'],
  [55 * 60_000, '55 minutos'],
  [56 * 60_000, '1 hora'],
  [80 * 60_000, '1,5 horas'],
  [50 * 3_600_000, '3 días'],
])('%d ms are said as %s', (ms, words) => {
  const time = roughTime(ms);
  expect(time && timeWords(time, 'es')).toBe(words);
});

test('it counts down and never up', () => {
  const unit = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
  let last = Infinity;
  for (let ms = 3 * 86_400_000; ms > 0; ms -= 7_777) {
    const time = roughTime(ms);
    const said = time ? time.value * unit[time.unit] : 10_000;
    expect(said).toBeLessThanOrEqual(last);
    expect(said).toBeGreaterThanOrEqual(Math.min(ms, 10_000));
    last = said;
  }
});

test('how long ago, in each language', () => {
  expect(agoWords(5_000, 'es')).toBe('ahora');
  expect(agoWords(3 * 60_000, 'pt')).toBe('há 3 minutos');
  expect(agoWords(86_400_000, 'en')).toBe('yesterday');
});
