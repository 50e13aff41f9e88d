import { join } from 'node:path';
import { chromium, devices } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect, inject, test as base } from 'vitest';
import { endVideos } from './api.ts';
import { ARTEFACTS } from './places.ts';

/** What people look at the app with. */
export const PROFILES = {
  phone: { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } },
  desktop: { viewport: { width: 1280, height: 800 } },
} satisfies Record<string, BrowserContextOptions>;

/** Someone with a browser of their own. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in their pages, in the console's words. */
  readonly faults: readonly string[];
}

export type Visit = (options?: BrowserContextOptions) => Promise<Visitor>;

/** Of what a page asked for and did not get, its own handling is tested. */
const REFUSED = 'Failed to load resource';

/**
 * A test with visitors. When it ends they go, with what is made for them, and none of their pages may have had an error that
 * nobody handled; of a test that fails there are pictures.
 */
export const test = base
  .extend('browser', { scope: 'worker' }, async ({}, { onCleanup }): Promise<Browser> => {
    const browser = await chromium.connect(inject('browser'));
    onCleanup(() => browser.close());
    return browser;
  })
  .extend('visit', ({ browser, task }, { onCleanup }): Visit => {
    const visitors: Visitor[] = [];
    onCleanup(async () => {
      const pages = visitors.flatMap(({ context }) => context.pages());
      if (task.result?.state === 'fail') await picture(pages, task.name);
      for (const { context } of visitors) {
        await endVideos(context);
        await context.close();
      }
      expect(visitors.flatMap(({ faults }) => faults).filter((fault) => !fault.startsWith(REFUSED))).toEqual([]);
    });
    return async (options = PROFILES.phone) => {
      const context = await browser.newContext({ baseURL: inject('site'), locale: 'es-ES', ...options });
      context.setDefaultTimeout(15_000);
      const faults: string[] = [];
      context.on('weberror', (error) => faults.push(error.error().message));
      context.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      const visitor = { context, page: await context.newPage(), faults };
      visitors.push(visitor);
      return visitor;
    };
  });

async function picture(pages: readonly Page[], test: string): Promise<void> {
  const name = test.replaceAll(/\P{L}+/gu, '-').slice(0, 60);
  for (const [index, page] of pages.entries()) {
    await page.screenshot({ path: join(ARTEFACTS, 'failed', `${name}-${index + 1}.png`) });
  }
}
