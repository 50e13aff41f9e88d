import { create } from '@bufbuild/protobuf';
import { MediaSchema } from '@cinematica/protocol/v1';
import type { Media } from '@cinematica/protocol/v1';
import { expect, test } from 'vitest';
import { stableMedia } from './stable-media.svelte.ts';

const link = (url: string): Media => create(MediaSchema, { url });

test('keeps the first link when newer ones arrive', () => {
  let newest = $state.raw<Media | undefined>();
  const file = stableMedia(() => newest);
  expect(file.media).toBeUndefined();
  newest = link('/media/1');
  expect(file.media?.url).toBe('/media/1');
  newest = link('/media/2');
  expect(file.media?.url).toBe('/media/1');
});

test('takes the next link after the first one is reported as broken', () => {
  let newest = $state.raw<Media | undefined>(link('/media/1'));
  const file = stableMedia(() => newest);
  expect(file.media?.url).toBe('/media/1');
  expect(file.renewed).toBe(false);
  file.renew();
  newest = link('/media/2');
  expect(file.media?.url).toBe('/media/2');
  expect(file.renewed).toBe(true);
});

test('has no link once the file no longer exists', () => {
  let newest = $state.raw<Media | undefined>(link('/media/1'));
  const file = stableMedia(() => newest);
  expect(file.media?.url).toBe('/media/1');
  newest = undefined;
  expect(file.media).toBeUndefined();
});
