import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import english from '../../web/messages/create/en.json' with { type: 'json' };
import portuguese from '../../web/messages/create/pt.json' with { type: 'json' };
import { createFinishedVideo } from './support/api.ts';
import { rotatedPhoto } from './support/photos.ts';
import { choosePhoto, expectHeading, expectPlaying, retryUntil, waitForVideoPage } from './support/steps.ts';
import { DEVICES, test } from './support/visitor.ts';
import { es } from './support/messages.ts';

test('the language is the browser’s until another one is chosen, and the choice is kept', async ({ visit }) => {
  const { page } = await visit({ ...DEVICES.phone, locale: 'pt-BR' });
  await page.goto('/');
  await expectHeading(page, portuguese.create_heading);
  const heading = page.getByRole('heading', { name: english.create_heading });
  await retryUntil(
    () => page.getByRole('combobox').selectOption('en'),
    () => heading.isVisible(),
  );
  await page.reload();
  await expectHeading(page, english.create_heading);
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  await retryUntil(
    () => page.getByRole('combobox').selectOption('pt'),
    async () => (await page.locator('html').getAttribute('lang')) === 'pt-BR',
  );
});

test('a video can be made with the keyboard alone', async ({ visit }) => {
  const { page } = await visit(DEVICES.desktop);
  await page.goto('/');
  await tabTo(page, es.create_choose);
  await choosePhoto(page, await rotatedPhoto(), () => page.keyboard.press('Enter'));
  await expectHeading(page, es.create_compose_heading);
  // Screen readers continue at the new heading.
  expect(await focused(page)).toBe(es.create_compose_heading);

  // Zoom in, and move up.
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
  await waitForVideoPage(page);
  await expectHeading(page, es.video_done_title);
  await expectPlaying(page);
  await tabTo(page, es.video_pause);
  await page.keyboard.press('Space');
  const video = page.locator('main video').first();
  const state = () => video.evaluate(({ paused, currentTime }: HTMLVideoElement) => ({ paused, currentTime }));
  expect((await state()).paused).toBe(true);
  // The time line is a slider.
  await tabTo(page, es.video_position);
  await page.keyboard.press('Home');
  expect((await state()).currentTime).toBe(0);
  await page.keyboard.press('ArrowRight');
  expect((await state()).currentTime).toBeGreaterThan(0);
});

test('with reduced motion nothing is animated, and a video waits for a click', async ({ visit }) => {
  const { context, page } = await visit({ ...DEVICES.desktop, reducedMotion: 'reduce' });
  const countAnimations = () =>
    page.evaluate(
      () => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 1).length,
    );
  await page.goto('/');
  await expectHeading(page, es.create_heading);
  expect(await countAnimations()).toBe(0);
  const { name } = await createFinishedVideo(context);
  await page.goto(`/${name}`);
  await expectHeading(page, es.video_done_title);
  const video = page.locator('main video').first();
  await expect.poll(() => video.evaluate(({ readyState }: HTMLVideoElement) => readyState)).toBeGreaterThan(1);
  expect(await video.evaluate(({ paused }: HTMLVideoElement) => paused)).toBe(true);
  expect(await countAnimations()).toBe(0);
  await page.getByRole('button', { name: es.video_play }).click();
  await expectPlaying(page);
});

test.for(['paste', 'drop'] as const)('a photo can be chosen by %s', async (way, { visit }) => {
  const { page } = await visit(DEVICES.desktop);
  await page.goto('/');
  const { buffer } = await rotatedPhoto();
  const heading = page.getByRole('heading', { name: es.create_compose_heading });
  await retryUntil(
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

/** Presses the tab key until an element with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    if ((await focused(page)).startsWith(name)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no element with the name “${name}” can be reached with the tab key`);
}

/** The accessible name of the element that has the focus. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const { activeElement } = document;
    const label = activeElement instanceof HTMLInputElement ? activeElement.labels?.[0]?.textContent : undefined;
    return (activeElement?.getAttribute('aria-label') ?? label ?? activeElement?.textContent ?? '').trim();
  });
