import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Video_State, VideoSchema } from '@cinematica/protocol/v1';
import type { ListVideosRequest } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stubPage } from '../../../test/fake-browser.ts';
import type { FakePage } from '../../../test/fake-browser.ts';
import { fakeGateway } from '../../../test/fake-gateway.ts';
import { createGallery } from './gallery.svelte.ts';

const silentFeed = { subscribe: () => () => undefined };

let page: FakePage;
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  page = stubPage();
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  // The gallery reads the page's visibility once more before it stops.
  await vi.advanceTimersByTimeAsync(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

interface Answer {
  readonly videos: readonly MessageInitShape<typeof VideoSchema>[];
  readonly nextPageToken?: string;
}

const done = (name: string): MessageInitShape<typeof VideoSchema> => ({ name, sequence: 1n, state: Video_State.DONE });
const running = (name: string): MessageInitShape<typeof VideoSchema> => ({ ...done(name), state: Video_State.RUNNING });
const names = (videos: readonly { readonly name: string }[]) => videos.map(({ name }) => name);

/** A gallery whose gateway answers with `list`, and the requests. */
async function openGallery(list: (request: ListVideosRequest, count: number) => Answer | Promise<Answer>) {
  const requests: ListVideosRequest[] = [];
  const api = fakeGateway({
    async listVideos(request) {
      requests.push(request);
      const { videos, nextPageToken = '' } = await list(request, requests.length);
      return { videos: [...videos], nextPageToken };
    },
  });
  const gallery = createGallery(stop.signal, api, () => silentFeed);
  expect(gallery.loaded).toBe(false);
  await vi.waitUntil(() => gallery.loaded || gallery.error !== undefined);
  return { gallery, requests };
}

test('shows the newest videos, and loads older ones', async () => {
  const { gallery, requests } = await openGallery(({ pageToken }) =>
    pageToken === '' ? { videos: [done('d'), done('c')], nextPageToken: 'older' } : { videos: [done('c'), done('b')] },
  );
  expect(names(gallery.videos)).toEqual(['d', 'c']);
  expect(gallery.hasMore).toBe(true);
  const loading = gallery.loadMore();
  expect(gallery.loadingMore).toBe(true);
  await loading;
  expect(gallery.loadingMore).toBe(false);
  expect(names(gallery.videos)).toEqual(['d', 'c', 'b']);
  expect(gallery.hasMore).toBe(false);
  await gallery.loadMore();
  expect(requests.map(({ pageToken }) => pageToken)).toEqual(['', 'older']);
});

test('polls while a video is unfinished, and stops when all are done', async () => {
  const { gallery, requests } = await openGallery((_, count) => ({ videos: [count < 3 ? running('a') : done('a')] }));
  await vi.advanceTimersByTimeAsync(2_000);
  await vi.waitUntil(() => requests.length === 2);
  await vi.advanceTimersByTimeAsync(2_000);
  await vi.waitUntil(() => gallery.videos[0]?.state === Video_State.DONE);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(requests).toHaveLength(3);
});

test('does not poll while the page is hidden', async () => {
  const { requests } = await openGallery(() => ({ videos: [running('a')] }));
  page.setHidden(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(requests).toHaveLength(1);
  page.setHidden(false);
  await vi.waitUntil(() => requests.length === 2);
});

test('reports an error, keeps the videos, and recovers by a retry', async () => {
  const { gallery, requests } = await openGallery((_, count) => {
    if (count === 2) throw new ConnectError('no network', Code.Unavailable);
    return { videos: [done('a')] };
  });
  gallery.refresh();
  await vi.waitUntil(() => gallery.error !== undefined);
  expect(names(gallery.videos)).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(4_000);
  await vi.waitUntil(() => gallery.error === undefined);
  expect(requests).toHaveLength(3);
});

test('fetches the videos again when the network comes back', async () => {
  const { requests } = await openGallery(() => ({ videos: [done('a')] }));
  page.fire('online');
  await vi.waitUntil(() => requests.length === 2);
});

test('a failure to load older videos is reported, and can be retried', async () => {
  const { gallery } = await openGallery(({ pageToken }, count) => {
    if (pageToken === '') return { videos: [done('b')], nextPageToken: 'older' };
    if (count === 2) throw new ConnectError('no network', Code.Unavailable);
    return { videos: [done('a')] };
  });
  await gallery.loadMore();
  expect(gallery.error).toBeDefined();
  expect(gallery.hasMore).toBe(true);
  await gallery.loadMore();
  expect(gallery.error).toBeUndefined();
  expect(names(gallery.videos)).toEqual(['b', 'a']);
});

test('a deleted video disappears, stays away despite an outdated answer, and returns after an undo', async () => {
  const { gallery, requests } = await openGallery(() => ({ videos: [done('b'), done('a')] }));
  gallery.accept(create(VideoSchema, { ...done('a'), sequence: 2n, deleteTime: timestampFromMs(1) }));
  expect(names(gallery.videos)).toEqual(['b']);
  gallery.refresh();
  await vi.waitUntil(() => requests.length === 2);
  await vi.advanceTimersByTimeAsync(0);
  expect(names(gallery.videos)).toEqual(['b']);
  gallery.accept(create(VideoSchema, { ...done('a'), sequence: 3n }));
  expect(names(gallery.videos)).toEqual(['b', 'a']);
  gallery.refresh();
  await vi.waitUntil(() => requests.length === 3);
  await vi.advanceTimersByTimeAsync(0);
  expect(names(gallery.videos)).toEqual(['b', 'a']);
});
