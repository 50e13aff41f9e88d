import { Video_State } from '@cinematica/protocol/v1';
import { expect, inject } from 'vitest';
import { killHard } from '../support/kill-hard.ts';
import { serviceChildren, servicePid } from '../support/real-system.ts';
import { apiOf, cancelVideo, createVideo, SLOW } from './support/api.ts';
import { notAPhoto, plainPhoto, rotatedPhoto } from './support/photos.ts';
import { choosePhoto, expectHeading, openPhoto, submit, waitForVideoPage } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/messages.ts';

test.for([
  ['a text file', () => notAPhoto, es.create_problem_not_a_photo],
  ['a photo of 12 × 12 pixels', () => plainPhoto(12, 12), es.create_problem_too_small],
] as const)('%s is refused with its reason, and another photo can be chosen', async ([, make, sentence], { visit }) => {
  const { page } = await visit();
  await page.goto('/');
  await choosePhoto(page, await make());
  await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
  await choosePhoto(page, await rotatedPhoto());
  await expectHeading(page, es.create_compose_heading);
});

test('too many unfinished videos are refused, until others have ended', async ({ visit }) => {
  const { context, page } = await visit();
  const videos = [];
  for (let i = 0; i < 3; i++) videos.push(await createVideo(context, SLOW));
  await openPhoto(page, await rotatedPhoto());
  await submit(page);
  await page.getByRole('alert').filter({ hasText: es.common_error_too_many_videos }).waitFor();

  for (const { name } of videos) await cancelVideo(context, name);
  await submit(page);
  await waitForVideoPage(page);
});

test.for(['videos/00000000-0000-4000-8000-000000000000', 'videos/no-such', 's/no-such', 'no-such'])(
  '/%s is not found, and leads to the create screen',
  async (path, { visit }) => {
    const { page } = await visit();
    await page.goto(`/${path}`);
    await expectHeading(page, es.common_not_found_title);
    await page.getByRole('link', { name: es.common_start }).click();
    await expectHeading(page, es.create_heading);
  },
);

test('a failed video reports its reason, and can be retried', async ({ visit }) => {
  const { context, page } = await visit();
  // Interpolating to 60 fps keeps ffmpeg busy for seconds, long enough to kill it.
  const { name } = await createVideo(context, { frames: 20, steps: 1, frameRate: 60 });
  await page.goto(`/${name}`);
  const api = await apiOf(context);
  const state = async () => (await api.getVideo({ name })).video?.state ?? Video_State.UNSPECIFIED;
  const unfinished: readonly Video_State[] = [Video_State.QUEUED, Video_State.RUNNING];
  while (unfinished.includes(await state())) {
    const muxer = await servicePid('muxer', inject('launcher'));
    if (muxer !== null) (await serviceChildren(muxer)).forEach(killHard);
  }
  await expectHeading(page, es.video_failed_title);
  await page.getByText(es.common_error_stage_failed).waitFor();

  await page.getByRole('button', { name: es.common_retry }).click();
  await expect.poll(() => new URL(page.url()).pathname).not.toBe(`/${name}`);
  await waitForVideoPage(page);
});
