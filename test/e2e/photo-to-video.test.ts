import { MediaKind, Resolution } from '@cinematica/protocol/v1';
import { expect } from 'vitest';
import { apiOf } from './support/api.ts';
import { layoutShift, shiftedElements, watchLayout } from './support/layout-shift.ts';
import { rotatedPhoto } from './support/photos.ts';
import {
  choosePhoto,
  expectHeading,
  expectPlaying,
  submit,
  waitForProgress,
  waitForVideoPage,
} from './support/steps.ts';
import { DEVICES, test } from './support/visitor.ts';
import { es } from './support/messages.ts';

test.for([
  ['phone', 'light', Resolution.HD],
  ['desktop', 'dark', Resolution.MODEL],
] as const)(
  'a photo becomes a video on a %s with the %s colour scheme',
  async ([profile, colorScheme, resolution], { visit }) => {
    const { context, page, pageErrors } = await visit({ ...DEVICES[profile], colorScheme });
    await watchLayout(context);
    await page.goto('/');
    await choosePhoto(page, await rotatedPhoto());

    // The photo is upright: blue sky above a green field.
    const photo = page.getByRole('img', { name: es.create_photo_alt });
    await photo.waitFor();
    expect(await photo.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual([
      1200, 1800,
    ]);
    expect(await photo.evaluate(colourOf, 0.05)).toBe('blue');
    expect(await photo.evaluate(colourOf, 0.95)).toBe('green');

    await page.getByRole('radio', { name: es.create_preset_lively }).check();
    await page.getByRole('button', { name: es.create_more }).click();
    // HD is the default.
    await page.getByRole('radio', { name: es.create_resolution_hd, exact: true, checked: true }).waitFor();
    if (resolution === Resolution.MODEL) {
      await page.getByRole('radio', { name: es.create_resolution_model }).check();
      // Without finishing, a shorter video could be done before its page is open.
      await page.getByRole('slider', { name: es.create_length }).fill('12');
    }
    await page.getByText(es.create_advanced).click();
    await page.getByRole('slider', { name: es.create_steps, exact: true }).fill('40');
    if (profile === 'phone') await page.getByRole('button', { name: es.create_done }).click();

    // While the video runs, previews appear over the photo. On a fast machine it runs for a second, so all is awaited at once.
    const [name] = await Promise.all([
      submit(page).then(() => waitForVideoPage(page)),
      page.getByRole('img', { name: es.video_preview_alt }).waitFor(),
      waitForProgress(page),
      page.getByRole('img', { name: es.video_photo_alt }).waitFor(),
    ]);

    await expectHeading(page, es.video_done_title);
    const size = await expectPlaying(page);
    expect(size.height).toBeGreaterThan(size.width);
    await page.getByText(es.common_ai_generated, { exact: true }).waitFor();
    expect(await page.title()).toBe(es.video_title_done);

    // The uploaded photo is the scaled-down one that was displayed.
    const { video } = await (await apiOf(context)).getVideo({ name });
    const sent = video?.media.find(({ kind }) => kind === MediaKind.PHOTO);
    expect([sent?.width, sent?.height]).toEqual([1200, 1800]);
    expect(video?.settings).toMatchObject({ steps: 40, resolution, frameRate: 28 });

    // HD has the detail of the photo, up to four times the size of the model's frames.
    const mp4 = video?.media.find(({ kind }) => kind === MediaKind.MP4);
    const frame = video?.settings?.shape.case === 'size' ? video.settings.shape.value : undefined;
    const scale = resolution === Resolution.HD ? 4 : 1;
    expect(size).toEqual({ width: mp4?.width, height: mp4?.height });
    expect(size).toEqual({ width: scale * frame!.width, height: scale * frame!.height });

    expect(await layoutShift(page), await shiftedElements(page)).toBeLessThan(0.05);
    expect(pageErrors).toEqual([]);
  },
);

/** The colour at the left edge of an image, at this part of its height. Runs in the page. */
function colourOf(image: HTMLElement | SVGElement, part: number): string {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1, 100];
  const context = canvas.getContext('2d')!;
  context.drawImage(image as HTMLImageElement, 0, 0, 1, 100);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, Math.round(part * 100), 1, 1).data;
  return blue > Math.max(red, green) ? 'blue' : green > Math.max(red, blue) ? 'green' : `${red}, ${green}, ${blue}`;
}
