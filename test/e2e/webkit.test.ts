import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { hasWebKit } from '../../scripts/setup/browsers.mjs';
import { ARTEFACTS } from './support/places.ts';
import { openWebKit } from './support/webkit.ts';

test.skipIf(!hasWebKit())('in WebKit, too, a photo becomes a video that plays', async () => {
  await using window = await openWebKit();
  await using atLast = new AsyncDisposableStack();
  atLast.defer(async () => {
    await mkdir(ARTEFACTS, { recursive: true });
    await writeFile(join(ARTEFACTS, 'webkit.png'), await window.picture());
  });
  const seen = (css: string) => window.run(`return document.querySelector(${JSON.stringify(css)}) !== null`);
  await window.open(inject('site'));
  // The driver does not tell what goes wrong in a page. It stays one page all the way.
  await window.run(`
    globalThis.faults = [];
    const keep = (...what) => void faults.push(what.map(String).join(' '));
    addEventListener('error', ({ message }) => keep(message));
    addEventListener('unhandledrejection', ({ reason }) => keep(reason));
    console.error = keep;
  `);
  // As people do: pressed again if nothing happens, as long as the page is still loading its scripts.
  await expect
    .poll(async () => {
      if (await seen('.samples button:enabled')) await window.click('.samples button');
      return seen('fieldset input:checked');
    })
    .toBe(true);
  await window.click('.go button');
  await expect.poll(() => window.run('return location.pathname')).toMatch(/^\/videos\/[\da-f-]{36}$/);

  await expect.poll(() => seen('main video')).toBe(true);
  const video = (expression: string) => window.run(`const video = document.querySelector('main video'); ${expression}`);
  await expect.poll(() => video('return video.readyState')).toBeGreaterThanOrEqual(3);
  expect(await video('return [video.videoWidth > 0, video.error]')).toEqual([true, null]);
  const before = await video('return video.currentTime');
  await expect.poll(() => video('return video.currentTime')).not.toBe(before);

  expect(await window.run('return faults')).toEqual([]);
});
