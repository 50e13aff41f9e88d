import { Video_State } from '@cinematica/protocol/v1';
import { expect, inject } from 'vitest';
import { killHard } from '../support/kill-hard.ts';
import { servicePid } from '../support/real-system.ts';
import { apiOf, cancelVideo, createFinishedVideo, createVideo, holdVideos, SLOW } from './support/api.ts';
import { layoutShift, shiftedElements, watchLayout } from './support/layout-shift.ts';
import { rotatedPhoto } from './support/photos.ts';
import { expectHeading, expectPlaying, openPhoto, submit, waitForProgress, waitForVideoPage } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/messages.ts';

test('progress and preview survive a reload', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createVideo(context, SLOW);
  await page.goto(`/${name}`);
  const before = await waitForProgress(page);
  await page.getByRole('img', { name: es.video_preview_alt }).waitFor();
  await holdVideos();
  await page.reload();
  expect(await waitForProgress(page)).toBeGreaterThanOrEqual(before);
  await page.getByRole('img', { name: es.video_preview_alt }).waitFor();
});

/** Under a wide picture, all of the texts and buttons of a running video are on a phone's screen. */
const shape = { case: 'aspectRatio', value: { width: 3, height: 2 } } as const;

test('nothing on a phone shifts when the texts of a running video get as long as they can', async ({ visit }) => {
  const { context, page } = await visit();
  await watchLayout(context);
  const { name } = await createVideo(context, { ...SLOW, shape });
  await page.goto(`/${name}`);
  await page.getByText(/^Paso \d+ de \d+, parte \d+ de \d+$/).waitFor();
  await waitForProgress(page);
  expect(await layoutShift(page), await shiftedElements(page)).toBeLessThan(0.01);
});

test('little on a phone shifts until a video of several parts is done', async ({ visit }) => {
  const { context, page } = await visit();
  await watchLayout(context);
  const { name } = await createVideo(context, { frames: 9, shape });
  await page.goto(`/${name}`);
  await expectHeading(page, es.video_done_title);
  expect(await layoutShift(page), await shiftedElements(page)).toBeLessThan(0.05);
});

test('after its page was closed, a running video is in the gallery', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createVideo(context, SLOW);
  await page.goto(`/${name}`);
  await waitForProgress(page);
  await holdVideos();
  await page.close();

  const later = await context.newPage();
  await later.goto('/videos');
  await later.locator(`a[href="/${name}"]`).click();
  await waitForProgress(later);
});

test('a cancellation in one tab is shown in another tab', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createVideo(context, SLOW);
  await page.goto(`/${name}`);
  await waitForProgress(page);
  await holdVideos();
  const other = await context.newPage();
  await other.goto(`/${name}`);
  await waitForProgress(other);

  const cancel = page.getByRole('button', { name: es.common_cancel });
  await cancel.click();
  // The button asks for a confirmation.
  await page.getByRole('button', { name: es.video_cancel_confirm }).click();
  await expectHeading(page, es.video_cancelled_title);
  await expectHeading(other, es.video_cancelled_title);
  const { video } = await (await apiOf(context)).getVideo({ name });
  expect(video?.state).toBe(Video_State.CANCELLED);
});

test('each of several versions has buttons of its own name, and one is cancelled without the others', async ({
  visit,
}) => {
  const { context, page } = await visit();
  const [first, second] = [await createVideo(context, SLOW), await createVideo(context, SLOW)];
  await page.goto(`/variants?ids=${[first, second].map(({ name }) => name.slice('videos/'.length)).join(',')}`);
  const buttons = (action: string) => page.getByRole('button', { name: action });
  await expect.poll(() => buttons(es.common_cancel).count()).toBe(2);
  await holdVideos();
  const version = es.variants_item.replace('{number}', '2');
  for (const action of [es.variants_keep, es.common_cancel])
    expect(await buttons(`${action}: ${version}`).count()).toBe(1);

  await buttons(`${es.common_cancel}: ${version}`).click();
  await buttons(`${es.video_cancel_confirm}: ${version}`).click();
  await page.getByText(es.gallery_cancelled, { exact: true }).waitFor();
  const api = await apiOf(context);
  const isCancelled = async (name: string) => (await api.getVideo({ name })).video?.state === Video_State.CANCELLED;
  expect([await isCancelled(first.name), await isCancelled(second.name)]).toEqual([false, true]);
});

test('eight tabs with a video in the making leave connections for a ninth', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createVideo(context, SLOW);
  const pages = [page, ...(await Promise.all(Array.from({ length: 7 }, () => context.newPage())))];
  let ownStreams = 0;
  for (const each of pages) {
    each.on('request', (request) => {
      if (request.url().endsWith('/WatchVideo')) ownStreams++;
    });
    await each.goto(`/${name}`);
  }
  await waitForProgress(page);
  await holdVideos();
  for (const each of pages) await waitForProgress(each);
  expect(ownStreams).toBe(0);

  // Over HTTP/1.1, Chromium opens six connections to a server. Each of the tabs would hold one.
  const ninth = await context.newPage();
  await ninth.goto('/videos');
  await ninth.locator(`a[href="/${name}"]`).waitFor();
  // A change reaches the gallery without a poll of this window.
  await cancelVideo(context, name);
  for (const each of pages) await expectHeading(each, es.video_cancelled_title);
});

test('a cancelled video can be retried with the same settings', async ({ visit }) => {
  const { context, page } = await visit();
  const { name, settings } = await createVideo(context, { ...SLOW, seed: 7 });
  await page.goto(`/${name}`);
  await cancelVideo(context, name);
  await page.getByRole('button', { name: es.common_retry }).click();
  await expect.poll(() => new URL(page.url()).pathname).not.toBe(`/${name}`);
  const retried = await waitForVideoPage(page);
  const { video } = await (await apiOf(context)).getVideo({ name: retried });
  expect([video?.settings?.seed, video?.settings?.frames]).toEqual([7, settings?.frames]);
});

test('a lost connection is reported, and the page reconnects', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createVideo(context, SLOW);
  await page.goto(`/${name}`);
  await waitForProgress(page);
  await holdVideos();
  await context.setOffline(true);
  await page.getByText(es.common_offline).waitFor();

  await context.setOffline(false);
  await page.getByText(es.common_offline).waitFor({ state: 'detached' });
  await cancelVideo(context, name);
  await expectHeading(page, es.video_cancelled_title);
});

test('a photo that is submitted offline is sent once the connection is back', async ({ visit }) => {
  const { context, page } = await visit();
  await openPhoto(page, await rotatedPhoto());
  await context.setOffline(true);
  await submit(page);
  await page.getByText(es.create_waiting).first().waitFor();
  await context.setOffline(false);
  await waitForVideoPage(page);
  await expectPlaying(page);
  // The retries created only one video.
  const { videos } = await (await apiOf(context)).listVideos({});
  expect(videos).toHaveLength(1);
});

test('pages reconnect after the gateway was killed and restarted, and finished videos play', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await createVideo(context, SLOW);
  await page.goto(`/${name}`);
  await waitForProgress(page);
  await holdVideos();

  const pid = await servicePid('gateway', inject('launcher'));
  expect(pid !== null && killHard(pid)).toBe(true);
  await expect.poll(() => servicePid('gateway', inject('launcher'))).not.toBe(pid);
  // The open page notices the interruption and reconnects.
  await page.getByText(es.common_offline).waitFor();
  await page.getByText(es.common_offline).waitFor({ state: 'detached' });
  await cancelVideo(context, name);
  await expectHeading(page, es.video_cancelled_title);

  const { name: done } = await createFinishedVideo(context);
  await page.goto(`/${done}`);
  await expectPlaying(page);
});
