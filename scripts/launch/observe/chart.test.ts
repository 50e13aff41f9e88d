import { expect, test } from 'vitest';
import { chooseTicks, drawChart } from './chart.ts';
import { nameSeries } from './dashboard.ts';
import { withRate } from './pages/metrics-page.ts';
import { formatValue } from './units.ts';

const period = { start: 0, end: 100, step: 10 };

test('a line for each series, interrupted where values are missing; the last value that is one beside its name', () => {
  const points = [
    [0, 1],
    [10, 2],
    [60, 3],
    [70, NaN],
  ] as const;
  const { html } = drawChart([{ name: '<b>', points }], period, 's');
  const path = /class="line c0" d="(M[^"]*)"/.exec(html)?.[1];
  expect(path?.split('M')).toHaveLength(1 + 2);
  expect(html).toContain('&lt;b&gt; <b>3 s</b>');
  expect(html).not.toContain('NaN');
});

test.each([
  [0, [0, 1]],
  [1, [0, 0.5, 1]],
  [7, [0, 5, 10]],
  [0.03, [0, 0.01, 0.02, 0.03]],
])('up to %d there are lines at %j', (largest, ticks) => {
  expect(chooseTicks(largest).map((tick) => Number(tick.toPrecision(6)))).toEqual(ticks);
});

test('large times and sizes have their lines at round numbers, too', () => {
  const labels = (largest: number, unit: string) =>
    [
      ...drawChart([{ name: '', points: [[50, largest]] }], period, unit).html.matchAll(/text-anchor="end">([^<]+)</g),
    ].map(([, label]) => label);
  expect(labels(1.9 * 2 ** 30, 'bytes')).toEqual(['0 B', '1 GiB', '2 GiB']);
  expect(labels(300, 's')).toEqual(['0 s', '2 min', '4 min', '6 min']);
});

test.each([
  [0.0123, 's', '12.3 ms'],
  [25, 's', '25 s'],
  [1536, 'Bps', '1.5 KiB/s'],
  [0.512, 'percentunit', '51.2 %'],
  [1234, 'short', '1230'],
])('%d as %s is %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text);
});

test('what Grafana fills in by itself', () => {
  expect(nameSeries('{{stage}} {{gone}} 95 %', { stage: 'mux' })).toBe('mux  95 %');
  expect(withRate('rate(x[$__rate_interval])', 5)).toBe('rate(x[30s])');
  expect(withRate('rate(x[$__rate_interval])', 120)).toBe('rate(x[240s])');
});
