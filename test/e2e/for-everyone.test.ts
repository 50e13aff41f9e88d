import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import english from '../../web/messages/create/en.json' with { type: 'json' };
import portuguese from '../../web/messages/create/pt.json' with { type: 'json' };
import { makeVideo } from './support/api.ts';
import { turnedPhoto } from './support/photos.ts';
import { choosePhoto, insist, seeHeading, seePlaying, seeVideoPage } from './support/steps.ts';
import { PROFILES, test } from './support/visitor.ts';
import { es } from './support/words.ts';

test('the language is the browser’s, until another is chosen; the choice stays', async ({ visit }) => {
  const { page } = await visit({ ...PROFILES.phone, locale: 'pt-BR' });
  await page.goto('/');
  await seeHeading(page, portuguese.create_heading);
  const heading = page.getByRole('heading', { name: english.create_heading });
  await insist(
    () => page.getByRole('combobox').selectOption('en'),
    () => heading.isVisible(),
  );
  await page.reload();
  await seeHeading(page, english.create_heading);
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
});

test('with a keyboard alone, from the photo to the video', async ({ visit }) => {
  const { page } = await visit(PROFILES.desktop);
  await page.goto('/');
  await tabTo(page, es.create_choose);
  await choosePhoto(page, await turnedPhoto(), () => page.keyboard.press('Enter'));
  await seeHeading(page, es.create_compose_heading);
  // What listens goes on where the new words begin.
  expect(await focused(page)).toBe(es.create_compose_heading);

  // Another frame: nearer, and higher.
  await page.getByRole('radio', { name: es.create_preset_natural }).waitFor({ state: 'attached' });
  const frame = page.getByRole('application');
  const before = await frame.getAttribute('aria-label');
  await tabTo(page, es.create_frame);
  await page.keyboard.press('+');
  await page.keyboard.press('ArrowUp');
  expect(await frame.getAttribute('aria-label')).not.toBe(before);

  await tabTo(page, es.create_preset_natural);
  await page.keyboard.press('ArrowRight');
  expect(await page.getByRole('radio', { name: es.create_preset_lively }).isChecked()).toBe(true);
  await tabTo(page, es.create_animate);
  await page.keyboard.press('Enter');
  await seeVideoPage(page);
  await seeHeading(page, es.video_done_title);
  await seePlaying(page);
  await tabTo(page, es.video_pause);
  await page.keyboard.press('Space');
  expect(await page.locator('main video').evaluate((video: HTMLVideoElement) => video.paused)).toBe(true);
});

test('who wants less motion gets a video that waits for a press, and nothing that moves by itself', async ({
  visit,
}) => {
  const { context, page } = await visit({ ...PROFILES.desktop, reducedMotion: 'reduce' });
  const moving = () =>
    page.evaluate(
      () => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 1).length,
    );
  await page.goto('/');
  await seeHeading(page, es.create_heading);
  expect(await moving()).toBe(0);
  const { name } = await makeVideo(context);
  await page.goto(`/${name}`);
  await seeHeading(page, es.video_done_title);
  const video = page.locator('main video');
  await expect.poll(() => video.evaluate(({ readyState }: HTMLVideoElement) => readyState)).toBeGreaterThan(1);
  expect(await video.evaluate(({ paused, controls }: HTMLVideoElement) => [paused, controls])).toEqual([true, true]);
  expect(await moving()).toBe(0);
  await video.evaluate((element: HTMLVideoElement) => element.play());
  await seePlaying(page);
});

test.for(['paste', 'drop'] as const)('a photo comes in by %s', async (way, { visit }) => {
  const { page } = await visit(PROFILES.desktop);
  await page.goto('/');
  const { buffer } = await turnedPhoto();
  const heading = page.getByRole('heading', { name: es.create_compose_heading });
  await insist(
    () =>
      page.evaluate(
        ({ type, base64 }) => {
          const data = new DataTransfer();
          const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
          data.items.add(new File([bytes], 'foto.jpg', { type: 'image/jpeg' }));
          const event =
            type === 'paste'
              ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
              : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
          document.body.dispatchEvent(event);
        },
        { type: way, base64: buffer.toString('base64') },
      ),
    () => heading.isVisible(),
  );
});

/** Presses the tab key until something of this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if ((await focused(page)).startsWith(name)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the tab key never comes to “${name}”`);
}

/** What a screen reader calls the element that has the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement } = document;
    const label = activeElement instanceof HTMLInputElement ? activeElement.labels?.[0]?.textContent : undefined;
    return (activeElement?.getAttribute('aria-label') ?? label ?? activeElement?.textContent ?? '').trim();
  });
