import { MediaKind } from '@cinematica/protocol/v1';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { apiOf, createFinishedVideo, createVideo } from './support/api.ts';
import { rotatedPhoto } from './support/photos.ts';
import { expectHeading, expectPlaying, openPhoto, waitForVideoPage } from './support/steps.ts';
import { DEVICES, test } from './support/visitor.ts';
import { es, plural } from './support/messages.ts';

const card = (page: Page, name: string) => page.locator('main li').filter({ has: page.locator(`a[href="/${name}"]`) });

test('in the gallery videos play in view, can be favourites, and several are deleted and restored at once', async ({
  visit,
}) => {
  const { context, page } = await visit();
  const first = await createFinishedVideo(context);
  const second = await createFinishedVideo(context);
  await page.goto('/videos');
  const playing = card(page, second.name).locator('video');
  await expect.poll(() => playing.evaluate(({ currentTime }: HTMLVideoElement) => currentTime)).toBeGreaterThan(0);
  await page.getByRole('button', { name: es.gallery_still }).click();
  await playing.waitFor({ state: 'detached' });

  await card(page, first.name).getByRole('button').click();
  await page.getByRole('button', { name: es.gallery_favourites }).click();
  await card(page, second.name).waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('button', { name: es.gallery_select }).click();
  for (const box of await page.getByRole('checkbox').all()) await box.check();
  await page.getByRole('toolbar').getByRole('button', { name: es.video_delete }).click();
  await page.getByText(plural(es.video_deleted_count, 2)).waitFor();
  await page.getByRole('button', { name: es.common_undo }).click();
  await card(page, first.name).waitFor();
  await card(page, second.name).waitFor();
});

test('versions are made at once, one is kept, and the others can be restored', async ({ visit }) => {
  const { context, page } = await visit(DEVICES.desktop);
  await openPhoto(page, await rotatedPhoto());
  await page.getByRole('radio', { name: '2', exact: true }).check();
  await page.getByRole('button', { name: plural(es.create_animate_variants, 2) }).click();
  await page.waitForURL(/\/variants\?ids=/);
  const keep = page.getByRole('button', { name: es.variants_keep });
  await expect.poll(async () => (await keep.count()) === 2 && (await keep.last().isEnabled())).toBe(true);
  const api = await apiOf(context);
  const { videos } = await api.listVideos({});
  expect(new Set(videos.map(({ settings }) => settings?.seed)).size).toBe(2);
  await keep.last().click();
  await waitForVideoPage(page);
  expect((await api.listVideos({})).videos).toHaveLength(1);
  await page.getByText(plural(es.variants_kept, 1)).waitFor();
  await page.getByRole('button', { name: es.common_undo }).click();
  await expect.poll(async () => (await api.listVideos({})).videos.length).toBe(2);
});

test('a finished video shows its first frame in place of the preview and the photo while its file is loaded', async ({
  visit,
}) => {
  const { context, page } = await visit();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\/media\//, async (route) => {
    if (route.request().resourceType() === 'media') await held;
    await route.continue();
  });
  const { name } = await createVideo(context);
  await page.goto(`/${name}`);
  await expectHeading(page, es.video_done_title);
  await page.getByRole('img', { name: es.video_photo_alt }).waitFor({ state: 'detached' });
  await page.getByRole('img', { name: es.video_preview_alt }).waitFor({ state: 'detached' });
  const video = page.locator('main video').first();
  expect(await video.evaluate(({ readyState }: HTMLVideoElement) => readyState)).toBe(0);
  release();
  await expectPlaying(page);
});

test('the page of a deleted video says so, and can restore it', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createFinishedVideo(context);
  await page.goto(`/${name}`);
  await page.getByRole('button', { name: es.video_delete, exact: true }).click();
  await expectHeading(page, es.video_deleted_title);
  await page.reload();
  await expectHeading(page, es.video_deleted_title);
  await page.getByRole('button', { name: es.common_undo }).click();
  await expectHeading(page, es.video_done_title);
  await expectPlaying(page);
});

test('a shared link works for strangers and has a link preview, until it is revoked', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createFinishedVideo(context);
  await page.goto(`/${name}`);
  await page.getByRole('button', { name: es.video_share, exact: true }).click();
  const dialog = page.getByRole('dialog', { name: es.video_share_title });
  await dialog.getByRole('button', { name: es.video_share_link }).click();
  const link = await dialog.getByLabel(es.video_share_address).inputValue();

  const { context: strangerContext, page: strangerPage } = await visit(DEVICES.desktop);
  // The video's own page is not public, and says how to share it.
  await strangerPage.goto(`/${name}`);
  await expectHeading(strangerPage, es.common_not_found_title);
  await strangerPage.getByText(es.video_foreign).waitFor();
  await strangerPage.goto(link);
  await expectHeading(strangerPage, es.share_title);
  await expectPlaying(strangerPage);
  await strangerPage.getByText(es.common_ai_generated, { exact: true }).waitFor();

  // Messengers read the page without scripts.
  const html = await (await strangerContext.request.get(link)).text();
  const tag = (property: string) => new RegExp(`<meta property="${property}" content="([^"]+)"`).exec(html)?.[1] ?? '';
  expect(tag('og:title')).toBe(es.share_title);
  expect(tag('og:locale')).toBe('es_ES');
  expect([tag('og:image:width'), tag('og:image:height')]).toEqual(['1200', '630']);
  for (const [property, type] of [
    ['og:image', 'image/jpeg'],
    ['og:video', 'video/mp4'],
  ] as const) {
    const file = await strangerContext.request.get(tag(property).replaceAll('&amp;', '&'));
    expect([file.status(), file.headers()['content-type']]).toEqual([200, type]);
  }

  await dialog.getByRole('button', { name: es.video_share_stop, exact: true }).click();
  await dialog.getByRole('button', { name: es.video_share_stop_confirm }).click();
  await page.getByText(es.video_share_stopped).waitFor();
  expect((await strangerContext.request.get(link)).status()).toBe(404);
  await strangerPage.reload();
  await expectHeading(strangerPage, es.common_not_found_title);
});

test('a button creates a variation with a new seed, and another one continues the video', async ({ visit }) => {
  const { context, page } = await visit();
  const first = await createFinishedVideo(context, { seed: 7 });
  const api = await apiOf(context);
  const createVariation = async (button: string): Promise<string> => {
    const from = new URL(page.url()).pathname;
    await page.getByRole('button', { name: button }).click();
    await expect.poll(() => new URL(page.url()).pathname).not.toBe(from);
    await expectHeading(page, es.video_done_title);
    return waitForVideoPage(page);
  };
  await page.goto(`/${first.name}`);
  const { video: second } = await api.getVideo({ name: await createVariation(es.video_variation_seed) });
  expect(second?.madeFrom).toBe(first.name);
  expect(second?.settings?.seed).not.toBe(7);
  const { video: third } = await api.getVideo({ name: await createVariation(es.video_variation_continue) });
  expect(third?.continuedFrom).toBe(second?.name);
});

test('a video’s photo and settings can be reused', async ({ visit }) => {
  const { context, page } = await visit(DEVICES.desktop);
  const { name } = await createFinishedVideo(context, { motionBucketId: 200, outputs: [MediaKind.LOOP] });
  await page.goto(`/${name}`);
  await page.getByText(es.video_settings, { exact: true }).click();
  await page.getByRole('link', { name: es.video_settings_use }).click();
  await page.getByText(es.create_from).waitFor();
  await page.getByRole('img', { name: es.create_photo_alt }).waitFor();
  await page.getByRole('button', { name: es.create_more_changed }).click();
  await page.getByText(es.create_advanced).click();
  expect(await page.getByRole('slider', { name: es.create_motion }).inputValue()).toBe('200');
  expect(await page.getByRole('switch', { name: es.create_loop }).isChecked()).toBe(true);
});

test('a video can be compared with its photo, and saved as an MP4 file', async ({ visit }) => {
  const { context, page } = await visit(DEVICES.desktop);
  const { name } = await createFinishedVideo(context);
  await page.goto(`/${name}`);
  await expectPlaying(page);
  await page.getByRole('button', { name: es.video_compare }).click();
  const slider = page.getByRole('slider', { name: es.video_compare_slider });
  await slider.fill('100');
  await page.getByRole('img', { name: es.video_photo_alt }).last().waitFor();
  // The video plays on below the photo.
  await expectPlaying(page);
  await page.getByRole('button', { name: es.video_compare_stop }).click();
  await expectPlaying(page);

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: es.video_save }).click();
  expect((await download).suggestedFilename()).toMatch(/\.mp4$/);
});
