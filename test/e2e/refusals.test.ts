import { Video_State } from '@cinematica/protocol/v1';
import { expect, inject } from 'vitest';
import { killHard } from '../support/kill-hard.ts';
import { serviceChildren, servicePid } from '../support/real-system.ts';
import { apiOf, beginVideo, endVideo, SLOW } from './support/api.ts';
import { notAPhoto, plainPhoto, turnedPhoto } from './support/photos.ts';
import { animate, choosePhoto, openPhoto, seeHeading, seeVideoPage } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/words.ts';

test.for([
  ['a letter', () => notAPhoto, es.create_problem_not_a_photo],
  ['a dot', () => plainPhoto(12, 12), es.create_problem_too_small],
  ['a ribbon', () => plainPhoto(900, 90), es.create_problem_too_narrow],
] as const)('%s becomes no video; why is said, and another can be chosen', async ([, make, sentence], { visit }) => {
  const { page } = await visit();
  await page.goto('/');
  await choosePhoto(page, await make());
  await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
  await choosePhoto(page, await turnedPhoto());
  await seeHeading(page, es.create_compose_heading);
});

test('who has enough in the making is told so, and can go on once one is done', async ({ visit }) => {
  const { context, page } = await visit();
  const videos = [];
  for (let i = 0; i < 3; i++) videos.push(await beginVideo(context, SLOW));
  await openPhoto(page, await turnedPhoto());
  await animate(page);
  await page.getByRole('alert').filter({ hasText: es.common_error_too_many_videos }).waitFor();

  for (const { name } of videos) await endVideo(context, name);
  await animate(page);
  await seeVideoPage(page);
  await seeHeading(page, es.video_done_title);
});

test.for(['videos/00000000-0000-4000-8000-000000000000', 'videos/no-such', 's/no-such', 'no-such'])(
  '/%s is not there, and says what to do',
  async (path, { visit }) => {
    const { page } = await visit();
    await page.goto(`/${path}`);
    await seeHeading(page, es.common_not_found_title);
    await page.getByRole('link', { name: es.common_start }).click();
    await seeHeading(page, es.create_heading);
  },
);

test('a video that fails says so, and another try works', async ({ visit }) => {
  const { context, page } = await visit();
  // The frames between its own take ffmpeg seconds: enough to be killed in.
  const { name } = await beginVideo(context, { frames: 20, steps: 1, frameRate: 60 });
  await page.goto(`/${name}`);
  const api = await apiOf(context);
  const state = async () => (await api.getVideo({ name })).video?.state ?? Video_State.UNSPECIFIED;
  const unfinished: readonly Video_State[] = [Video_State.QUEUED, Video_State.RUNNING];
  while (unfinished.includes(await state())) {
    const muxer = await servicePid('muxer', inject('launcher'));
    if (muxer !== null) (await serviceChildren(muxer)).forEach(killHard);
  }
  await seeHeading(page, es.video_failed_title);
  await page.getByText(es.common_error_stage_failed).waitFor();

  await page.getByRole('button', { name: es.common_retry }).click();
  await expect.poll(() => new URL(page.url()).pathname).not.toBe(`/${name}`);
  await seeVideoPage(page);
});
