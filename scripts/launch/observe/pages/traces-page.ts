import { timeOfDay } from '../chart.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { videosOf } from '../span-store.ts';
import type { SpanStore, Trace } from '../span-store.ts';
import { formatMilliseconds } from '../units.ts';
import { layOut } from '../waterfall.ts';

/** A list may have so many lines. */
const MOST = 100;

/** @param elsewhere where the spans go instead, if the user has a collector of their own */
export function tracesPage(store: SpanStore, all: boolean, elsewhere: string | undefined): Markup {
  if (elsewhere !== undefined)
    return markup`<p>The spans are sent to <code>${elsewhere}</code>: look at them there.</p>`;
  const traces = store.traces().filter((trace) => all || videosOf(trace).length > 0);
  const other = all ? markup`<a href="/traces">videos only</a>` : markup`<a href="/traces?all=1">other calls, too</a>`;
  if (traces.length === 0) return markup`<p>No video has been made since this system was started. (${other})</p>`;
  return markup`<section class="card"><table>
<tr><th>Began</th><th>What</th><th>Video</th><th></th><th>Took</th><th>Spans</th></tr>
${traces.slice(0, MOST).map(line)}
</table><p class="soft">Of late, in memory. ${other}</p></section>`;
}

function line(trace: Trace): Markup {
  const { name, start, duration } = layOut(trace.spans);
  const failed = trace.spans.filter((span) => span.failed).length;
  return markup`<tr><td>${timeOfDay(start / 1000)}</td>
<td><a href="/traces/${trace.traceId}">${name}</a></td><td><code>${videosOf(trace).join(' ')}</code></td>
<td class="bad">${failed === 0 ? '' : `${failed} failed`}</td>
<td>${formatMilliseconds(duration)}</td><td>${trace.spans.length + trace.dropped}</td></tr>`;
}
