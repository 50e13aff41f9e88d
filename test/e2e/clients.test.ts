import type * as Client from '@cinematica/client';
import { buildClient } from '@cinematica/client/build';
import { MediaKind } from '@cinematica/protocol/v1';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';
import { expect } from 'vitest';
import { apiOf } from './support/api.ts';
import { plainPhoto } from './support/photos.ts';
import { choosePhoto, expectHeading, submit, waitForVideoPage } from './support/steps.ts';
import { test } from './support/visitor.ts';
import { es } from './support/messages.ts';

test('a HEIC photo that the browser cannot open is sent as it is, and becomes a video', async ({ visit }) => {
  const { context, page } = await visit();
  const photos = new URL('../../services/gateway/src/photo/fixtures/', import.meta.url);
  await page.goto('/');
  const buffer = await readFile(new URL('grid.heic', photos));
  await choosePhoto(page, { name: 'IMG_1.HEIC', mimeType: 'image/heic', buffer });
  await expectHeading(page, es.create_compose_heading);
  await submit(page);
  const name = await waitForVideoPage(page);
  await expectHeading(page, es.video_done_title);
  const { video } = await (await apiOf(context)).getVideo({ name });
  const sent = video?.media.find(({ kind }) => kind === MediaKind.PHOTO);
  expect([sent?.width, sent?.height]).toEqual([96, 128]);
});

test('the client package makes and downloads a video in a browser', async ({ visit }) => {
  const { page } = await visit();
  await page.goto('/');
  await page.evaluate(await bundle());
  const { buffer } = await plainPhoto(64, 64);
  const result = await page.evaluate(async (base64) => {
    const { createCinematica, MediaKind: kinds } = (globalThis as unknown as { readonly cinematica: typeof Client })
      .cinematica;
    const cinematica = createCinematica();
    const photo = new Blob([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))]);
    const video = await cinematica.create(photo, { settings: { frames: 2, steps: 2 } });
    const kindsSeen = new Set<string>();
    const done = await cinematica.wait(video, { onUpdate: ({ kind }) => kindsSeen.add(kind) });
    const mp4 = await cinematica.download(done, kinds.MP4);
    return {
      type: mp4.type,
      size: mp4.size,
      expected: Number(done.media.find(({ kind }) => kind === kinds.MP4)?.sizeBytes),
    };
  }, buffer.toString('base64'));
  expect(result).toEqual({ type: 'video/mp4', size: result.expected, expected: result.expected });
  expect(result.size).toBeGreaterThan(500);
});

/** The package as it is published, in one script that defines `cinematica`. */
async function bundle(): Promise<string> {
  // There, the bundler finds the libraries of the package, which npm would install next to it.
  const libraries = new URL('../../packages/client/node_modules/', import.meta.url).pathname;
  const folder = await mkdtemp(join(libraries, '.client-'));
  try {
    await buildClient(folder);
    const result = await build({
      configFile: false,
      logLevel: 'error',
      root: import.meta.dirname,
      build: {
        write: false,
        minify: false,
        lib: { entry: join(folder, 'client/src/index.js'), formats: ['iife'], name: 'cinematica' },
      },
    });
    const [output] = [result].flat();
    if (!output || !('output' in output)) throw new TypeError('the bundler watches instead of building');
    return `${output.output[0].code}\nglobalThis.cinematica = cinematica;`;
  } finally {
    await rm(folder, { recursive: true });
  }
}
