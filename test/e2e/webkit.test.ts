import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { hasWebKit } from '../../scripts/setup/browsers.mjs';
import { ARTEFACTS } from './support/paths.ts';
import { openWebKit } from './support/webkit.ts';

test.skipIf(!hasWebKit())('a photo becomes a video in WebKit', async () => {
  await using window = await openWebKit();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    await mkdir(ARTEFACTS, { recursive: true });
    await writeFile(join(ARTEFACTS, 'webkit.png'), await window.screenshot());
  });
  const exists = (css: string) => window.run(`return document.querySelector(${JSON.stringify(css)}) !== null`);
  await window.open(inject('site'));
  // The driver does not report errors of a page, so the page collects them. It is never reloaded.
  await window.run(`
    globalThis.pageErrors = [];
    const report = (...values) => void pageErrors.push(values.map(String).join(' '));
    addEventListener('error', ({ message }) => report(message));
    addEventListener('unhandledrejection', ({ reason }) => report(reason));
    console.error = report;
  `);
  // Clicks have no effect until the page has loaded its scripts, so they are repeated.
  await expect
    .poll(async () => {
      if (await exists('.samples button:enabled')) await window.click('.samples button');
      return exists('.go button:enabled');
    })
    .toBe(true);
  await window.click('.go button');
  await expect.poll(() => window.run('return location.pathname')).toMatch(/^\/videos\/[\da-f-]{36}$/);

  await expect.poll(() => exists('main video')).toBe(true);
  const video = (expression: string) => window.run(`const video = document.querySelector('main video'); ${expression}`);
  await expect.poll(() => video('return video.readyState')).toBeGreaterThanOrEqual(3);
  expect(await video('return [video.videoWidth > 0, video.error]')).toEqual([true, null]);
  const before = await video('return video.currentTime');
  await expect.poll(() => video('return video.currentTime')).not.toBe(before);

  expect(await window.run('return pageErrors')).toEqual([]);
});
