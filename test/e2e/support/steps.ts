import type { FileChooser, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { PhotoFile } from './photos.ts';
import { es } from './words.ts';

/** What people do in the app, and what they then see. */

/** Does it again until it has worked, as people do: before a page has its scripts, a press on it does nothing. */
export async function insist(act: () => Promise<unknown>, worked: () => boolean | Promise<boolean>): Promise<void> {
  const once = async (): Promise<boolean> => {
    if (await worked()) return true;
    await act();
    return worked();
  };
  await expect.poll(once, { interval: 300 }).toBe(true);
}

/**
 * Chooses a photo as people do: by the button, and the device's own dialog.
 *
 * @param press what presses the button; else the mouse or a finger does
 */
export async function choosePhoto(
  page: Page,
  photo: PhotoFile,
  press = (): Promise<void> => page.getByRole('button', { name: es.create_choose }).click(),
): Promise<void> {
  let chooser: FileChooser | undefined;
  page.once('filechooser', (opened) => (chooser = opened));
  await insist(press, () => chooser !== undefined);
  await chooser?.setFiles(photo);
}

/** Opens the create screen and chooses a photo. */
export async function openPhoto(page: Page, photo: PhotoFile): Promise<void> {
  await page.goto('/');
  await choosePhoto(page, photo);
  await seeHeading(page, es.create_compose_heading);
  await page.getByRole('radio', { name: es.create_preset_natural }).waitFor({ state: 'attached' });
}

export const animate = (page: Page): Promise<void> =>
  page.getByRole('button', { name: es.create_animate, exact: true }).click();

/** Waits until the page of a video is there. @returns the video's name */
export async function seeVideoPage(page: Page): Promise<string> {
  await page.waitForURL(/\/videos\/[\da-f-]{36}$/);
  return new URL(page.url()).pathname.slice(1);
}

export const seeHeading = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('heading', { level: 1, name }).waitFor({ timeout: 30_000 });

/** Waits until a video is in the making, some steps on. @returns how far it is, in percent */
export async function seeProgress(page: Page): Promise<number> {
  const bar = page.getByRole('progressbar', { name: es.video_progress });
  await expect.poll(async () => Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(0);
  return Number(await bar.getAttribute('aria-valuenow'));
}

/** Waits until the page's video plays, and goes on playing. @returns its size in pixels */
export async function seePlaying(page: Page): Promise<{ readonly width: number; readonly height: number }> {
  const video = page.locator('main video');
  const state = () =>
    video.evaluate(({ readyState, currentTime, paused, videoWidth, videoHeight }: HTMLVideoElement) => ({
      ...{ ready: readyState >= 3 && !paused, currentTime, width: videoWidth, height: videoHeight },
    }));
  await expect.poll(async () => (await state()).ready).toBe(true);
  const { currentTime: before, width, height } = await state();
  await expect.poll(async () => (await state()).currentTime).not.toBe(before);
  return { width, height };
}
