import { chromium, devices } from 'playwright-core';
import sharp from 'sharp';
import { findBrowser } from '../../scripts/setup/browsers.mjs';
import { es } from './support/messages.ts';

/**
 * `node test/e2e/make-readme-image.ts http://127.0.0.1:8080 docs/images/app.webp`: makes the image at the top of the README
 * from a running system: the chosen photo, the running video with its preview, and the finished video. A number of frames as a
 * third argument makes a shorter video than the default.
 */
const [baseURL, file, frames] = process.argv.slice(2);
const executablePath = findBrowser();
if (baseURL === undefined || file === undefined || executablePath === null) {
  throw new Error('usage: node test/e2e/make-readme-image.ts URL FILE [FRAMES], with Chromium on PATH or in CHROMIUM');
}

/** Pixels between the screenshots. */
const GAP = 40;
const browser = await chromium.launch({ executablePath });
const context = await browser.newContext({
  ...devices['Pixel 7'],
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  baseURL,
  locale: 'es-ES',
  colorScheme: 'dark',
});
const page = await context.newPage();
await page.goto('/');
await page.getByRole('button', { name: es.create_sample_lake }).click();
await page.waitForURL('**/create');
await page.getByRole('radio', { name: es.create_preset_natural }).waitFor({ state: 'attached' });
if (frames !== undefined) {
  await page.getByRole('button', { name: es.create_more }).click();
  await page.getByRole('slider', { name: es.create_length }).fill(frames);
  await page.getByRole('button', { name: es.create_done }).click();
}
// The estimate has arrived.
await page.getByText(/\d.* en este equipo/).waitFor();
await page.evaluate(() => scrollTo(0, 0));
const compose = await page.screenshot();
await page.getByRole('button', { name: es.create_animate, exact: true }).click();
await page.getByRole('img', { name: es.video_preview_alt }).waitFor({ timeout: 900_000 });
const running = await page.screenshot();
await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 1, undefined, {
  timeout: 900_000,
});
const playing = await page.screenshot();
await browser.close();

const { width, height } = await sharp(compose).metadata();
const shots = [compose, running, playing];
await sharp({
  create: {
    width: shots.length * (width + GAP) - GAP,
    height,
    channels: 4,
    background: { r: 0, g: 0, b: 0, alpha: 0 },
  },
})
  .composite(shots.map((input, i) => ({ input, left: i * (width + GAP), top: 0 })))
  .webp({ quality: 82 })
  .toFile(file);
