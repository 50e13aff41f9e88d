import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';

/** Something else to look at. */
export interface Link {
  readonly title: string;
  readonly href: string;
  /** What to know before one goes there. */
  readonly note?: string;
}

/** What differs from page to page. */
export interface Page {
  readonly title: string;
  /** Seconds until it is loaded anew; never for 0. */
  readonly refresh: number;
  /** Beside the pages themselves. */
  readonly links: readonly Link[];
}

/** So many colours tell lines and services apart: classes `c0`, `c1`, … */
export const COLOURS = 8;

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #343a46); --soft: light-dark(#5c6470, #9aa3b2);
  --card: light-dark(#fff, #1b1f27); --bad: light-dark(#c62828, #ff7b72);
  --c0: light-dark(#1f6feb, #58a6ff); --c1: light-dark(#d2691e, #ffa657); --c2: light-dark(#1a7f37, #56d364);
  --c3: light-dark(#8250df, #bc8cff); --c4: light-dark(#bf3989, #ff7bbd); --c5: light-dark(#9a6700, #e3b341);
  --c6: light-dark(#0a7f8c, #4fd1dc); --c7: light-dark(#57606a, #b1bac4); }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; background: light-dark(#f4f5f7, #12151b); }
header { display: flex; gap: 1.2em; align-items: baseline; flex-wrap: wrap; padding: .9em 1.4em; background: var(--card);
  border-bottom: 1px solid var(--line); }
header h1 { margin: 0; font-size: 1.15em; }
a { color: var(--c0); text-decoration: none; } a:hover { text-decoration: underline; }
main { padding: 1em 1.4em; } h2 { font-size: 1em; margin: 0 0 .5em; } .soft { color: var(--soft); } .bad { color: var(--bad); }
.grid-of-panels { display: grid; gap: 1em; grid-template-columns: repeat(auto-fill, minmax(min(30em, 100%), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8em 1em; margin: 0; overflow: hidden; }
svg { display: block; width: 100%; } svg text { font-size: 10px; fill: var(--soft); }
.grid { stroke: var(--line); } .line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.legend { display: flex; flex-wrap: wrap; gap: .1em 1.1em; list-style: none; margin: .4em 0 0; padding: 0; font-size: .86em; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; background: var(--c); margin-right: .35em; }
details.query { font-size: .82em; margin-top: .4em; } summary { cursor: pointer; color: var(--soft); } code { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: var(--soft); font-weight: 500; }
td, th { padding: .35em .8em .35em 0; border-bottom: 1px solid var(--line); } td.number { text-align: right; }
.row > summary { display: grid; grid-template-columns: minmax(16em, 30%) 1fr 6em; gap: 1em; align-items: center; color: inherit;
  list-style: none; padding: .12em 0; border-bottom: 1px solid var(--line); }
.row > summary::-webkit-details-marker { display: none; } .row > summary > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row:target > summary { outline: 2px solid var(--c0); }
.bar { position: relative; height: 1em; } .bar i { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 2px; background: var(--c); }
.axis { display: grid; grid-template-columns: minmax(16em, 30%) 1fr 6em; gap: 1em; color: var(--soft); font-size: .86em; }
.axis div { display: flex; justify-content: space-between; } .time { text-align: right; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1em; margin: .4em 0 .8em 1.5em; font-size: .9em; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
${Array.from({ length: COLOURS }, (_, index) => `.c${index} { --c: var(--c${index}); }`).join(' ')}
`;

/** A whole page. It needs no script. */
export function layout({ title, refresh, links }: Page, content: Markup): string {
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${refresh === 0 ? '' : markup`<meta http-equiv="refresh" content="${refresh}">`}
<title>${title} · Cinemática</title>
<link rel="icon" href="data:,">
<style>${{ html: STYLE }}</style>
</head>
<body>
<header><h1>Cinemática</h1><a href="/">Metrics</a><a href="/traces">Traces</a>
${links.map(({ title: name, href }) => markup`<a href="${href}">${name}</a>`)}</header>
<main>${content}</main>
</body>
</html>
`;
  return page.html;
}
