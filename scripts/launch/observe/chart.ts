import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import { COLOURS } from './pages/layout.ts';
import type { Period, Series } from './prometheus-client.ts';
import { formatValue, scaleOf } from './units.ts';

/** A series and what it is called. */
export interface Line extends Pick<Series, 'points'> {
  readonly name: string;
}

const WIDTH = 560;
const HEIGHT = 170;
/** Room for the numbers at the left, and the times below. */
const LEFT = 64;
const BOTTOM = 18;
const TOP = 6;

/** Draws lines over a time. Where values are missing, a line is interrupted. */
export function drawChart(lines: readonly Line[], period: Period, unit: string): Markup {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const largest = Math.max(0, ...values);
  const scale = scaleOf(largest, unit);
  const ticks = chooseTicks(largest / scale).map((tick) => tick * scale);
  const top = ticks.at(-1)!;
  const x = (time: number) => LEFT + ((WIDTH - LEFT) * (time - period.start)) / (period.end - period.start);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const times = [0, 0.25, 0.5, 0.75].map((part) => period.start + part * (period.end - period.start));
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${lines.map(({ name }) => name).join(', ')}">
${ticks.map((tick) => markup`<path class="grid" d="M${LEFT} ${y(tick).toFixed(1)}H${WIDTH}"/><text x="${LEFT - 6}" y="${(y(tick) + 3).toFixed(1)}" text-anchor="end">${formatValue(tick, unit)}</text>`)}
${times.map((time) => markup`<text x="${x(time).toFixed(1)}" y="${HEIGHT - 4}">${timeOfDay(time)}</text>`)}
${lines.map(({ name, points }, index) => markup`<path class="line c${index % COLOURS}" d="${path(points, 2.5 * period.step, x, y)}"><title>${name}</title></path>`)}
</svg>
<ul class="legend">${lines.map(({ name, points }, index) => markup`<li><i class="c${index % COLOURS}"></i>${name === '' ? 'value' : name} <b>${formatValue(lastOf(points), unit)}</b></li>`)}</ul>`;
}

function path(points: Line['points'], gap: number, x: (time: number) => number, y: (value: number) => number): string {
  let last = -Infinity;
  return points
    .filter(([, value]) => Number.isFinite(value))
    .map(([time, value]) => {
      const begins = time - last > gap;
      last = time;
      const place = `${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
      // A line of no length has round ends: a single value is seen as a dot.
      return begins ? `M${place}l0 0` : `L${place}`;
    })
    .join('');
}

/** What was seen last: a quantile is none while nothing happens. */
const lastOf = (points: Line['points']): number => points.findLast(([, value]) => Number.isFinite(value))?.[1] ?? 0;

/** From nothing to the largest value or just over it, in steps of 1, 2 or 5 times a power of ten. */
export function chooseTicks(largest: number): number[] {
  if (largest <= 0) return [0, 1];
  const rough = largest / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(largest / step - 1e-9) + 1 }, (_, index) => index * step);
}

export const timeOfDay = (seconds: number): string => new Date(seconds * 1000).toTimeString().slice(0, 8);
