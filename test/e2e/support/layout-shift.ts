import type { BrowserContext, Page } from 'playwright-core';

interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
}

declare global {
  var layoutShift: number | undefined;
}

/** Makes every page that is opened from now on add up its unexpected layout shifts. */
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

/** The sum of all shifts since the page was loaded; the web vital “cumulative layout shift” counts only the worst seconds. */
export const layoutShift = (page: Page): Promise<number> => page.evaluate(() => globalThis.layoutShift ?? Infinity);
