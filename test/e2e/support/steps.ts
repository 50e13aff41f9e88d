import type { FileChooser, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { PhotoFile } from './photos.ts';
import { es } from './messages.ts';

/** Steps that several tests share. */

/** Repeats an action until it has worked: clicks have no effect until the page has loaded its scripts. */
export async function retryUntil(act: () => Promise<unknown>, worked: () => boolean | Promise<boolean>): Promise<void> {
  const attempt = async (): Promise<boolean> => {
    if (await worked()) return true;
    await act();
    return worked();
  };
  await expect.poll(attempt, { interval: 300 }).toBe(true);
}

/**
 * Chooses a photo with the button and the browser's file chooser, which works before the page's scripts are loaded.
 *
 * @param press presses the button; a click by default
 */
export async function choosePhoto(
  page: Page,
  photo: PhotoFile,
  press = (): Promise<void> => page.getByLabel(es.create_choose).click(),
): Promise<void> {
  let chooser: FileChooser | undefined;
  page.once('filechooser', (opened) => (chooser = opened));
  await retryUntil(press, () => chooser !== undefined);
  await chooser?.setFiles(photo);
}

/** Opens the create screen and chooses a photo. */
export async function openPhoto(page: Page, photo: PhotoFile): Promise<void> {
  await page.goto('/');
  await choosePhoto(page, photo);
  await expectHeading(page, es.create_compose_heading);
  await page.getByRole('radio', { name: es.create_preset_natural }).waitFor({ state: 'attached' });
}

export const submit = (page: Page): Promise<void> =>
  page.getByRole('button', { name: es.create_animate, exact: true }).click();

/** Waits for the page of a video. @returns the video's name */
export async function waitForVideoPage(page: Page): Promise<string> {
  await page.waitForURL(/\/videos\/[\da-f-]{36}$/);
  return new URL(page.url()).pathname.slice(1);
}

export const expectHeading = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('heading', { level: 1, name }).waitFor({ timeout: 120_000 });

/** Waits until a video has made some progress. @returns the progress in percent */
export async function waitForProgress(page: Page): Promise<number> {
  const bar = page.getByRole('progressbar', { name: es.video_progress });
  await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(0);
  return Number(await bar.getAttribute('aria-valuenow'));
}

/** Waits until the page's video plays. @returns its size in pixels */
export async function expectPlaying(page: Page): Promise<{ readonly width: number; readonly height: number }> {
  const video = page.locator('main video').first();
  const state = () =>
    video.evaluate(({ readyState, currentTime, paused, videoWidth, videoHeight }: HTMLVideoElement) => ({
      ready: readyState >= 3 && !paused,
      currentTime,
      width: videoWidth,
      height: videoHeight,
    }));
  await expect.poll(async () => (await state()).ready).toBe(true);
  const { currentTime: before, width, height } = await state();
  await expect.poll(async () => (await state()).currentTime).not.toBe(before);
  return { width, height };
}
