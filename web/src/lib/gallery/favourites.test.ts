import { afterEach, expect, test, vi } from 'vitest';
import { stubPage, stubStorage } from '../../../test/fake-browser.ts';
import { createFavourites } from './favourites.svelte.ts';

afterEach(() => vi.unstubAllGlobals());

test('favourites are remembered, also if the stored text is damaged', () => {
  stubStorage();
  const { signal } = new AbortController();
  const favourites = createFavourites(signal);
  favourites.toggle('videos/1');
  favourites.toggle('videos/2');
  favourites.toggle('videos/1');
  expect([...['videos/1', 'videos/2'].map((name) => createFavourites(signal).has(name))]).toEqual([false, true]);
  stubStorage({ 'cinematica.favourites': '{' });
  expect(createFavourites(signal).size).toBe(0);
});

test('favourites of another tab appear at once', () => {
  stubStorage();
  const page = stubPage();
  const favourites = createFavourites(new AbortController().signal);
  page.fire('storage', { key: 'cinematica.favourites', newValue: '["videos/7"]' });
  expect(favourites.has('videos/7')).toBe(true);
});
