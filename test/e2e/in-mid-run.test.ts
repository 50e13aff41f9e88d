import { Video_State } from '@cinematica/protocol/v1';
import { expect, inject } from 'vitest';
import { killHard } from '../support/kill-hard.ts';
import { servicePid } from '../support/real-system.ts';
import { apiOf, beginVideo, endVideo, makeVideo, SLOW } from './support/api.ts';
import { turnedPhoto } from './support/photos.ts';
import { animate, openPhoto, seeHeading, seePlaying, seeProgress, seeVideoPage } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/words.ts';

test('a reload loses nothing: the progress is where it was', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await beginVideo(context, SLOW);
  await page.goto(`/${name}`);
  const before = await seeProgress(page);
  await page.reload();
  expect(await seeProgress(page)).toBeGreaterThanOrEqual(before);
  // Its preview, too, and the photo below it.
  await page.getByRole('img', { name: es.video_preview_alt }).waitFor();
});

test('who closes the page finds the video among theirs, and goes on watching', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await beginVideo(context, SLOW);
  await page.goto(`/${name}`);
  await seeProgress(page);
  await page.close();

  const later = await context.newPage();
  await later.goto('/videos');
  await later.locator(`a[href="/${name}"]`).click();
  await seeProgress(later);
});

test('two tabs show one video; what is done in one is seen in the other', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await beginVideo(context, SLOW);
  await page.goto(`/${name}`);
  await seeProgress(page);
  const other = await context.newPage();
  await other.goto(`/${name}`);
  await seeProgress(other);

  const cancel = page.getByRole('button', { name: es.common_cancel });
  await cancel.click();
  // It asks once more, as it can't be undone.
  await page.getByRole('button', { name: es.video_cancel_confirm }).click();
  await seeHeading(page, es.video_cancelled_title);
  await seeHeading(other, es.video_cancelled_title);
  const { video } = await (await apiOf(context)).getVideo({ name });
  expect(video?.state).toBe(Video_State.CANCELLED);
});

test('a cancelled video can be begun anew, with nothing more to choose', async ({ visit }) => {
  const { context, page } = await visit();
  const { name, settings } = await beginVideo(context, { ...SLOW, seed: 7 });
  await page.goto(`/${name}`);
  await endVideo(context, name);
  await page.getByRole('button', { name: es.common_retry }).click();
  await expect.poll(() => new URL(page.url()).pathname).not.toBe(`/${name}`);
  const again = await seeVideoPage(page);
  const { video } = await (await apiOf(context)).getVideo({ name: again });
  expect([video?.settings?.seed, video?.settings?.frames]).toEqual([7, settings?.frames]);
});

test('without a connection it says so, and goes on by itself when there is one', async ({ visit }) => {
  const { context, page } = await visit();
  const { name } = await beginVideo(context, SLOW);
  await page.goto(`/${name}`);
  await seeProgress(page);
  await context.setOffline(true);
  await page.getByText(es.common_offline).waitFor();

  await context.setOffline(false);
  await page.getByText(es.common_offline).waitFor({ state: 'detached' });
  await endVideo(context, name);
  await seeHeading(page, es.video_cancelled_title);
});

test('a photo that is sent without a connection waits, and goes when there is one', async ({ visit }) => {
  const { context, page } = await visit();
  await openPhoto(page, await turnedPhoto());
  await context.setOffline(true);
  await animate(page);
  await page.getByText(es.create_waiting).first().waitFor();
  await context.setOffline(false);
  await seeVideoPage(page);
  await seePlaying(page);
  // However often it was tried: once.
  const { videos } = await (await apiOf(context)).listVideos({});
  expect(videos).toHaveLength(1);
});

test('a gateway that is killed comes back: who was watching goes on, a video that is ready plays', async ({
  visit,
}) => {
  const { context, page } = await visit();
  const { name } = await beginVideo(context, SLOW);
  await page.goto(`/${name}`);
  await seeProgress(page);

  const pid = await servicePid('gateway', inject('launcher'));
  expect(pid !== null && killHard(pid)).toBe(true);
  await expect.poll(() => servicePid('gateway', inject('launcher'))).not.toBe(pid);
  // A page that saw the break sees the end all the same.
  await page.getByText(es.common_offline).waitFor();
  await page.getByText(es.common_offline).waitFor({ state: 'detached' });
  await endVideo(context, name);
  await seeHeading(page, es.video_cancelled_title);

  const { name: done } = await makeVideo(context);
  await page.goto(`/${done}`);
  await seePlaying(page);
});
