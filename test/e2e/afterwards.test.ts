import { MediaKind } from '@cinematica/protocol/v1';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { apiOf, makeVideo } from './support/api.ts';
import { seeHeading, seePlaying, seeVideoPage } from './support/steps.ts';
import { PROFILES, test } from './support/visitor.ts';
import { es } from './support/words.ts';

const card = (page: Page, name: string) => page.locator('main li').filter({ has: page.locator(`a[href="/${name}"]`) });

test('a video is deleted from the gallery, and brought back', async ({ visit }) => {
  const { context, page } = await visit();
  const first = await makeVideo(context);
  const second = await makeVideo(context);
  await page.goto('/videos');
  await card(page, second.name).getByRole('button').click();
  await card(page, second.name).waitFor({ state: 'detached' });
  await page.getByText(es.video_deleted).waitFor();
  // Who does it by keyboard goes on with the next one.
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('href'));
  await expect.poll(focused).toBe(`/${first.name}`);

  await page.getByRole('button', { name: es.common_undo }).click();
  await card(page, second.name).waitFor();
  await page.reload();
  await card(page, second.name).waitFor();
});

test('a deleted video says so at its own address, and can be brought back there', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await makeVideo(context);
  await page.goto(`/${name}`);
  await page.getByRole('button', { name: es.video_delete, exact: true }).click();
  await seeHeading(page, es.video_deleted_title);
  await page.reload();
  await seeHeading(page, es.video_deleted_title);
  await page.getByRole('button', { name: es.common_undo }).click();
  await seeHeading(page, es.video_done_title);
  await seePlaying(page);
});

test('a stranger opens a shared link, and sees the card that apps make of it; taken back, it is gone', async ({
  visit,
}) => {
  const { context, page } = await visit();
  const { name } = await makeVideo(context);
  await page.goto(`/${name}`);
  await page.getByRole('button', { name: es.video_share, exact: true }).click();
  const dialog = page.getByRole('dialog', { name: es.video_share_title });
  await dialog.getByRole('button', { name: es.video_share_link }).click();
  const link = await dialog.getByLabel(es.video_share_address).inputValue();

  const { context: strange, page: other } = await visit(PROFILES.desktop);
  // Nobody else gets at it by its own address.
  await other.goto(`/${name}`);
  await seeHeading(other, es.common_not_found_title);
  await other.goto(link);
  await seeHeading(other, es.share_title);
  await seePlaying(other);
  await other.getByText(es.common_ai_generated, { exact: true }).waitFor();

  // As a messenger reads it: without scripts.
  const html = await (await strange.request.get(link)).text();
  const tag = (property: string) => new RegExp(`<meta property="${property}" content="([^"]+)"`).exec(html)?.[1] ?? '';
  expect(tag('og:title')).toBe(es.share_title);
  for (const [property, type] of [
    ['og:image', 'image/webp'],
    ['og:video', 'video/mp4'],
  ] as const) {
    const file = await strange.request.get(tag(property).replaceAll('&amp;', '&'));
    expect([file.status(), file.headers()['content-type']]).toEqual([200, type]);
  }

  await dialog.getByRole('button', { name: es.video_share_stop }).click();
  await page.getByText(es.video_share_stopped).waitFor();
  expect((await strange.request.get(link)).status()).toBe(404);
  await other.reload();
  await seeHeading(other, es.common_not_found_title);
});

test('one press makes another: with a new seed, or on from its end', async ({ visit }) => {
  const { context, page } = await visit();
  const first = await makeVideo(context, { seed: 7 });
  const api = await apiOf(context);
  const press = async (button: string): Promise<string> => {
    const from = new URL(page.url()).pathname;
    await page.getByRole('button', { name: button }).click();
    await expect.poll(() => new URL(page.url()).pathname).not.toBe(from);
    await seeHeading(page, es.video_done_title);
    return seeVideoPage(page);
  };
  await page.goto(`/${first.name}`);
  const { video: second } = await api.getVideo({ name: await press(es.video_variation_seed) });
  expect(second?.madeFrom).toBe(first.name);
  expect(second?.settings?.seed).not.toBe(7);
  const { video: third } = await api.getVideo({ name: await press(es.video_variation_continue) });
  expect(third?.continuedFrom).toBe(second?.name);
});

test('a video’s settings can be used again: photo, shape and numbers are there', async ({ visit }) => {
  const { context, page } = await visit(PROFILES.desktop);
  const { name } = await makeVideo(context, { motionBucketId: 200, outputs: [MediaKind.LOOP] });
  await page.goto(`/${name}`);
  await page.getByText(es.video_settings, { exact: true }).click();
  await page.getByRole('link', { name: es.video_settings_use }).click();
  await page.getByText(es.create_from).waitFor();
  await page.getByRole('img', { name: es.create_photo_alt }).waitFor();
  await page.getByRole('button', { name: es.create_more_changed }).click();
  expect(await page.getByRole('slider', { name: es.create_motion }).inputValue()).toBe('200');
  expect(await page.getByRole('switch', { name: es.create_loop }).isChecked()).toBe(true);
});

test('it is compared with its photo, and saved as a file with a name', async ({ visit }) => {
  const { context, page } = await visit(PROFILES.desktop);
  const { name } = await makeVideo(context);
  await page.goto(`/${name}`);
  await seePlaying(page);
  await page.getByRole('button', { name: es.video_compare }).click();
  const wipe = page.getByRole('slider', { name: es.video_compare_slider });
  await wipe.fill('100');
  await page.getByRole('img', { name: es.video_photo_alt }).last().waitFor();
  await page.getByRole('button', { name: es.video_compare_stop }).click();
  await seePlaying(page);

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: es.video_save }).click();
  expect((await download).suggestedFilename()).toMatch(/\.mp4$/);
});
