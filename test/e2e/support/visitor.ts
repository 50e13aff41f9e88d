import { join } from 'node:path';
import { chromium, devices } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect, inject, test as base } from 'vitest';
import { cancelVideos } from './api.ts';
import { ARTEFACTS } from './paths.ts';

/** The devices of the tests. */
export const DEVICES = {
  phone: { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } },
  desktop: { viewport: { width: 1280, height: 800 } },
} satisfies Record<string, BrowserContextOptions>;

/** A user with a browser context of their own. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Uncaught errors of the pages, and errors in their consoles. */
  readonly pageErrors: readonly string[];
}

export type Visit = (options?: BrowserContextOptions) => Promise<Visitor>;

/** The console reports every failed request with this text; the tests check how the app handles them. */
const FAILED_REQUEST = 'Failed to load resource';

/**
 * A test with visitors. After the test their videos are cancelled and their browser contexts closed. The test fails if a page
 * had an error; screenshots are kept of the pages of a failed test.
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
      if (task.result?.state === 'fail') await takeScreenshots(pages, task.name);
      for (const { context } of visitors) {
        await cancelVideos(context);
        await context.close();
      }
      expect(
        visitors.flatMap(({ pageErrors }) => pageErrors).filter((message) => !message.startsWith(FAILED_REQUEST)),
      ).toEqual([]);
    });
    return async (options = DEVICES.phone) => {
      const context = await browser.newContext({ baseURL: inject('site'), locale: 'es-ES', ...options });
      context.setDefaultTimeout(60_000);
      const pageErrors: string[] = [];
      context.on('weberror', (error) => pageErrors.push(error.error().message));
      context.on('console', (message) => {
        if (message.type() === 'error') pageErrors.push(message.text());
      });
      const visitor = { context, page: await context.newPage(), pageErrors };
      visitors.push(visitor);
      return visitor;
    };
  });

async function takeScreenshots(pages: readonly Page[], test: string): Promise<void> {
  const name = test.replaceAll(/\P{L}+/gu, '-').slice(0, 60);
  for (const [index, page] of pages.entries()) {
    await page.screenshot({ path: join(ARTEFACTS, 'failed', `${name}-${index + 1}.png`) });
  }
}
