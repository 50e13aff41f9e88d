import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { ARTEFACTS } from './paths.ts';

declare global {
  var axe: { run(options: object): Promise<AxeResults> } | undefined;
}

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules of WCAG 2.2 AA, and best practices. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Checks a page with axe, keeps a screenshot, and checks that it does not scroll sideways, not even with text of twice the size.
 */
export async function checkScreen(page: Page, name: string): Promise<void> {
  await waitForAnimations(page);
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage: true });
  // By the debugger, because the page's content security policy allows no other script.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations } = await page.evaluate((tags) => globalThis.axe!.run({ runOnly: tags }), TAGS);
  const violationTexts = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`),
  );
  expect(violationTexts, name).toEqual([]);
  for (const size of ['100%', '200%']) {
    const overflow = await page.evaluate((fontSize) => {
      const { style } = document.documentElement;
      style.fontSize = fontSize;
      const { clientWidth, scrollWidth } = document.documentElement;
      style.fontSize = '';
      return scrollWidth - clientWidth;
    }, size);
    expect(overflow, `pixels by which ${name} can be scrolled sideways with text of ${size}`).toBeLessThanOrEqual(0);
  }
}

/** Waits until all animations have ended that do not repeat. */
async function waitForAnimations(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ending = document
      .getAnimations()
      .filter(
        ({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime) && effect?.getTiming().iterations === 1,
      );
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
}
