import { MediaKind } from '@cinematica/protocol/v1';
import { expect } from 'vitest';
import { apiOf } from './support/api.ts';
import { layoutShift, watchLayout } from './support/layout-shift.ts';
import { turnedPhoto } from './support/photos.ts';
import { animate, choosePhoto, seeHeading, seePlaying, seeProgress, seeVideoPage } from './support/steps.ts';
import { PROFILES, test } from './support/visitor.ts';
import { es } from './support/words.ts';

test.for([
  ['phone', 'light'],
  ['desktop', 'dark'],
] as const)('a photo becomes a video that plays: on a %s, %s', async ([profile, colorScheme], { visit }) => {
  const { context, page, faults } = await visit({ ...PROFILES[profile], colorScheme });
  await watchLayout(context);
  await page.goto('/');
  await choosePhoto(page, await turnedPhoto());

  // It is upright: the sky is above.
  const photo = page.getByRole('img', { name: es.create_photo_alt });
  await photo.waitFor();
  expect(await photo.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual([
    1024, 1536,
  ]);
  expect(await photo.evaluate(colourOf, 0.05)).toBe('blue');
  expect(await photo.evaluate(colourOf, 0.95)).toBe('green');

  await page.getByRole('radio', { name: es.create_preset_lively }).check();
  await page.getByRole('button', { name: es.create_more }).click();
  await page.getByRole('slider', { name: es.create_steps }).fill('40');
  if (profile === 'phone') await page.getByRole('button', { name: es.create_done }).click();
  await animate(page);
  const name = await seeVideoPage(page);

  // It comes into being: over its photo, step by step.
  await page.getByRole('img', { name: es.video_preview_alt }).waitFor();
  await seeProgress(page);
  await page.getByRole('img', { name: es.video_photo_alt }).waitFor();

  await seeHeading(page, es.video_done_title);
  const size = await seePlaying(page);
  expect(size.height).toBeGreaterThan(size.width);
  await page.getByText(es.common_ai_generated, { exact: true }).waitFor();
  expect(await page.title()).toBe(es.video_title_done);

  // What was sent is what was seen, no larger than needed, and nothing but its pixels.
  const { video } = await (await apiOf(context)).getVideo({ name });
  const sent = video?.media.find(({ kind }) => kind === MediaKind.PHOTO);
  expect([sent?.width, sent?.height]).toEqual([1024, 1536]);
  expect(video?.settings?.steps).toBe(40);

  expect(await layoutShift(page)).toBeLessThan(0.05);
  expect(faults).toEqual([]);
});

/** In the page: the colour of an image's left edge, at this part of its height. */
function colourOf(image: HTMLElement | SVGElement, part: number): string {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1, 100];
  const context = canvas.getContext('2d')!;
  context.drawImage(image as HTMLImageElement, 0, 0, 1, 100);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, Math.round(part * 100), 1, 1).data;
  return blue > Math.max(red, green) ? 'blue' : green > Math.max(red, blue) ? 'green' : `${red}, ${green}, ${blue}`;
}
