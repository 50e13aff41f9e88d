import type { BrowserContext, Page } from 'playwright-core';

interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
}

declare global {
  var layoutShift: number | undefined;
}

/** Adds up, in every page that is opened from now on, by how much things move that nobody has moved. */
export async function watchLayout(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    globalThis.layoutShift = 0;
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput } of list.getEntries() as LayoutShift[]) {
        if (!hadRecentInput) globalThis.layoutShift = (globalThis.layoutShift ?? 0) + value;
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** All shifts since the page was loaded: more than the “cumulative layout shift”, which counts the worst seconds only. */
export const layoutShift = (page: Page): Promise<number> => page.evaluate(() => globalThis.layoutShift ?? Infinity);
