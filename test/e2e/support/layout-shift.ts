import type { BrowserContext, Page } from 'playwright-core';

interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Node | null }[];
}

declare global {
  var layoutShift: number | undefined;
  var shiftedElements: string[] | undefined;
}

/** Makes every page that is opened from now on add up its unexpected layout shifts. */
export async function watchLayout(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    globalThis.layoutShift = 0;
    globalThis.shiftedElements = [];
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries() as LayoutShift[]) {
        if (hadRecentInput) continue;
        globalThis.layoutShift = (globalThis.layoutShift ?? 0) + value;
        const texts = sources.map(({ node }) => `${node?.nodeName} "${node?.textContent?.trim().slice(0, 30)}"`);
        globalThis.shiftedElements?.push(`${value.toFixed(3)}: ${texts.join(', ')}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** The sum of all shifts since the page was loaded; the web vital “cumulative layout shift” counts only the worst seconds. */
export const layoutShift = (page: Page): Promise<number> => page.evaluate(() => globalThis.layoutShift ?? Infinity);

/** What was shifted and by how much, for the message of a failed test. */
export const shiftedElements = (page: Page): Promise<string> =>
  page.evaluate(() => globalThis.shiftedElements?.join('\n') ?? 'layout shifts are not watched');
