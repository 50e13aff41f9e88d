import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { videosOf } from '../span-store.ts';
import type { Trace } from '../span-store.ts';
import { formatMilliseconds } from '../units.ts';
import { layOut } from '../waterfall.ts';
import type { Row, Waterfall } from '../waterfall.ts';
import { COLOURS } from './layout.ts';

/** One trace as a waterfall: what was done when, by whom, as a part of what. */
export function tracePage(trace: Trace): Markup {
  const waterfall = layOut(trace.spans);
  const { rows, duration, name, start } = waterfall;
  const services = [...new Set(rows.map(({ span }) => span.service))];
  const names = new Map(rows.map(({ span }) => [span.spanId, span.name]));
  const videos = videosOf(trace);
  return markup`<h2>${name} <span class="soft">${new Date(start).toISOString()}, ${formatMilliseconds(duration)}</span></h2>
<p class="soft">Trace <code>${trace.traceId}</code>${videos.length === 0 ? '' : markup`, video <code>${videos.join(' ')}</code>`}
${trace.dropped === 0 ? '' : `, and ${trace.dropped} more spans than are kept`}</p>
<ul class="legend">${services.map((service, index) => markup`<li><i class="c${index % COLOURS}"></i>${service.replace('cinematica-', '')}</li>`)}</ul>
<section class="card"><div class="axis"><span></span><div>${[0, 0.25, 0.5, 0.75, 1].map((part) => markup`<span>${formatMilliseconds(part * duration)}</span>`)}</div><span></span></div>
${rows.map((row) => drawRow(row, waterfall, services.indexOf(row.span.service) % COLOURS, names))}</section>`;
}

function drawRow(
  { span, depth, offset, duration }: Row,
  whole: Waterfall,
  colour: number,
  names: ReadonlyMap<string, string>,
): Markup {
  const percent = (time: number) => ((100 * time) / Math.max(whole.duration, 1e-6)).toFixed(3);
  return markup`<details class="row c${colour}" id="${span.spanId}"><summary>
<span style="padding-left: ${depth}em"${span.failed ? markup` class="bad"` : ''}>${span.name}</span>
<div class="bar"><i style="left: ${percent(offset)}%; width: ${percent(duration)}%"></i></div>
<span class="time">${formatMilliseconds(duration)}</span></summary>
<dl><dt>service</dt><dd>${span.service}</dd><dt>begins</dt><dd>after ${formatMilliseconds(offset)}</dd>
${Object.entries(span.attributes).map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}
${span.links.map(({ spanId }) => markup`<dt>follows</dt><dd><a href="#${spanId}">${names.get(spanId) ?? spanId}</a></dd>`)}</dl>
</details>`;
}
