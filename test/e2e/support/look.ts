import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { ARTEFACTS } from './places.ts';

declare global {
  var axe: { run(options: object): Promise<AxeResults> } | undefined;
}

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules of WCAG 2.2 AA, and what is good practice beside. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Looks at a page as it is, light and dark: keeps a picture of each, has axe look for faults, and for what sticks out. */
export async function look(page: Page, name: string): Promise<void> {
  const faults: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await settle(page);
    await page.screenshot({ path: join(ARTEFACTS, `${name}-${colorScheme}.png`), fullPage: true });
    // By the debugger: the page's own policy lets no script in.
    if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
    const { violations } = await page.evaluate((tags) => globalThis.axe!.run({ runOnly: tags }), TAGS);
    faults.push(
      ...violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, any }) => `${colorScheme} ${id}: ${html} ${any[0]?.message ?? ''}`),
      ),
    );
  }
  expect(faults, name).toEqual([]);
  const { clientWidth, scrollWidth } = await page.evaluate(() => document.documentElement);
  expect(scrollWidth, `${name} can be scrolled sideways`).toBe(clientWidth);
}

/** Waits until what comes and goes has done so. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ending = document
      .getAnimations()
      .filter(
        ({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime) && effect?.getTiming().iterations === 1,
      );
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
}
