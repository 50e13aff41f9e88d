import { describe } from 'vitest';
import { apiOf, cancelVideo, createFinishedVideo, createVideo, holdVideos, SLOW } from './support/api.ts';
import { checkScreen } from './support/check-screen.ts';
import { notAPhoto, rotatedPhoto } from './support/photos.ts';
import { choosePhoto, expectHeading, expectPlaying, openPhoto, waitForProgress } from './support/steps.ts';
import { DEVICES, test as base } from './support/visitor.ts';
import { es } from './support/messages.ts';

/** Each colour scheme is checked once, because the devices share their colours. */
describe.for([
  ['phone', 'light'],
  ['desktop', 'dark'],
] as const)('on a %s in a %s scheme no screen violates axe’s rules or scrolls sideways', ([profile, colorScheme]) => {
  const test = base.extend('screen', ({ visit }) => async () => {
    const visitor = await visit({ ...DEVICES[profile], colorScheme });
    return { ...visitor, check: (name: string) => checkScreen(visitor.page, `${name}-${profile}`) };
  });

  test('the create screen', async ({ screen }) => {
    const { page, check } = await screen();
    await page.goto('/');
    await expectHeading(page, es.create_heading);
    await check('create');
    await choosePhoto(page, notAPhoto);
    await page.getByRole('alert').waitFor();
    await check('create-problem');
    await openPhoto(page, await rotatedPhoto());
    await check('compose');
    await page.getByRole('button', { name: es.create_more }).click();
    await page.getByText(es.create_advanced).click();
    await page.getByRole('slider', { name: es.create_noise }).waitFor();
    await check('compose-more');
  });

  test('a running and a cancelled video', async ({ screen }) => {
    const { context, page, check } = await screen();
    const { name } = await createVideo(context, SLOW);
    await page.goto(`/${name}`);
    await page.getByRole('img', { name: es.video_preview_alt }).waitFor();
    await waitForProgress(page);
    await holdVideos();
    await check('video-making');
    await cancelVideo(context, name);
    await expectHeading(page, es.video_cancelled_title);
    await check('video-cancelled');
  });

  test('a finished video: player, comparison, share sheet, shared page', async ({ screen }) => {
    const { context, page, check } = await screen();
    const { name } = await createFinishedVideo(context);
    await page.goto(`/${name}`);
    await expectPlaying(page);
    await page.getByText(es.video_settings, { exact: true }).click();
    await check('video-done');
    await page.getByRole('button', { name: es.video_compare }).click();
    await page.getByRole('slider', { name: es.video_compare_slider }).waitFor();
    await check('video-compare');
    await page.getByRole('button', { name: es.video_compare_stop }).click();

    await page.getByRole('button', { name: es.video_share, exact: true }).click();
    await page.getByRole('button', { name: es.video_share_link }).click();
    const link = await page.getByLabel(es.video_share_address).inputValue();
    await check('share-sheet');
    await page.goto(link);
    await expectPlaying(page);
    await check('shared');
  });

  test('a finished video in the gallery and among versions, and deleted', async ({ screen }) => {
    const { context, page, check } = await screen();
    const { name } = await createFinishedVideo(context);
    await page.goto('/videos');
    await page.locator(`a[href="/${name}"] img`).waitFor();
    await check('gallery');
    await page.getByRole('button', { name: es.gallery_select }).click();
    await page.getByRole('checkbox').check();
    await check('gallery-select');
    await page.goto(`/variants?ids=${name.slice('videos/'.length)}`);
    await page.getByRole('button', { name: es.variants_keep }).waitFor();
    await check('variants');
    await (await apiOf(context)).deleteVideo({ name });
    await page.goto(`/${name}`);
    await expectHeading(page, es.video_deleted_title);
    await check('video-deleted');
  });

  test('empty gallery, unknown pages and the offline page', async ({ screen }) => {
    const { page, check } = await screen();
    await page.goto('/videos');
    await expectHeading(page, es.gallery_empty_title);
    await check('gallery-empty');
    await page.goto('/videos/no-such');
    await expectHeading(page, es.common_not_found_title);
    await check('unknown');
    await page.goto('/no-such');
    await expectHeading(page, es.common_not_found_title);
    await check('not-found');
    await page.goto('/offline');
    await expectHeading(page, es.common_offline_title);
    await check('offline');
  });
});
