import { describe } from 'vitest';
import { apiOf, beginVideo, endVideo, makeVideo, SLOW } from './support/api.ts';
import { look } from './support/look.ts';
import { notAPhoto, turnedPhoto } from './support/photos.ts';
import { choosePhoto, openPhoto, seeHeading, seePlaying, seeProgress } from './support/steps.ts';
import { PROFILES, test as base } from './support/visitor.ts';
import { es } from './support/words.ts';

describe.for(['phone', 'desktop'] as const)('on a %s axe finds nothing, and nothing sticks out', (profile) => {
  const test = base.extend('screen', ({ visit }) => async () => {
    const visitor = await visit(PROFILES[profile]);
    return { ...visitor, look: (name: string) => look(visitor.page, `${name}-${profile}`) };
  });

  test('making a video', async ({ screen }) => {
    const { page, look } = await screen();
    await page.goto('/');
    await seeHeading(page, es.create_heading);
    await look('create');
    await choosePhoto(page, notAPhoto);
    await page.getByRole('alert').waitFor();
    await look('create-problem');
    await openPhoto(page, await turnedPhoto());
    await look('compose');
    await page.getByRole('button', { name: es.create_more }).click();
    await page.getByRole('slider', { name: es.create_noise }).waitFor();
    await look('compose-more');
  });

  test('a video in the making, and cancelled', async ({ screen }) => {
    const { context, page, look } = await screen();
    const { name } = await beginVideo(context, SLOW);
    await page.goto(`/${name}`);
    await page.getByRole('img', { name: es.video_preview_alt }).waitFor();
    await seeProgress(page);
    await look('video-making');
    await endVideo(context, name);
    await seeHeading(page, es.video_cancelled_title);
    await look('video-cancelled');
  });

  test('a video that is done: player, comparison, link, gallery, shared page, deleted', async ({ screen }) => {
    const { context, page, look } = await screen();
    const { name } = await makeVideo(context);
    await page.goto(`/${name}`);
    await seePlaying(page);
    await page.getByText(es.video_settings, { exact: true }).click();
    await look('video-done');
    await page.getByRole('button', { name: es.video_compare }).click();
    await page.getByRole('slider', { name: es.video_compare_slider }).waitFor();
    await look('video-compare');
    await page.getByRole('button', { name: es.video_compare_stop }).click();

    await page.getByRole('button', { name: es.video_share, exact: true }).click();
    await page.getByRole('button', { name: es.video_share_link }).click();
    const link = await page.getByLabel(es.video_share_address).inputValue();
    await look('share-sheet');
    await page.goto(link);
    await seePlaying(page);
    await look('shared');

    await page.goto('/videos');
    await page.locator(`a[href="/${name}"] img`).waitFor();
    await look('gallery');
    await (await apiOf(context)).deleteVideo({ name });
    await page.goto(`/${name}`);
    await seeHeading(page, es.video_deleted_title);
    await look('video-deleted');
  });

  test('where there is nothing', async ({ screen }) => {
    const { page, look } = await screen();
    await page.goto('/videos');
    await seeHeading(page, es.gallery_empty_title);
    await look('gallery-empty');
    await page.goto('/videos/no-such');
    await seeHeading(page, es.common_not_found_title);
    await look('unknown');
    await page.goto('/no-such');
    await seeHeading(page, es.common_not_found_title);
    await look('not-found');
    await page.goto('/offline');
    await seeHeading(page, es.common_offline_title);
    await look('offline');
  });
});
