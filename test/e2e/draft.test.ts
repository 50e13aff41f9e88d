import { Preset } from '@cinematica/protocol/v1';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { apiOf, createVideo, SLOW } from './support/api.ts';
import { layoutShift, shiftedElements, watchLayout } from './support/layout-shift.ts';
import { notAPhoto, plainPhoto, rotatedPhoto } from './support/photos.ts';
import { expectHeading, openPhoto, submit, waitForVideoPage } from './support/steps.ts';
import { DEVICES, test } from './support/visitor.ts';
import { es, plural } from './support/messages.ts';

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

const expectChosen = (tab: Page, preset: string): Promise<void> =>
  tab.getByRole('radio', { name: preset, checked: true }).waitFor({ state: 'attached' });

/** The choices in the drafts that the browser has stored. */
const storedChoices = (tab: Page): Promise<readonly string[]> =>
  tab.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('cinematica');
        opening.onerror = () => reject(opening.error!);
        opening.onsuccess = () => {
          const reading = opening.result.transaction('drafts').objectStore('drafts').getAll();
          reading.onerror = () => reject(reading.error!);
          reading.onsuccess = () => {
            opening.result.close();
            const records = reading.result as (string | { readonly choices?: string })[];
            resolve(records.flatMap((record) => (typeof record === 'string' ? [] : (record.choices ?? '{}'))));
          };
        };
      }),
  );

/** Waits until the browser has stored drafts with these presets, and no others. */
const expectStored = (tab: Page, ...presets: (Preset | undefined)[]): Promise<void> =>
  expect
    .poll(async () => (await storedChoices(tab)).map((text) => (JSON.parse(text) as { preset?: Preset }).preset))
    .toEqual(presets);

test('each tab keeps its own draft, and a new tab has the newest', async ({ visit }) => {
  const { context, page } = await visit();
  const other = await context.newPage();
  for (const [tab, preset] of [
    [page, es.create_preset_lively],
    [other, es.create_preset_calm],
  ] as const) {
    await openPhoto(tab, await plainPhoto(600, 400));
    await tab.getByRole('radio', { name: preset }).check();
  }
  await expectStored(page, Preset.LIVELY, Preset.CALM);
  const third = await context.newPage();
  await third.goto('/create');
  await expectChosen(third, es.create_preset_calm);
  await page.reload();
  await expectChosen(page, es.create_preset_lively);

  // What another tab drops stays in the tab that is open.
  await third.goto('/');
  await third.getByRole('button', { name: es.create_draft_drop }).click();
  await third.getByRole('button', { name: es.create_draft_drop }).waitFor({ state: 'detached' });
  await other.reload();
  await expectChosen(other, es.create_preset_calm);
});

test('a duplicated tab has a copy of the draft, and changes of one do not reach the other', async ({ visit }) => {
  const { page } = await visit();
  await openPhoto(page, await plainPhoto(600, 400));
  await page.getByRole('radio', { name: es.create_preset_lively }).check();
  await expectStored(page, Preset.LIVELY);
  // A window that a page opens has a copy of the page's session storage, as a duplicated tab has.
  const opened = page.waitForEvent('popup');
  await page.evaluate(() => void window.open('/create'));
  const duplicate = await opened;
  await expectChosen(duplicate, es.create_preset_lively);
  await duplicate.getByRole('radio', { name: es.create_preset_calm }).check();
  await expectStored(page, Preset.LIVELY, Preset.CALM);
  await page.reload();
  await expectChosen(page, es.create_preset_lively);
  await duplicate.reload();
  await expectChosen(duplicate, es.create_preset_calm);
});

test('a dropped draft leaves nothing in the browser, not even what a tab that was closed had stored', async ({
  visit,
}) => {
  const { context, page } = await visit();
  await openPhoto(page, await plainPhoto(600, 400));
  await page.getByRole('radio', { name: es.create_preset_lively }).check();
  await expectStored(page, Preset.LIVELY);
  await page.close();
  const later = await context.newPage();
  await later.goto('/');
  await later.getByRole('button', { name: es.create_draft_drop }).click();
  await expectStored(later);
});

test.for(['phone', 'desktop'] as const)(
  'on a %s nothing on the start page moves when it offers to continue',
  async (profile, { visit }) => {
    const { context, page } = await visit(DEVICES[profile]);
    await openPhoto(page, await plainPhoto(600, 400));
    await expectStored(page, undefined);
    await createVideo(context, SLOW);
    await watchLayout(context);
    await page.goto('/');
    await page.getByText(plural(es.create_unfinished, 1)).waitFor();
    await page.getByText(es.create_draft).waitFor();
    expect(await layoutShift(page), await shiftedElements(page)).toBe(0);
  },
);

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
