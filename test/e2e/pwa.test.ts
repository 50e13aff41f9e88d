import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { createFinishedVideo } from './support/api.ts';
import { rotatedPhoto } from './support/photos.ts';
import { expectHeading, expectPlaying } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/messages.ts';

/** Opens the app and waits until its service worker controls the page. */
async function openApp(page: Page): Promise<void> {
  await page.goto('/');
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  });
}

/** The paths of everything that the service worker has cached. */
const cachedPaths = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return lists.flat().map(({ url }) => new URL(url).pathname);
  });

test('the service worker caches the app’s own files, and no videos or photos', async ({ visit }) => {
  const { context, page } = await visit();
  await openApp(page);
  const { name } = await createFinishedVideo(context);
  await page.goto(`/${name}`);
  await expectPlaying(page);
  await page.goto('/videos');
  await page.locator(`a[href="/${name}"]`).waitFor();

  const paths = await cachedPaths(page);
  expect(paths).toContain('/offline');
  expect(paths.filter((path) => /^\/_app\/immutable\/.+\.js$/.test(path)).length).toBeGreaterThan(3);
  expect(
    paths.filter((path) => !/^\/(_app|icons)\/|^\/(offline|offline\.js|manifest\.webmanifest)$/.test(path)),
  ).toEqual([]);
});

test('the offline page is shown without a connection, and the wanted page once it is back', async ({ visit }) => {
  const { context, page } = await visit();
  await openApp(page);
  await context.setOffline(true);
  await page.goto('/videos');
  await expectHeading(page, es.common_offline_title);
  await page.getByRole('link', { name: es.common_retry }).waitFor();
  await context.setOffline(false);
  await expectHeading(page, es.gallery_empty_title);
});

test('a photo that another app shares opens in the create screen', async ({ visit }) => {
  const { page } = await visit();
  await openApp(page);
  const { buffer } = await rotatedPhoto();
  // Android posts this form to the manifest's share target.
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
  await page.waitForURL('/create');
  await expectHeading(page, es.create_compose_heading);
  await page.getByRole('img', { name: es.create_photo_alt }).waitFor();
  // From now on it is a draft like any other photo.
  await page.reload();
  await page.getByRole('img', { name: es.create_photo_alt }).waitFor();
});
