import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, devices } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { table } from '@cinematica/svd/parity';
import { findBrowser } from '../scripts/setup/browsers.mjs';
import { webApp } from '../scripts/setup/web-app.mjs';
import { startRealSystem } from '../test/support/real-system.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- web [--runs 5]

Measures the loading time of the web app on a mid-range phone with a slow network: until it shows something, until its
largest picture, until “choose a photo” opens the file dialog, and until its scripts run. It uses Chromium with a CPU throttled
by a factor of four, and two networks: 1.6 Mbit/s with 150 ms (Lighthouse's “slow 4G”), and 400 kbit/s with 400 ms (“slow
3G”). Prints medians. The first visit has an empty cache; the second has that of the service worker. The time until the file
dialog is that of visits of their own, because a browser stops looking for the largest picture when the user clicks.`;
printHelp(USAGE);

/** Latency in milliseconds, throughput in bytes per second. The first is Lighthouse's “slow 4G” with DevTools throttling. */
const NETWORKS = {
  'slow 4G': { offline: false, latency: 562.5, downloadThroughput: 184_320, uploadThroughput: 86_400 },
  'slow 3G': { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 },
};
type Network = keyof typeof NETWORKS;
const CPU = { rate: 4 };

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
const runs = Number(values.runs);
const executablePath = findBrowser();
if (!Number.isInteger(runs) || runs < 1 || executablePath === null) {
  console.error(executablePath === null ? 'bench web: Chromium was not found; set CHROMIUM to its path.' : USAGE);
  process.exit(2);
}

interface Look {
  /** Milliseconds since the navigation. */
  readonly shown: number;
  readonly largest: number;
  readonly scripts: number;
  /** Bytes loaded over the network. */
  readonly bytes: number;
}

/** A visit, and the time until the file dialog of another one. */
interface Visit extends Look {
  readonly picker: number;
}

const { WEB_HANDLER = '' } = await webApp(join(import.meta.dirname, '..'));
await using system = await startRealSystem({ WEB_HANDLER });
const browser = await chromium.launch({ executablePath });
const ms = (value: number) => `${Math.round(value)} ms`;
const rows: string[][] = [];
for (const network of Object.keys(NETWORKS) as Network[]) {
  const visits: Visit[][] = [[], []];
  for (let run = 0; run < runs; run++) {
    const pickers = await twice(browser, network, openDialog);
    for (const [index, visit] of (await twice(browser, network, look)).entries()) {
      visits[index]!.push({ ...visit, picker: pickers[index]! });
    }
  }
  for (const [index, name] of ['first visit', 'second visit'].entries()) {
    const middle = (of: (visit: Visit) => number) => median(visits[index]!.map(of));
    rows.push([
      ...[`${network}, ${name}`, ms(middle(({ shown }) => shown)), ms(middle(({ largest }) => largest))],
      ...[ms(middle(({ picker }) => picker)), ms(middle(({ scripts }) => scripts))],
      `${Math.round(middle(({ bytes }) => bytes) / 1000)} kB`,
    ]);
  }
}
await browser.close();
console.log(table(['', 'shown', 'largest picture', 'file dialog', 'scripts', 'loaded'], rows));

/** The first and the second visit of a new browser context. */
async function twice<T>(browser: Browser, network: Network, visit: (page: Page) => Promise<T>): Promise<[T, T]> {
  const context = await browser.newContext({ ...devices['Pixel 7'], baseURL: system.url });
  const slowPage = async (): Promise<Page> => {
    const page = await context.newPage();
    const debug = await context.newCDPSession(page);
    await debug.send('Network.enable');
    await debug.send('Network.emulateNetworkConditions', NETWORKS[network]);
    await debug.send('Emulation.setCPUThrottlingRate', CPU);
    return page;
  };
  try {
    const first = await visit(await slowPage());
    const page = await context.newPage();
    await page.goto('/offline');
    await page.evaluate('navigator.serviceWorker.ready.then(() => true)');
    await page.close();
    return [first, await visit(await slowPage())];
  } finally {
    await context.close();
  }
}

/** Only waits until everything is displayed and the scripts run. */
async function look(page: Page): Promise<Look> {
  const debug = await page.context().newCDPSession(page);
  await debug.send('Network.enable');
  let bytes = 0;
  debug.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  const begun = performance.now();
  await page.goto('/', { waitUntil: 'commit' });
  // The scripts remove the attribute, which tells them a file that was chosen before.
  await page.locator('label.file input:not([required])').first().waitFor({ state: 'attached' });
  const scripts = performance.now() - begun;
  await page.waitForLoadState('load');
  const [shown, largest] = await page.evaluate<[number, number]>(`new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const first = performance.getEntriesByName('first-contentful-paint')[0];
      resolve([first.startTime, list.getEntries().at(-1).startTime]);
    }).observe({ type: 'largest-contentful-paint', buffered: true });
  })`);
  return { shown, largest, scripts, bytes };
}

/** Clicks “choose a photo” until the file dialog opens. @returns milliseconds since the navigation */
async function openDialog(page: Page): Promise<number> {
  const dialog = new AbortController();
  page.on('filechooser', () => dialog.abort());
  const begun = performance.now();
  await page.goto('/', { waitUntil: 'commit' });
  const button = page.locator('label.file').first();
  await button.waitFor();
  // By the mouse, because a click on an element waits until the page is idle.
  const { x, y, width, height } = (await button.boundingBox())!;
  while (!dialog.signal.aborted) await page.mouse.click(x + width / 2, y + height / 2);
  return performance.now() - begun;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}
