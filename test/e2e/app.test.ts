import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { makeVideo } from './support/api.ts';
import { turnedPhoto } from './support/photos.ts';
import { seeHeading, seePlaying } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/words.ts';

/** Opens a page of the app with its service worker in charge. */
async function openApp(page: Page): Promise<void> {
  await page.goto('/');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  });
}

/** The addresses of all that the service worker keeps. */
const kept = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return lists.flat().map(({ url }) => new URL(url).pathname);
  });

test('the app’s own files are kept, and never a video or a photo', async ({ visit }) => {
  const { context, page } = await visit();
  await openApp(page);
  const { name } = await makeVideo(context);
  await page.goto(`/${name}`);
  await seePlaying(page);
  await page.goto('/videos');
  await page.locator(`a[href="/${name}"]`).waitFor();

  const paths = await kept(page);
  expect(paths).toContain('/offline');
  expect(paths.filter((path) => /^\/_app\/immutable\/.+\.js$/.test(path)).length).toBeGreaterThan(3);
  expect(paths.filter((path) => !/^\/(_app|icons)\/|^\/(offline|manifest\.webmanifest)$/.test(path))).toEqual([]);
});

test('without a connection a page says so, and comes back', async ({ visit }) => {
  const { context, page } = await visit();
  await openApp(page);
  await context.setOffline(true);
  await page.goto('/videos');
  await seeHeading(page, es.common_offline_title);
  await context.setOffline(false);
  await page.getByRole('link', { name: es.common_retry }).click();
  await seeHeading(page, es.gallery_empty_title);
});

test('a photo that another app shares is there to be animated', async ({ visit }) => {
  const { page } = await visit();
  await openApp(page);
  const { buffer } = await turnedPhoto();
  // As Android posts it, by the manifest's share target.
  await page.evaluate((base64) => {
    const form = document.createElement('form');
    const input = document.createElement('input');
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    data.items.add(new File([bytes], 'foto compartida.jpg', { type: 'image/jpeg' }));
    Object.assign(form, { method: 'post', action: '/share-target', enctype: 'multipart/form-data' });
    Object.assign(input, { type: 'file', name: 'photo', files: data.files });
    form.append(input);
    document.body.append(form);
    form.submit();
  }, buffer.toString('base64'));
  await page.waitForURL('/?photo=shared');
  await seeHeading(page, es.create_compose_heading);
  await page.getByRole('img', { name: es.create_photo_alt }).waitFor();
  // Once.
  await page.reload();
  await page.getByText(es.create_not_shared).waitFor();
});
