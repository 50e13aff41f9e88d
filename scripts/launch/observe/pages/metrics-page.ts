import { drawChart } from '../chart.ts';
import type { Line } from '../chart.ts';
import { nameSeries } from '../dashboard.ts';
import type { Panel } from '../dashboard.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import type { Alert, Period, PrometheusClient } from '../prometheus-client.ts';

/** How far back one may look. Minutes. */
export const SPANS_OF_TIME = [5, 15, 60, 360, 1440] as const;

/** Points a line has, as wide as it is drawn. */
const POINTS = 180;
/** The least time that a rate is taken over: some scrapes. Seconds. */
const RATE_SECONDS = 30;

/** The dashboard, and what is wrong. @param minutes back from now */
export async function metricsPage(
  client: PrometheusClient,
  panels: readonly Panel[],
  minutes: number,
): Promise<Markup> {
  const step = Math.max(2, Math.round((minutes * 60) / POINTS));
  // On whole steps: from one look to the next a line keeps its points.
  const end = Math.floor(Date.now() / 1000 / step) * step;
  const period = { start: end - minutes * 60, end, step };
  const [alerts, up, shown] = await Promise.all([
    client.alerts(),
    client.now('up'),
    Promise.all(panels.map((panel) => readPanel(client, panel, period))),
  ]);
  const away = up.filter(({ points }) => points[0]?.[1] !== 1).map(({ labels }) => labels.container ?? '');
  const withData = shown.filter(({ lines }) => lines.length > 0);
  const without = shown.filter(({ lines }) => lines.length === 0).map(({ panel }) => panel.title);
  return markup`
<p>${alerts.length === 0 ? 'No alert.' : alerts.map(describeAlert)}
${away.length === 0 ? `All ${up.length} services answer.` : markup`<b class="bad">No answer from ${away.join(', ')}.</b>`}
<span class="soft">The last</span> ${SPANS_OF_TIME.map((span) => choice(span, minutes))}</p>
<div class="grid-of-panels">${withData.map(({ panel, lines }) => drawPanel(panel, lines, period))}</div>
${without.length === 0 ? '' : markup`<p class="soft">Nothing to show: ${without.join(' · ')}</p>`}`;
}

const describeAlert = ({ name, state, summary }: Alert): Markup =>
  markup`<b class="${state === 'firing' ? 'bad' : 'soft'}">${name}${state === 'firing' ? '' : ' (pending)'}:</b> ${summary} `;

function choice(minutes: number, chosen: number): Markup {
  const name = minutes < 120 ? `${minutes} min` : `${minutes / 60} h`;
  return minutes === chosen ? markup`<b>${name}</b> ` : markup`<a href="/?minutes=${minutes}">${name}</a> `;
}

async function readPanel(client: PrometheusClient, panel: Panel, period: Period) {
  const lines = panel.queries.map(async ({ expr, legend }) => {
    const series = await client.range(withRate(expr, period.step), period);
    return series.map(({ labels, points }) => ({ name: nameSeries(legend, labels), points }));
  });
  const numbers = (line: Line) => line.points.some(([, value]) => Number.isFinite(value));
  return { panel, lines: (await Promise.all(lines)).flat().filter(numbers) };
}

/** Grafana fills this in by itself. */
export const withRate = (query: string, step: number): string =>
  query.replaceAll('$__rate_interval', `${Math.max(RATE_SECONDS, 2 * step)}s`);

const drawPanel = ({ title, description, unit, queries }: Panel, lines: readonly Line[], period: Period): Markup =>
  markup`<section class="card"><h2 title="${description}">${title}</h2>
${drawChart(lines, period, unit)}
<details class="query"><summary>Query</summary>${queries.map(({ expr }) => markup`<code>${expr}</code><br>`)}</details></section>`;
