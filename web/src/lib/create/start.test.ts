import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { m } from '#lib/i18n/index.ts';
import { photoFile, stubPhotoDecoding } from '../../../test/fake-browser.ts';
import { DEFAULT_CROP } from './crop.ts';
import { createDrafts } from './draft.svelte.ts';
import type { Drafts } from './draft.svelte.ts';
import { createStart } from './start.svelte.ts';

let end: AbortController;
let drafts: Drafts;

beforeEach(() => {
  end = new AbortController();
  drafts = createDrafts();
  stubPhotoDecoding();
});

afterEach(() => {
  end.abort();
  vi.unstubAllGlobals();
});

test('a chosen photo becomes the draft', async () => {
  const start = createStart(end.signal, drafts);
  expect(await start.openPhoto(photoFile(600, 400))).toBe(true);
  expect(await drafts.load()).toMatchObject({ source: { kind: 'photo', width: 600, height: 400 }, used: false });
});

test('a photo that can’t be opened leaves the draft as it is', async () => {
  const start = createStart(end.signal, drafts);
  await start.openPhoto(photoFile(600, 400));
  expect(await start.openPhoto(new Blob(['hello']))).toBe(false);
  expect(start.problem).toBe(m.create_problem_not_a_photo());
  expect(await drafts.load()).toMatchObject({ source: { width: 600 } });
});

test('a photo that is opened after the page was left changes nothing', async () => {
  const start = createStart(end.signal, drafts);
  const opened = start.openPhoto(photoFile(600, 400));
  end.abort();
  expect([await opened, await drafts.load()]).toEqual([false, undefined]);
});

test('a sample photo that can’t be fetched is a connection problem', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status: 404 })));
  const start = createStart(end.signal, drafts);
  expect(await start.openSample('/lake.jpg')).toBe(false);
  expect(start.problem).toBe(m.common_error_connection());
});

test('a draft that was not used is offered until it is dropped', async () => {
  const start = createStart(end.signal, drafts);
  await start.loadDraft();
  expect(start.draft).toBeUndefined();
  await start.openPhoto(photoFile(600, 400));
  await start.loadDraft();
  expect(start.draft).toMatchObject({ href: '/create', photoUrl: expect.stringMatching(/^blob:/) as string });
  await start.dropDraft();
  expect([start.draft, await drafts.load()]).toEqual([undefined, undefined]);
});

test('a draft from an existing video leads back to it, and a used one is not offered', async () => {
  const start = createStart(end.signal, drafts);
  await drafts.save({ source: { kind: 'motion', name: 'videos/1' }, crop: DEFAULT_CROP, used: false });
  await start.loadDraft();
  expect(start.draft).toEqual({ href: '/create?from=1&motion=more', photoUrl: undefined });
  await start.dropDraft();
  await drafts.save({ source: { kind: 'seed', name: 'videos/1' }, crop: DEFAULT_CROP, used: true });
  await start.loadDraft();
  expect(start.draft).toBeUndefined();
});
