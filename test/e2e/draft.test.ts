import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { apiOf } from './support/api.ts';
import { notAPhoto, plainPhoto, rotatedPhoto } from './support/photos.ts';
import { expectHeading, openPhoto, submit, waitForVideoPage } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/messages.ts';

test('the photo, its crop and the settings survive Back, the gallery, a reload and a video', async ({ visit }) => {
  const { page } = await visit();
  await openPhoto(page, await rotatedPhoto());
  await page.getByRole('radio', { name: es.create_preset_lively }).check();
  await page.getByRole('button', { name: es.create_zoom_in }).click();
  const frame = page.getByRole('application');
  const crop = (await frame.getAttribute('aria-label')) ?? '';
  const expectDraft = async (): Promise<void> => {
    await expectHeading(page, es.create_compose_heading);
    await page.getByRole('radio', { name: es.create_preset_lively, checked: true }).waitFor({ state: 'attached' });
    await expect.poll(() => frame.getAttribute('aria-label')).toBe(crop);
  };

  await page.goBack();
  await expectHeading(page, es.create_heading);
  await page.getByRole('link', { name: es.create_draft_continue }).click();
  await expectDraft();
  await page.getByRole('link', { name: es.common_gallery }).click();
  await expectHeading(page, es.gallery_empty_title);
  await page.goBack();
  await expectDraft();
  await page.reload();
  await expectDraft();

  // Another photo replaces it only once it can be opened.
  await page.getByLabel(es.create_change).setInputFiles(notAPhoto);
  await page.getByRole('alert').filter({ hasText: es.create_problem_not_a_photo }).waitFor();
  await expectDraft();
  await submit(page);
  await waitForVideoPage(page);
  await page.goBack();
  await expectDraft();
});

test('each tab keeps its own draft, and a new tab has the newest', async ({ visit }) => {
  const { context, page } = await visit();
  const expectChosen = (tab: Page, preset: string): Promise<void> =>
    tab.getByRole('radio', { name: preset, checked: true }).waitFor({ state: 'attached' });
  const other = await context.newPage();
  for (const [tab, preset] of [
    [page, es.create_preset_lively],
    [other, es.create_preset_calm],
  ] as const) {
    await openPhoto(tab, await plainPhoto(600, 400));
    await tab.getByRole('radio', { name: preset }).check();
  }
  await page.reload();
  await expectChosen(page, es.create_preset_lively);
  const third = await context.newPage();
  await third.goto('/create');
  await expectHeading(third, es.create_compose_heading);
});

test('a photo that was chosen before the scripts were loaded is opened once they are', async ({ visit }) => {
  const { page } = await visit();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\.js$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/', { waitUntil: 'commit' });
  await page.getByLabel(es.create_choose).setInputFiles(await rotatedPhoto());
  expect(new URL(page.url()).pathname).toBe('/');
  release();
  await expectHeading(page, es.create_compose_heading);
});

test('a panorama is cropped, not refused', async ({ visit }) => {
  const { page } = await visit();
  await openPhoto(page, await plainPhoto(4000, 200));
  await submit(page);
  await waitForVideoPage(page);
});

test.for([
  ['blocked', 'SecurityError'],
  ['full', 'QuotaExceededError'],
])('with %s storage one press makes one video, and its page is shown', async ([, name], { visit }) => {
  const { context, page } = await visit();
  await context.addInitScript((error) => {
    const fail = (): never => {
      throw new DOMException('no storage', error);
    };
    if (error === 'SecurityError') {
      for (const area of ['localStorage', 'sessionStorage', 'indexedDB'])
        Object.defineProperty(window, area, { get: fail });
    } else {
      Storage.prototype.setItem = fail;
      IDBObjectStore.prototype.put = fail;
    }
  }, name);
  await openPhoto(page, await rotatedPhoto());
  await page.getByText(es.create_unkept).waitFor();
  await submit(page);
  await waitForVideoPage(page);
  await expectHeading(page, es.video_done_title);
  expect((await (await apiOf(context)).listVideos({})).videos).toHaveLength(1);
});

test('without cookies no video is made, and the page says why', async ({ visit }) => {
  const { context, page } = await visit();
  await context.addInitScript(() => {
    Object.defineProperty(navigator, 'cookieEnabled', { get: () => false });
  });
  await openPhoto(page, await rotatedPhoto());
  await submit(page);
  await page.getByRole('alert').filter({ hasText: es.common_error_no_cookies }).waitFor();
  expect((await (await apiOf(context)).listVideos({})).videos).toEqual([]);
});
